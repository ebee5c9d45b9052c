# pyright: basic
"""Gradients that never reach a step: lost, cleared too early, or between small batches."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import site_of, user_frames, user_site
from trainlab.diagnosis.probe.parameter_values import sample_of
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.reading import readable
from trainlab.diagnosis.torch_private import vector_norm, version_of

# Gradients that a backward pass made and no step used: cleared too early; and clipping at the wrong time.


MAX_LOOKED_AT = 3
MAX_PASSES = 1_024
MEASURES = 1e6
"""So large a limit clips nothing: the norm is wanted."""


@dataclass(slots=True)
class _Since:
    """The backward passes since an optimizer's last step, by their lines: not cleared yet, and cleared.

    The lines are all on the way to a call: of a function that is called for two things, as a step and an
    attack, or both steps of SAM, the innermost is the same. `made` is a part of the gradient that the last
    of them left.
    """

    waiting: list[tuple[Site, ...]] = field(default_factory=list[tuple[Site, ...]])
    lost: list[tuple[Site, ...]] = field(default_factory=list[tuple[Site, ...]])
    cleared_at: Site | None = None
    made: torch.Tensor | None = None

    @property
    def passes(self) -> int:
        return len(self.waiting) + len(self.lost)


class LostGradients:
    """Counts calls between one step and the next; which gradients are there is looked up, not assumed."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._since: weakref.WeakKeyDictionary[Optimizer, _Since] = weakref.WeakKeyDictionary()
        self.records: weakref.WeakKeyDictionary[Optimizer, OptimizerRecord] = weakref.WeakKeyDictionary()
        self.scaler: Any = None
        """What has scaled a loss, until it unscales gradients."""

    def met(self, optimizer: Optimizer, record: OptimizerRecord) -> None:
        """An optimizer is there to be watched."""
        self.records[optimizer] = record
        self._since[optimizer] = _Since()

    def before_backward(self) -> None:
        """A backward pass begins: it makes gradients for the optimizers of its training."""
        lines = tuple(site_of(frame.f_code, frame.f_lineno) for frame in user_frames())
        for optimizer, since in self._since.items():
            if since.passes < MAX_PASSES and all(
                map(self.state.trainings.has, self.records[optimizer].params[:1])
            ):
                since.waiting.append(lines)

    def after_backward(self) -> None:
        """Keep a part of the gradient, in the steps that are looked at."""
        for optimizer, since in self._since.items():
            since.made = _part(optimizer)

    def around_clearing(self, original: Any, owner: Any, *args: Any, **kwargs: Any) -> Any:
        """Look before ``zero_grad``, of an optimizer or of a network."""
        self._cleared(owner)
        return original(owner, *args, **kwargs)

    @guarded
    def _cleared(self, owner: Any) -> None:
        for optimizer, since in self._since.items():
            if not since.waiting:
                continue
            some = _some(optimizer)
            if owner is not optimizer and not (isinstance(owner, nn.Module) and _has(owner, some)):
                continue
            if any(one.grad is not None for one in some):
                since.lost += since.waiting
                since.waiting = []
                since.cleared_at = user_site()

    def step(self, optimizer: Optimizer, record: OptimizerRecord) -> None:
        """A step: of the passes before it, which does it use?"""
        since, self._since[optimizer] = self._since.get(optimizer), _Since()
        if since is None or not self.state.sampling or not since.passes:
            return
        record.looked_back += 1
        if since.waiting:
            lines = since.waiting[-1]
            lost = sum(one == lines for one in since.lost)
            if lost and _is_as_made(since.made, _part(optimizer)):
                record.steps_after_lost += 1
                record.lost_passes += lost
                record.clear_site = record.clear_site or since.cleared_at
        elif all(_is_gone(one) for one in _some(optimizer)):
            record.cleared_early += 1
            record.clear_site = record.clear_site or since.cleared_at

    def forget(self, optimizer: Optimizer) -> None:
        """A step that wasn't seen."""
        self._since[optimizer] = _Since()

    @guarded
    def clipped(self, limit: Any) -> None:
        """Gradients are clipped: are there any that the next step will use? Told of a single optimizer."""
        if len(self.records) != 1 or (isinstance(limit, int | float) and limit >= MEASURES):
            return
        ((optimizer, record),) = self.records.items()
        record.clips += 1
        vain, scaled = not self._since[optimizer].passes, self.scaler is not None
        record.clips_in_vain += vain
        record.clips_scaled += scaled
        if scaled and self.state.sampling:
            record.scale = float(self.scaler.get_scale())
        if vain or scaled:
            record.clip_site = record.clip_site or user_site()


