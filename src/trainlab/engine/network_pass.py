"""A network with numbers: its weights, a pass forward and a pass backward, in float64.

Forward: z = W x + b and a = f(z), layer by layer. Backward: δ = f′(z) ∂L/∂a, ∂L/∂W = δ xᵀ, ∂L/∂b = δ and
∂L/∂x = Wᵀ δ, which is the ∂L/∂a of the layer before (Rumelhart, Hinton & Williams, Nature 323, 1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.errors import ExplainError
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, Network

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layer:
    """A linear layer with its activation: ``weight [out, in]``, ``bias [out]`` or None."""

    weight: Array
    bias: Array | None
    activation: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LayerPass:
    """A layer at work: ``inputs [examples, in]``, ``sums`` z and ``outputs`` a, both ``[examples, out]``."""

    inputs: Array
    sums: Array
    outputs: Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LayerGradient:
    """∂L/∂W ``[out, in]``, ∂L/∂b ``[out]`` or None, summed over the examples; and for each example
    δ = ∂L/∂z ``[examples, out]`` and ∂L/∂x ``[examples, in]``.
    """

    weight: Array
    bias: Array | None
    sums: Array
    inputs: Array


def initial_layers(experiment: Experiment, seed: int) -> tuple[Layer, ...]:
    """Return the layers as a training of that seed begins, the same as in every engine."""
    return layers_from(experiment.network, initial_parameters(experiment, range(seed, seed + 1))[0])


def layers_from(network: Network, parameters: npt.NDArray[np.floating]) -> tuple[Layer, ...]:
    """Return the layers of a row of parameters ``[P]`` as `Runs.parameters` has it.

    Raises:
        ExplainError: if there are not as many as the network has.
    """
    row = np.asarray(parameters, dtype=np.float64)
    if row.shape != (network.parameters,):
        raise ExplainError(
            f"parameters: shape {row.shape}, but {network.label} has {network.parameters:,} parameters; give "
            "one row of them, layer by layer, weights, then biases."
        )
    return tuple(
        Layer(
            weight=row[each.weights].reshape(each.fan_out, each.fan_in),
            bias=row[each.biases] if each.first_bias is not None else None,
            activation=each.activation,
        )
        for each in layers_of(network)
    )


def forward(layers: Sequence[Layer], inputs: Array) -> tuple[LayerPass, ...]:
    """Return what each layer does to ``inputs [examples, in]``; dropout, as in evaluation, does nothing."""
    passes: list[LayerPass] = []
    values = inputs
    for layer in layers:
        sums = values @ layer.weight.T + (0.0 if layer.bias is None else layer.bias)
        passes.append(LayerPass(inputs=values, sums=sums, outputs=ACTIVATIONS[layer.activation].value(sums)))
        values = passes[-1].outputs
    return tuple(passes)


def backward(
    layers: Sequence[Layer], passes: Sequence[LayerPass], grad_output: Array
) -> tuple[LayerGradient, ...]:
    """Return the gradients, first layer first, from ``grad_output`` = ∂L/∂outputs ``[examples, out]``."""
    found: list[LayerGradient] = []
    gradient = grad_output
    for layer, passed in zip(reversed(layers), reversed(passes), strict=True):
        delta = ACTIVATIONS[layer.activation].backward(passed.sums, gradient)
        gradient = delta @ layer.weight
        found.append(
            LayerGradient(
                weight=delta.T @ passed.inputs,
                bias=None if layer.bias is None else delta.sum(axis=0),
                sums=delta,
                inputs=gradient,
            )
        )
    return tuple(reversed(found))
