"""The loss over all the examples trained on, as a function of a row of parameters, with its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import layers_from
from trainlab.explain.subject.loss import examples_gradients, examples_loss
from trainlab.maths import penalise, penalty_value
from trainlab.spec import Experiment
from trainlab.tasks import Task

Array = npt.NDArray[np.float64]

STEP = 6e-6
"""The cube root of the float64 rounding, where a central difference errs least."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FullLoss:
    """Loss, gradient and curvature of an experiment at parameters ``[P]``, in float64; its penalty included.

    Dropout and noise, as in evaluation, do nothing.
    """

    experiment: Experiment
    task: Task
    weights: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, experiment: Experiment) -> FullLoss:
        """Return the loss of an experiment."""
        weights = np.zeros(experiment.network.parameters, dtype=np.bool_)
        for layer in layers_of(experiment.network):
            weights[layer.weights] = True
        return cls(experiment=experiment, task=experiment.data(), weights=weights)

    def value(self, parameters: Array) -> float:
        """Return the loss."""
        loss = examples_loss(self.experiment, layers_from(self.experiment.network, parameters))
        penalty = self.experiment.penalty
        return loss + float(penalty_value(parameters, self.weights, l1=penalty.l1, l2=penalty.l2))

    def gradient(self, parameters: Array) -> Array:
        """Return ∂L/∂w ``[P]``."""
        parts: list[Array] = []
        for each in examples_gradients(self.experiment, layers_from(self.experiment.network, parameters)):
            parts.append(each.weight.ravel())
            parts += [] if each.bias is None else [each.bias]
        penalty = self.experiment.penalty
        return penalise(np.concatenate(parts), parameters, self.weights, l1=penalty.l1, l2=penalty.l2)

    def hessian_times(self, parameters: Array, direction: Array, *, step: float = STEP) -> Array:
        """Return the Hessian times a direction, both ``[P]``, by a central difference of exact gradients.

        H v = (g(w + h v) − g(w − h v)) / 2h + O(h²), h so that the difference errs by about 10⁻¹⁰ of the
        gradient's own size. Across a kink, of ReLU or L1, it is a mean slope.
        """
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            return np.zeros_like(direction)
        h = step * max(1.0, float(np.abs(parameters).max())) / length
        above, below = self.gradient(parameters + h * direction), self.gradient(parameters - h * direction)
        return (above - below) / (2.0 * h)

    def is_smooth(self, parameters: Array, direction: Array) -> bool:
        """Return whether the gradient bends as gently along a direction over a step eight times as long.

        Where it jumps, a difference divided by the step has no limit, and the two don't agree.
        """
        near, far = (self.hessian_times(parameters, direction, step=each) for each in (STEP, 8.0 * STEP))
        size = max(float(np.linalg.norm(near)), float(np.linalg.norm(far)))
        # Curvatures of 10⁻⁹ of the gradient's own size are rounding.
        rounding = 1e-9 * float(np.linalg.norm(direction)) * float(np.linalg.norm(self.gradient(parameters)))
        return float(np.linalg.norm(near - far)) <= 1e-3 * size + rounding