def _some(optimizer: Optimizer) -> list[torch.Tensor]:
    trained = (one for group in optimizer.param_groups for one in group["params"] if one.requires_grad)
    return list(islice(trained, MAX_LOOKED_AT))


def _has(module: nn.Module, parameters: list[torch.Tensor]) -> bool:
    first = parameters[0] if parameters else None
    return any(one is first for one in reading.parameters(module))


def _is_gone(parameter: torch.Tensor) -> bool:
    grad = parameter.grad
    return grad is None or (readable(grad) is grad and not bool(grad.detach().any()))


def _part(optimizer: Optimizer) -> torch.Tensor | None:
    """Return some values of the first gradient; None on a device, where they would have to be waited for."""
    for one in _some(optimizer):
        grad = one.grad
        if grad is not None:
            plain = readable(grad) is grad and grad.device.type == "cpu" and not grad.is_sparse
            return sample_of(grad) if plain else None
    return None


def _is_as_made(made: torch.Tensor | None, used: torch.Tensor | None) -> bool:
    """Whether a step uses what the last pass made, but for its scale, and nothing put together by hand."""
    if made is None or used is None or made.shape != used.shape:
        return False
    made, used = made.double(), used.double()
    both = float(vector_norm(made) * vector_norm(used))
    return both > 0 and float((made * used).sum()) > 0.9999 * both


# Whether gradients are cleared between one step and the next; read off the gradients themselves.


MAX_WATCHED = 3


@dataclass(slots=True)
class _State:
    """The gradients that an optimizer's last step used and nobody has cleared yet."""

    used: list[tuple[Any, Any, float]] = field(default_factory=list[tuple[Any, Any, float]])
    stale: bool = False
    backwards: int = 0


class Clearing:
    """A gradient is stale when a step has used it, it isn't cleared, and backward adds to it.

    ``zero_grad``, ``p.grad = None``, ``p.grad.zero_()`` and ``p.grad.data.zero_()`` all clear: the values
    are compared, at the ticks that are looked at.
    """

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._states: weakref.WeakKeyDictionary[Optimizer, _State] = weakref.WeakKeyDictionary()
        self.backwards_since_step = 0

    def stepped(self, optimizer: Optimizer) -> None:
        """Remember the gradients that a step has used."""
        if not self.state.sampling:
            self._states.pop(optimizer, None)
            return
        state = _State()
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                grad = parameter.grad
                if grad is not None and readable(grad) is grad and len(state.used) < MAX_WATCHED:
                    size = float(grad.detach().abs().sum()) if grad.device.type == "cpu" else float("nan")
                    if size != 0.0:
                        state.used.append((weakref.ref(parameter), version_of(grad), size))
        self._states[optimizer] = state
        self.backwards_since_step = 0

    def forget(self, optimizer: Optimizer) -> None:
        """Forget the gradients: those of a step weren't seen."""
        self._states.pop(optimizer, None)
        self.backwards_since_step = 0

    def before_backward_now(self) -> None:
        """Are the gradients of the last step still there?"""
        self.backwards_since_step += 1
        for state in self._states.values():
            if state.used and not state.backwards:
                state.stale = all(self._still_there(*entry) for entry in state.used)
                state.backwards += 1
            elif state.used and state.stale and self._cleared_since(state):
                state.stale = False

    def _still_there(self, reference: Any, written: int, size: float) -> bool:
        parameter = reference()
        grad = None if parameter is None else parameter.grad
        if grad is None or version_of(grad) != written:
            return False
        if size != size:  # on a device, where the sum wasn't fetched
            return bool(grad.detach().any())
        return float(grad.detach().abs().sum()) == size

    def _cleared_since(self, state: _State) -> bool:
        for reference, _, _ in state.used:
            parameter = reference()
            grad = None if parameter is None else parameter.grad
            if grad is None or (grad.device.type == "cpu" and not bool(grad.detach().any())):
                return True
        return False

    def step(self, optimizer: Optimizer, record: OptimizerRecord, parameters: list[torch.Tensor]) -> None:
        """A step: it is stale if its gradients were added to those that the step before had used."""
        state = self._states.get(optimizer)
        if state is None or not state.used or not state.backwards:
            return
        record.checked += 1
        if state.stale and not self._cleared_since(state):
            record.stale += 1
