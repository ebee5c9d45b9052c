# pyright: basic
"""What single calls tell: activations, arguments of layers, right answers counted, and where a NaN began."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.events import (
    BatchNorm,
    Dropout,
    DropoutInEval,
    FirstInput,
    Miscounted,
    NonFiniteData,
)
from trainlab.diagnosis.observed.record import ActivationRecord, Op
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.reading import are_readable
from trainlab.diagnosis.probe.tensor_registry import KEY, kind_of
from trainlab.diagnosis.torch_private import functions

# Shares of silent and of saturated units, at each place where a non-linear function is called.


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


# Layers whose arguments tell something: batch-norm's batch, dropout's probability, a first layer's input.


_TAKES_DATA = frozenset(("linear", "conv1d", "conv2d", "conv3d"))
DROPOUTS = frozenset(("dropout", "dropout1d", "dropout2d", "alpha_dropout"))
LAYERS = _TAKES_DATA | DROPOUTS | {"batch_norm"}


class Layers:
    """Records such arguments, with the operation or as an event."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state

    def hear(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Read the arguments of one call."""
        if name in _TAKES_DATA:
            self._what_enters(args, op)
        elif name == "batch_norm":
            if out.dim() > 1 and _given(args, kwargs, 5, "training", False):
                values = out.numel() // max(1, out.shape[1])
                event = self.state.seen(BatchNorm(site=op.site, module=op.module, values=values))
                event.calls += 1
                event.small += values <= 4
                event.values = min(event.values, values)
                if _given(args, kwargs, 1, "running_mean", None) is not None:
                    event.momentum = max(event.momentum, float(_given(args, kwargs, 6, "momentum", 0.1)))
        elif name in DROPOUTS:
            share = float(_given(args, kwargs, 1, "p", 0.5))
            op.dropout = share if _given(args, kwargs, 2, "training", True) else 0.0
            if op.dropout:
                self.state.seen(Dropout(site=op.site, module=op.module, p=share))

    def _what_enters(self, args: tuple[Any, ...], op: Op) -> None:
        """Measure what enters a first layer: its size, and how its features' scales differ."""
        entered = args[0] if args else None
        if not isinstance(entered, torch.Tensor) or entered.requires_grad or self.state.record.tick > 3:
            return
        if not entered.is_floating_point() or entered.dim() < 2 or not 2 <= entered.numel() <= 4_000_000:
            return
        values = entered.detach().float()
        spread = values.reshape(-1, values.shape[-1] if op.name == "linear" else 1).std(0, unbiased=False)
        live = spread[spread > 1e-9]
        ratio = live.max() / live.min() if live.numel() else spread.max() * 0
        event = self.state.seen(FirstInput(module=op.module))

        def keep(got: list[float]) -> None:
            event.size, event.ratio = got

        self.state.deferred.read(functions.stack([values.abs().mean(), ratio]), keep)

    def dropout_while_judging(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Dropout is active in an evaluation, although the module that calls it is in eval mode."""
        share = float(_given(args, kwargs, 1, "p", 0.5))
        active = bool(_given(args, kwargs, 2, "training", True))
        state = self.state
        if not active or not share > 0 or not state.modules:
            return
        network, caller = state.modules[0], state.modules[-1]
        made_anew = caller.training and not network.training and _is_outside(caller, network)
        if made_anew or not caller.training:
            event = DropoutInEval(site=user_site(), module=state.module_path(), p=share, made_anew=made_anew)
            state.seen(event, training=state.trainings.judged)


def _is_outside(module: nn.Module, network: nn.Module) -> bool:
    return not any(module is one for one in reading.parts(network))


def _given(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)


# How right answers are counted: from the largest output and the comparison with targets to a share.


_COMPARED = frozenset(("eq", "__eq__"))
_ADDED = frozenset(("add", "add_", "__add__", "__radd__", "__iadd__"))
_REDUCED = frozenset(("sum", "mean", "count_nonzero"))
_CAST = frozenset(("float", "double", "to", "type", "int", "long", "cpu", "detach"))
_DIVIDED = frozenset(("floor_divide", "__floordiv__", "div", "divide"))
COUNTED = _COMPARED | _ADDED | _REDUCED | _CAST | _DIVIDED | {"argmax", "round"}
MAX_KEPT = 64


class CountedAnswers:
    """Follows what becomes of comparisons outside of modules; keeps no tensor alive."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._largest: dict[int, weakref.ref[torch.Tensor]] = {}
        self._of_one: dict[int, weakref.ref[torch.Tensor]] = {}
        self._compared: dict[int, weakref.ref[torch.Tensor]] = {}
        self._counts: dict[int, weakref.ref[torch.Tensor]] = {}
        self._squares: dict[int, weakref.ref[torch.Tensor]] = {}
        self._rounded: dict[int, weakref.ref[torch.Tensor]] = {}

    def hear(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor) -> None:
        """A function of such a name was called by the user's own code."""
        if self.state.modules or not args or not isinstance(args[0], torch.Tensor):
            return
        first = args[0]
        if name == "argmax":
            by_row = len(args) > 1 or kwargs.get("dim") is not None
            if not by_row and first.dim() > 1 and first.shape[0] > 1 and not first.is_nested:
                _keep(self._largest, out)
            self.chosen(args, kwargs, out)
        elif name == "round":
            _keep(self._rounded, out)
        elif name in _COMPARED:
            self._compare(args, out)
        elif name in _REDUCED:
            if out.dim() == 0 and _holds(self._compared, first) and name != "mean":
                _keep(self._counts, out)
            if out.dim() == 0 and _holds(self._squares, first):
                self._seen("broadcast")
        elif name in _CAST:
            for kept in (self._compared, self._squares, self._counts, self._rounded):
                if _holds(kept, first):
                    _keep(kept, out)
        elif name in _ADDED:
            if out.dim() == 0 and any(_holds(self._counts, one) for one in args):
                _keep(self._counts, out)
        elif _holds(self._counts, first) and _is_whole(name, kwargs, out):
            event = self._seen("floor")
            self.state.deferred.read(out, lambda got: _largest(event, got[0]))

    def chosen(self, args: tuple[Any, ...], kwargs: dict[str, Any], places: torch.Tensor) -> None:
        """The places of the largest along an axis were asked for: where that has one place, all are 0."""
        outputs, axis = args[0] if args else kwargs.get("input"), _given(args, kwargs, 1, "dim", None)
        if self.state.modules or not isinstance(outputs, torch.Tensor) or not isinstance(axis, int):
            return
        shape = outputs.shape
        if len(shape) > 1 and shape[axis] == 1 and shape[0] > 1:
            _keep(self._of_one, places)

    def _compare(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        if len(args) < 2 or not isinstance(args[1], torch.Tensor):
            return
        _keep(self._compared, out)
        first, second = args[:2]
        for one, other in ((first, second), (second, first)):
            if one.dim() == 0 and other.numel() > 1 and _holds(self._largest, one):
                self._seen("argmax")
            if _holds(self._of_one, one) and are_readable([other]) and bool((other != other.min()).any()):
                self._seen("one column")
            if _holds(self._rounded, one) and are_readable([one, other]) and _are_yes_or_no(other):
                beyond = float(((one != 0) & (one != 1)).float().mean())
                if beyond:
                    _largest(self._seen("rounded"), beyond)
        rows = out.shape[0] if out.dim() else 0
        shapes = {tuple(first.shape), tuple(second.shape)}
        if rows > 1 and shapes == {(rows, 1), (rows,)} and are_readable([first, second]):
            flat = first.reshape(-1), second.reshape(-1)
            places = functions.arange(rows, device=first.device)
            if first.device.type == "cpu" and not _any_alike(*flat, places):
                _keep(self._squares, out)

    def _seen(self, kind: str) -> Miscounted:
        return self.state.seen(Miscounted(site=user_site(), kind=kind), key=kind)


def _any_alike(first: torch.Tensor, second: torch.Tensor, places: torch.Tensor) -> bool:
    """Whether rows are compared with each other, or with their places: a table is wanted then."""
    return bool((first == second).all() or (first == places).all() or (second == places).all())


def _are_yes_or_no(targets: torch.Tensor) -> bool:
    return bool(((targets == 0) | (targets == 1)).all()) and bool((targets != targets.min()).any())


def _is_whole(name: str, kwargs: dict[str, Any], out: torch.Tensor) -> bool:
    rounded = name not in ("div", "divide") or kwargs.get("rounding_mode") is not None
    return rounded and out.dim() == 0 and not out.is_floating_point()


def _largest(event: Miscounted, value: float) -> None:
    event.largest = max(event.largest, value)


def _keep(kept: dict[int, weakref.ref[torch.Tensor]], tensor: torch.Tensor) -> None:
    if len(kept) >= MAX_KEPT:
        for key in [key for key, one in kept.items() if one() is None]:
            del kept[key]
    if len(kept) < MAX_KEPT:
        kept[id(tensor)] = weakref.ref(tensor)


def _holds(kept: dict[int, weakref.ref[torch.Tensor]], tensor: Any) -> bool:
    known = kept.get(id(tensor))
    return known is not None and known() is tensor


# Which operation made the first number that isn't finite, or came near a singularity of its function.


_MASKS = frozenset(
    ("masked_fill", "masked_fill_", "full", "full_like", "where", "triu", "tril", "__setitem__",
     "__getitem__", "fill_")
)  # fmt: skip
SINGULAR = frozenset(
    ("sqrt", "log", "norm", "pow", "__pow__", "div", "__truediv__", "true_divide", "rsqrt", "log2", "log10",
     "reciprocal", "std", "atan2", "__rtruediv__")
)  # fmt: skip
MAX_CHECKED, MOST_CHECKED = 4_000_000, 200
"""Calls that are looked at before the first step, and values of each."""
_SAVED = ("_saved_self", "_saved_result", "_saved_other", "_saved_exponent")


def enter_origin(state: ProbeState, name: str, args: Sequence[Any], out: torch.Tensor) -> None:
    """Enter a call before the training that made the first NaN or infinity out of numbers."""
    given = [one for one in args if isinstance(one, torch.Tensor)]
    known = not given or not out.is_floating_point() or out.device.type != "cpu" or out.is_sparse
    if known or not 1 < out.numel() <= MAX_CHECKED or math.isfinite(float(out.detach().float().sum())):
        return
    if all(math.isfinite(float(one.detach().float().sum())) for one in given if not one.is_sparse):
        near = min(float(one.detach().float().abs().min()) for one in given if one.numel())
        share = float((~functions.isfinite(out)).float().mean())
        state.seen(NonFiniteData(site=user_site(), module="", name=name, nearest=near, share=share))


def first_nonfinite(ops: Sequence[Op]) -> Op | None:
    """Return the first operation with a NaN or an infinity in its output; masks are made of infinities."""
    for op in ops:
        if not math.isfinite(op.total) and op.name not in _MASKS:
            return op
    return None


def nearest_singularity(ops: Sequence[Op]) -> Op | None:
    """Return the last operation whose input touched zero, where its derivative is infinite."""
    found = [op for op in ops if _has_a_pole(op) and op.nearest < 1e-12]
    return found[-1] if found else None


def near_singularities(ops: Sequence[Op]) -> list[Op]:
    """Return the operations whose input came near zero, where their derivative is infinite."""
    return [op for op in ops if _has_a_pole(op) and op.nearest < 1e-3]


def _has_a_pole(op: Op) -> bool:
    """Whether an operation or its derivative is infinite at 0: a square's isn't."""
    is_smooth = op.name in ("pow", "__pow__") and op.scalar is not None and op.scalar >= 1
    return op.name in SINGULAR and not is_smooth


def saved_nonfinite(loss: torch.Tensor, *, most: int = 2_000) -> tuple[str, int]:
    """Return the kind of the node furthest from the loss that saved a NaN, an infinity or a log of 0. With it
    comes its place in the order of `walk`; an empty word and -1 if there is none.
    """
    start: Any = loss.grad_fn
    if start is None:
        return "", -1
    queue, met, found = [start], {start}, ("", -1)
    for place, node in enumerate(queue):
        for name in _SAVED:
            try:
                saved = getattr(node, name, None)
            except RuntimeError:
                continue  # freed, or overwritten in place
            if isinstance(saved, torch.Tensor) and saved.is_floating_point() and saved.numel():
                whole = bool(functions.isfinite(saved).all())
                pole = kind_of(node) in ("Log", "Sqrt", "Rsqrt", "Log2", "Log10") and bool((saved <= 0).any())
                if not whole or pole:
                    found = kind_of(node).lower(), place
        for parent, _ in node.next_functions:
            if parent is not None and parent not in met and len(queue) < most:
                met.add(parent)
                queue.append(parent)
    return found
