# pyright: basic
"""Trainings without an optimizer: weights that the user's own code moves after each backward pass."""

from __future__ import annotations

from typing import Any

import torch

from trainlab.diagnosis.probe.core import Core
from trainlab.diagnosis.probe.readable import as_floats, readable
from trainlab.diagnosis.probe.values import sample_of
from trainlab.diagnosis.seen import OptimizerSeen

MAX_WATCHED = 8


class Manual:
    """Compares a few weights and gradients between backward passes until an optimizer is stepped."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._watched: dict[int, torch.Tensor] = {}
        self._grads: dict[int, Any] = {}
        self.seen: OptimizerSeen | None = None

    def reached(self, keys: set[int]) -> None:
        """The loss depends on these parameters."""
        for key in keys:
            tensor = self.core.book.tensor(key)
            values = None if tensor is None else readable(tensor)
            if values is not None and len(self._watched) < MAX_WATCHED and key not in self._watched:
                self._watched[key] = sample_of(values)

    def before_backward(self) -> None:
        """Have the weights moved since the last backward pass, and are its gradients still there?"""
        core = self.core
        if core.seen.backwards == 0 or core.seen.optimizers or not core.sampling:
            if core.seen.backwards and not core.seen.optimizers:
                core.boundary()
            return
        moved = stale = False
        for key, old in self._watched.items():
            tensor = core.book.tensor(key)
            values = None if tensor is None else readable(tensor)
            if tensor is None or values is None:
                continue
            now = sample_of(values)
            if not torch.equal(now, old):
                moved = True
                self._watched[key] = now
                told = core.seen.params[key]
                change, size = (as_floats(part).square().mean().sqrt() for part in (now - old, old))
                told.ticks.append(core.seen.tick)
                told.update.append(float(change) / max(float(size), 1e-30))
                told.moved = True
            stale = stale or (tensor.grad is not None and bool(tensor.grad.detach().any()))
        if moved:
            self._step(stale)
        core.boundary()

    def _step(self, stale: bool) -> None:
        if self.seen is None:
            self.seen = OptimizerSeen(-1, "by hand", None, list(self._watched), {})
        self.seen.steps += 1
        self.seen.checked += 1
        self.seen.stale += stale
        event = self.core.event("steps_by_hand", None)
        event.facts.update(steps=self.seen.steps, stale=self.seen.stale)
