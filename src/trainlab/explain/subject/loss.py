"""A loss with its settings, and an experiment's own over all the examples that it is trained on.

The latter without its penalty; dropout and noise, as in evaluation, do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from trainlab.engine.network_pass import Array, Layer, LayerGradient, backward, forward
from trainlab.maths import LOSSES
from trainlab.spec import Experiment, Loss, loss_entry, name_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """The loss `name` of trainlab.maths with `settings`."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, loss: Loss) -> Objective:
        """Return the objective of an experiment's loss."""
        return cls(name=name_of(loss), settings=msgspec.structs.asdict(loss))

    @property
    def formula(self) -> str:
        """The loss and its derivative."""
        return LOSSES[self.name].formula

    def value(self, outputs: Array, targets: Array) -> float:
        """Return the loss."""
        return LOSSES[self.name].value(outputs, targets, **self.settings)

    def gradient(self, outputs: Array, targets: Array) -> Array:
        """Return ∂L/∂outputs ``[examples, outputs]``."""
        return LOSSES[self.name].gradient(outputs, targets, **self.settings)

    def per_example(self, outputs: Array, targets: Array) -> Array:
        """Return ∂L/∂outputs ``[examples, outputs]`` where each example has a loss of its own."""
        return self.gradient(outputs, targets) * len(outputs)


def examples_loss(experiment: Experiment, layers: Sequence[Layer]) -> float:
    """Return the loss with these layers."""
    data = experiment.data()
    outputs = forward(layers, data.inputs)[-1].outputs
    settings = msgspec.structs.asdict(experiment.loss)
    return loss_entry(experiment.loss).value(outputs, data.targets, **settings)


def examples_gradients(experiment: Experiment, layers: Sequence[Layer]) -> tuple[LayerGradient, ...]:
    """Return the gradients of that loss, first layer first."""
    data = experiment.data()
    passes = forward(layers, data.inputs)
    settings = msgspec.structs.asdict(experiment.loss)
    slopes = loss_entry(experiment.loss).gradient(passes[-1].outputs, data.targets, **settings)
    return backward(layers, passes, slopes)
