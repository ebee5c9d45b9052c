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
from trainlab.maths import Loss as Entry
from trainlab.spec import Custom, Experiment, Loss, loss_entry, name_of


def loss_name(loss: Loss) -> str:
    """Return the name of a loss; of one's own, that of the function."""
    return loss.function if isinstance(loss, Custom) else name_of(loss)


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """The loss `name` with `settings`, as a function of outputs and targets, both ``[examples, outputs]``.

    `entry` has its formulas; left out, those of trainlab.maths by that name.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    entry: Entry | None = None

    @classmethod
    def of(cls, loss: Loss) -> Objective:
        """Return the objective of an experiment's loss."""
        return cls(name=loss_name(loss), settings=msgspec.structs.asdict(loss), entry=loss_entry(loss))

    @property
    def formula(self) -> str:
        """The loss and its derivative."""
        return self._entry.formula

    def value(self, outputs: Array, targets: Array) -> float:
        """Return the loss."""
        return self._entry.value(outputs, targets, **self.settings)

    def gradient(self, outputs: Array, targets: Array) -> Array:
        """Return ∂L/∂outputs ``[examples, outputs]``."""
        return self._entry.gradient(outputs, targets, **self.settings)

    def kinks(self, outputs: Array, targets: Array) -> Array | None:
        """Return what is 0 at a kink of the loss, with a sign on each side; None where it has none."""
        return None if self._entry.kinks is None else self._entry.kinks(outputs, targets, **self.settings)

    def per_example(self, outputs: Array, targets: Array) -> Array:
        """Return ∂L/∂outputs ``[examples, outputs]`` where each example has a loss of its own."""
        return self.gradient(outputs, targets) * len(outputs)

    @property
    def _entry(self) -> Entry:
        return LOSSES[self.name] if self.entry is None else self.entry


def examples_loss(experiment: Experiment, layers: Sequence[Layer]) -> float:
    """Return the loss with these layers."""
    data = experiment.data()
    return Objective.of(experiment.loss).value(forward(layers, data.inputs)[-1].outputs, data.targets)


def examples_gradients(experiment: Experiment, layers: Sequence[Layer]) -> tuple[LayerGradient, ...]:
    """Return the gradients of that loss, first layer first."""
    data = experiment.data()
    passes = forward(layers, data.inputs)
    slopes = Objective.of(experiment.loss).gradient(passes[-1].outputs, data.targets)
    return backward(layers, passes, slopes)
