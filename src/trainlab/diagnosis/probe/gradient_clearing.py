# pyright: basic
"""Whether gradients are cleared between one step and the next; read off the gradients themselves."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.optim import Optimizer

from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import readable
from trainlab.diagnosis.torch_private import version_of

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
