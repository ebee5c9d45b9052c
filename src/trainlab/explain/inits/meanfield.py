"""What signals do in a wide random network, by theory: from layer to layer forward, and back.

Forward, a sum z of n inputs a with weights of variance v and biases of variance σ_b² is about normal with
E[z²] = n v E[a²] + σ_b² =: q, and the next layer's E[a²] is E[f(√q z)²] (Poole, Lahiri, Raghu, Sohl-Dickstein
& Ganguli, NeurIPS 2016; with n v = 1 Glorot & Bengio, AISTATS 2010; for ReLU He et al., ICCV 2015).
Backward, E[δ²] grows by χ = n_out v E[f′(√q z)²] a layer (Schoenholz, Gilmer, Ganguli & Sohl-Dickstein, ICLR
2017), where weights are taken as independent of those that went forward.

Here means are carried along as well, so that weights whose mean isn't 0 have a theory too: z has mean
n μ E[a] + μ_b, and δ likewise. It is exact in the limit of wide layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.explain.inits.gauss import expectation
from trainlab.explain.inits.law import Law
from trainlab.maths import ACTIVATIONS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomLayer:
    """A layer before anything is drawn; `bias` is None if it has none."""

    fan_in: int
    fan_out: int
    weight: Law
    bias: Law | None
    activation: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Theory:
    """Layer by layer, averaged over the examples: mean and mean square of sums z, of activations a, of
    gradients δ = ∂L/∂z, each ``[layers]``; `slope` E[f′²], and `factor` by which E[δ²] grows from a layer
    to the one before it, χ, NaN for the first. NaN where there is no theory: after softmax.
    """

    sum_mean: Array
    sum_square: Array
    mean: Array
    square: Array
    slope: Array
    factor: Array
    gradient_square: Array

    @property
    def variance(self) -> Array:
        """The variance of the activations."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.maximum(self.square - self.mean**2, 0.0)


def mean_field(
    layers: Sequence[RandomLayer],
    inputs: Array,
    *,
    last_square: float = 1.0,
    last_mean: float = 0.0,
    at_sums: bool = False,
) -> Theory:
    """Return the theory for ``inputs [examples, in]``.

    `last_square` and `last_mean` are those of the gradient by the last layer's activations, or with
    `at_sums` by its sums.
    """
    rows = [_first(layers[0], inputs)]
    for layer in layers[1:]:
        rows.append(_next(layer, rows[-1]))
    sums = np.array([[row.mean, row.variance + row.mean**2] for row in rows])
    slopes = [(row.slope_mean, row.slope_square) for row in rows]
    gradients = _back(layers, slopes, last_mean, last_square, at_sums=at_sums)
    factor = np.full(len(layers), np.nan)
    for index in range(1, len(layers)):
        after = layers[index]
        factor[index] = after.fan_out * after.weight.std**2 * float(slopes[index - 1][1].mean())
    return Theory(
        sum_mean=sums[:, 0].mean(axis=1),
        sum_square=sums[:, 1].mean(axis=1),
        mean=np.array([row.active_mean.mean() for row in rows]),
        square=np.array([row.active_square.mean() for row in rows]),
        slope=np.array([square.mean() for _, square in slopes]),
        factor=factor,
        gradient_square=gradients,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Row:
    """One layer, for each example: of sums mean and variance, of f(z) and f′(z) mean and mean square."""

    mean: Array
    variance: Array
    active_mean: Array
    active_square: Array
    slope_mean: Array
    slope_square: Array


def _first(layer: RandomLayer, inputs: Array) -> _Row:
    """The first layer's inputs are given, and so its means and variances exact."""
    return _row(
        layer,
        layer.weight.mean * inputs.sum(axis=1),
        layer.weight.std**2 * (inputs**2).sum(axis=1),
    )


def _next(layer: RandomLayer, before: _Row) -> _Row:
    return _row(
        layer,
        layer.weight.mean * layer.fan_in * before.active_mean,
        layer.weight.std**2 * layer.fan_in * before.active_square,
    )


def _row(layer: RandomLayer, mean: Array, variance: Array) -> _Row:
    if layer.bias is not None:
        mean, variance = mean + layer.bias.mean, variance + layer.bias.std**2
    activation = ACTIVATIONS[layer.activation]
    derivative = activation.derivative
    if derivative is None:
        nothing = np.full_like(mean, np.nan)
        moments = [nothing] * 4
    else:
        moments = [
            expectation(activation.value, mean, variance),
            expectation(lambda x: activation.value(x) ** 2, mean, variance),
            expectation(derivative, mean, variance),
            expectation(lambda x: derivative(x) ** 2, mean, variance),
        ]
    return _Row(
        mean=mean,
        variance=variance,
        active_mean=moments[0],
        active_square=moments[1],
        slope_mean=moments[2],
        slope_square=moments[3],
    )


def _back(
    layers: Sequence[RandomLayer],
    slopes: Sequence[tuple[Array, Array]],
    last_mean: float,
    last_square: float,
    *,
    at_sums: bool,
) -> Array:
    """Return E[δ²] of each layer, averaged over the examples."""
    found = np.empty(len(layers))
    mean, square = np.full_like(slopes[-1][0], last_mean), np.full_like(slopes[-1][0], last_square)
    for index in reversed(range(len(layers))):
        if index < len(layers) - 1 or not at_sums:
            mean, square = slopes[index][0] * mean, slopes[index][1] * square
        found[index] = square.mean()
        weight, fan = layers[index].weight, layers[index].fan_out
        shared = weight.mean**2 * (fan * (square - mean**2) + fan**2 * mean**2)
        mean, square = weight.mean * fan * mean, weight.std**2 * fan * square + shared
    return found
