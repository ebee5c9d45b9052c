"""One example on its way through a network: every sum, every output, the loss, and every derivative.

For one example δ_l = ∂L/∂z_l, ∂L/∂W_l = δ_l a_{l−1}ᵀ and ∂L/∂a_{l−1} = W_lᵀ δ_l (Rumelhart, Hinton &
Williams, Nature 323, 1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.engine.network_pass import Array, Layer, LayerGradient, LayerPass, backward, forward
from trainlab.errors import ExplainError
from trainlab.explain.questions.chain_rule.notation import Entry
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExamplePass:
    """``inputs [1, features]`` and ``targets [1, outputs]`` with all that follows; ``grad_output`` is ∂L/∂a
    of the last layer, ``[1, outputs]``.
    """

    layers: tuple[Layer, ...]
    objective: Objective
    inputs: Array
    targets: Array
    passes: tuple[LayerPass, ...]
    loss: float
    grad_output: Array
    gradients: tuple[LayerGradient, ...]

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, units of each layer."""
        return (self.inputs.shape[1], *(layer.weight.shape[0] for layer in self.layers))

    @property
    def branches(self) -> bool:
        """Whether each output depends on every sum of the last layer, as with softmax."""
        return not ACTIVATIONS[self.layers[-1].activation].elementwise

    def derivative(self, entry: Entry) -> float:
        """Return ∂L/∂w, by the backward pass."""
        gradient = self.gradients[entry.layer - 1]
        if entry.source is not None:
            return float(gradient.weight[entry.unit - 1, entry.source - 1])
        if gradient.bias is None:
            raise ExplainError(f"weight = '{entry}': the layer has no biases; name one of its weights.")
        return float(gradient.bias[entry.unit - 1])

    def slope(self, layer: int) -> Array:
        """Return ∂a/∂z of a layer (from 0): ``[units]``, or ``[units out, units in]`` where it branches."""
        activation = ACTIVATIONS[self.layers[layer].activation]
        sums = self.passes[layer].sums
        if activation.derivative is not None:
            return activation.derivative(sums)[0]
        # Row k is ∂a_k/∂z: the vector-Jacobian product with the k-th unit vector.
        units = sums.shape[1]
        return activation.backward(np.repeat(sums, units, axis=0), np.eye(units))


def pass_example(layers: Sequence[Layer], objective: Objective, inputs: Array, targets: Array) -> ExamplePass:
    """Return the passes of one example, ``inputs [1, features]``.

    Raises:
        ExplainError: if a number on the way isn't finite.
    """
    with np.errstate(all="ignore"):
        passes = forward(layers, inputs)
        loss = objective.value(passes[-1].outputs, targets)
        grad_output = objective.gradient(passes[-1].outputs, targets)
        gradients = backward(layers, passes, grad_output)
    for place, passed in enumerate(passes, start=1):
        if not (np.isfinite(passed.sums).all() and np.isfinite(passed.outputs).all()):
            raise ExplainError(
                f"network: the numbers of layer {place} are not finite for this point, so no derivative is; "
                "take smaller weights (init), smaller inputs, or another seed."
            )
    if not (np.isfinite(loss) and all(np.isfinite(part.weight).all() for part in gradients)):
        raise ExplainError(
            f"loss = {objective.name!r}: the loss, or its gradient, is not finite for this point; take "
            "smaller weights (init), another point, or another seed."
        )
    return ExamplePass(
        layers=tuple(layers),
        objective=objective,
        inputs=inputs,
        targets=targets,
        passes=passes,
        loss=loss,
        grad_output=grad_output,
        gradients=gradients,
    )
