"""A loss with its settings, as a function of outputs and targets, both ``[examples, outputs]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from trainlab.explain.network_pass import Array
from trainlab.maths import LOSSES
from trainlab.spec import Loss, name_of


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
