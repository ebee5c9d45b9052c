# pyright: basic
"""Trainings without an optimizer: weights that the user's own code moves after each backward pass."""

from __future__ import annotations

from typing import Any

import torch

from trainlab.diagnosis.observed.events import StepsByHand
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.probe.parameter_values import sample_of
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import as_floats, readable
from trainlab.diagnosis.torch_private import functions

MAX_WATCHED, MAX_COMPARED = 8, 512


class Manual:
    """Compares a few weights and gradients between backward passes until an optimizer is stepped."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._watched: dict[int, torch.Tensor] = {}
        self._first: dict[int, torch.Tensor] = {}
        self._grads: dict[int, Any] = {}
        self.record: OptimizerRecord | None = None

    def reached(self, keys: set[int]) -> None:
        """The loss depends on these parameters."""
        for key in keys:
            tensor = self.state.registry.tensor(key)
            values = None if tensor is None else readable(tensor)
            if values is None:
                continue
            if len(self._watched) < MAX_WATCHED and key not in self._watched:
                self._watched[key] = sample_of(values)
            if self.state.record.optimizers:
                self._compare(key, values)

    def _compare(self, key: int, values: torch.Tensor) -> None:
        """Note that a parameter moves which no optimizer has, where other trainings have one."""
        told = self.state.record.params[key]
        if told.moved is True or told.optimizers:
            self._first.pop(key, None)
        elif key in self._first:
            told.moved = True if not functions.equal(self._first[key], sample_of(values)) else told.moved
        elif len(self._first) < MAX_COMPARED:
            self._first[key] = sample_of(values)

    def before_backward(self) -> None:
        """Have the weights moved since the last backward pass, and are its gradients still there?"""
        state = self.state
        if state.record.backwards == 0 or state.record.optimizers or not state.sampling:
            if state.record.backwards and not state.record.optimizers:
                state.boundary(by_hand=True)
            return
        moved = stale = False
        for key, old in self._watched.items():
            tensor = state.registry.tensor(key)
            values = None if tensor is None else readable(tensor)
            if tensor is None or values is None:
                continue
            now = sample_of(values)
            if not functions.equal(now, old):
                moved = True
                self._watched[key] = now
                told = state.record.params[key]
                change, size = (as_floats(part).square().mean().sqrt() for part in (now - old, old))
                told.ticks.append(state.record.tick)
                told.update.append(float(change) / max(float(size), 1e-30))
                told.moved = True
            stale = stale or (tensor.grad is not None and bool(tensor.grad.detach().any()))
        if moved:
            self._step(stale)
        state.boundary(by_hand=True)

    def _step(self, stale: bool) -> None:
        if self.record is None:
            self.record = OptimizerRecord(-1, "by hand", None, list(self._watched), {})
        self.record.steps += 1
        self.record.checked += 1
        self.record.stale += stale
        event = self.state.seen(StepsByHand())
        event.steps, event.stale = self.record.steps, self.record.stale
