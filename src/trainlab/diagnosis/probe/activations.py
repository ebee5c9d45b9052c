# pyright: basic
"""Shares of silent and of saturated units, at each place where a non-linear function is called."""

from __future__ import annotations

from typing import Any

import torch

from trainlab.diagnosis.observed.record import ActivationRecord, Op
from trainlab.diagnosis.probe.graph_walk import KEY
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.torch_private import functions

_SILENT = frozenset(("relu", "relu_", "relu6", "threshold", "clamp", "clamp_min"))
_BOUNDED = frozenset(("tanh", "tanh_", "sigmoid", "sigmoid_", "hardtanh", "hardsigmoid"))
ACTIVATIONS = _SILENT | _BOUNDED
MAX_PLACES = 400
MAX_ELEMENTS = 2_000_000
WINDOW = 20
_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose2d", "batch_norm", "max_pool2d")


class Activations:
    """One entry for each module path, line and feeding layer."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._known: dict[tuple[Any, ...], ActivationRecord] = {}
        self._awake: dict[int, torch.Tensor] = {}
        self._turns: dict[int, int] = {}
        state.trainings.at_union.append(self._united)

    def hear(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Measure one call: which units of a ReLU are 0, how many values of a tanh are at an end."""
        if (
            out.numel() == 0
            or out.numel() > MAX_ELEMENTS
            or not args
            or not isinstance(args[0], torch.Tensor)
        ):
            return
        if name in ("clamp",) and not _is_relu_like(args, kwargs):
            return
        feeder = _feeder(out)
        channels_first = out.dim() >= 3 and feeder is not None and feeder.name in _CONVOLUTIONS
        units = out.shape[1] if channels_first else out.shape[-1] if out.dim() else 1
        label = feeder.module if feeder is not None else ""
        training = self.state.trainings.now
        key = (training, op.module, op.site, label, name, units)
        record = self._known.get(key)
        if record is None:
            if len(self._known) >= MAX_PLACES:
                return
            record = ActivationRecord(name, op.place, op.module, op.site, label, units, training=training)
            self._known[key] = record
            self.state.record.activations.append(record)
        op.activation = self.state.record.activations.index(record)
        if record.ticks and record.ticks[-1] == self.state.record.tick:
            return  # a layer used several times in a step: its first use is measured
        record.ticks.append(self.state.record.tick)
        values = out.detach().float()
        by_unit = values.flatten(2).movedim(1, 0) if channels_first else values.reshape(-1, units).T
        if name in _SILENT:
            self._silent(record, by_unit)
        else:
            self._bounded(record, by_unit, args[0], name)

    def _united(self, training: int, other: int) -> None:
        for place in [place for place in self._known if place[0] == other]:
            self._known.setdefault((training, *place[1:]), self._known.pop(place))

    def _silent(self, record: ActivationRecord, by_unit: torch.Tensor) -> None:
        # The largest: PyTorch finds it some 20 times faster than whether any is above 0. NaN is no silence.
        awake = ~(by_unit.amax(tuple(range(1, by_unit.dim()))) <= 0)
        key = id(record)
        turn = self._turns.get(key, 0)
        window = awake if turn % WINDOW == 0 else self._awake[key] | awake
        self._awake[key] = window
        self._turns[key] = turn + 1
        complete = turn % WINDOW == WINDOW - 1
        shares = functions.stack([1 - awake.float().mean(), 1 - window.float().mean()])

        def keep(got: list[float]) -> None:
            record.silent.append(got[0])
            if complete:
                record.window_silent.append(got[1])

        self.state.deferred.read(shares, keep)

    def _bounded(
        self, record: ActivationRecord, by_unit: torch.Tensor, given: torch.Tensor, name: str
    ) -> None:
        low, high = (0.01, 0.99) if "sigmoid" in name else (-0.99, 0.99)
        outside = ((by_unit < low) | (by_unit > high)).float().mean()
        # In place, what was given is gone.
        before = by_unit.flatten(1).std(1, unbiased=False) if "_" in name else given.detach().float().abs()

        def keep(got: list[float]) -> None:
            record.saturated.append(got[0])
            record.before.append(got[1])

        self.state.deferred.read(functions.stack([outside, before.mean()]), keep)


def _is_relu_like(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    low = args[1] if len(args) > 1 else kwargs.get("min")
    high = args[2] if len(args) > 2 else kwargs.get("max")
    return low == 0 and high is None


def _feeder(out: torch.Tensor) -> Op | None:
    """Return the operation that made an activation's input, also where that was overwritten in place."""
    node: Any = out.grad_fn
    parents = () if node is None else node.next_functions
    op = parents[0][0].metadata.get(KEY) if parents and parents[0][0] is not None else None
    return op if isinstance(op, Op) else None
