# pyright: basic
"""Steps of optimizers that have begun and not ended: one may be made within another."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch.optim import Optimizer

from trainlab.diagnosis.torch_private import steps_on_the_stack


@dataclass(slots=True)
class RunningStep:
    """A step that has begun: weights before it, and whether its gradients are yet to be made by a closure."""

    optimizer: Callable[[], Optimizer | None]
    is_part: bool
    before: list[tuple[int, torch.Tensor]] = field(default_factory=list[tuple[int, torch.Tensor]])
    awaited: bool = False


class RunningSteps:
    """The outermost first."""

    def __init__(self) -> None:
        self._steps: list[RunningStep] = []

    def begin(self, optimizer: Optimizer, parameters: list[torch.Tensor]) -> RunningStep:
        """Enter a step; one in a step of the same weights is part of it, as of a subclass its parent's is."""
        if self._steps:
            del self._steps[steps_on_the_stack() - 1 :]  # these raised, and never ended
        outer = (step.optimizer() for step in self._steps)
        is_part = any(_ids(parameters) <= _ids(parameters_of(one)) for one in outer if one is not None)
        step = RunningStep(weakref.ref(optimizer), is_part)
        self._steps.append(step)
        return step

    def end(self, optimizer: Optimizer) -> RunningStep | None:
        """Take out a step, with what was begun in it and never ended; None if it was never entered."""
        for place in reversed(range(len(self._steps))):
            step = self._steps[place]
            if step.optimizer() is optimizer:
                del self._steps[place:]
                return step
        return None


def parameters_of(optimizer: Optimizer) -> list[torch.Tensor]:
    """Return the tensors of all groups."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _ids(tensors: list[torch.Tensor]) -> set[int]:
    return {*map(id, tensors)}
