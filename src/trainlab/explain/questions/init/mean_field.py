"""What signals do in a wide random network, by theory: from layer to layer forward, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.explain.questions.init.schemes import Law
from trainlab.maths import ACTIVATIONS
from trainlab.plain import Plain

# Expectations of an activation and its derivative under a normal distribution.


MIXED = 8.4
"""Of a function of period T the expectation is that of its mean to 10⁻¹⁵ once the deviation is MIXED · T/2π:
the k-th harmonic is left with exp(−k² MIXED²/2) of its size."""

EDGE = 9.0
"""A standard normal is further out with probability 2 · 10⁻¹⁹."""

EVEN_OF_WAVES = 26
"""Edges of even pieces for a periodic function: at most 2 · EDGE · MIXED / 2π periods, so one a piece."""

TURNS = (0.0, 1.0, -1.0, 2.5, -2.5, 6.0, -6.0, 20.0)
"""Where activations have kinks (0, ±1, 20) or turn from steep to flat: no piece goes across."""


def expectation(
    function: Callable[[Array], Array], mean: Array, variance: Array, *, period: float = math.inf
) -> Array:
    """Return E[f(mean + √variance · z)], z standard normal, for arrays ``[k]`` of means and variances.

    Gauss–Legendre on pieces rather than one Gauss–Hermite sum, whose error at a kink, as ReLU's derivative
    has, falls only like one over the number of nodes. No piece is wider than a period of the function, if it
    has one; deviations at which nothing changes any more are cut for that.
    """
    std = np.minimum(np.sqrt(np.maximum(variance, 0.0)), MIXED * period / (2 * math.pi))
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = (np.array(TURNS) - mean[:, None]) / std[:, None]
    turns = np.clip(np.where(np.isfinite(turns), turns, EDGE), -EDGE, EDGE)
    count = 13 if math.isinf(period) else EVEN_OF_WAVES
    even = np.broadcast_to(np.linspace(-EDGE, EDGE, count), (len(mean), count))
    edges = np.sort(np.concatenate([even, turns], axis=1), axis=1)
    nodes, weights = _legendre()
    half = (edges[:, 1:] - edges[:, :-1])[:, :, None] / 2
    z = edges[:, :-1, None] + half * (1 + nodes)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * half * weights
    values = function(mean[:, None, None] + std[:, None, None] * z)
    return np.asarray((values * density).sum(axis=(1, 2)), dtype=np.float64)


@cache
def _legendre() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(16)


# What signals do in a wide random network, by theory: from layer to layer forward, and back.
#
# Forward, a sum z of n inputs a with weights of variance v and biases of variance σ_b² is about normal with
# E[z²] = n v E[a²] + σ_b² =: q, and the next layer's E[a²] is E[f(√q z)²] (Poole, Lahiri, Raghu,
# Sohl-Dickstein & Ganguli, NeurIPS 2016; with n v = 1 Glorot & Bengio, AISTATS 2010; for ReLU He et al., ICCV
# 2015). Backward, E[δ²] grows by χ = n_out v E[f′(√q z)²] a layer (Schoenholz, Gilmer, Ganguli &
# Sohl-Dickstein, ICLR 2017), where weights are taken as independent of those that went forward.
#
# That is for weights whose mean is 0: of others a layer's neurons share a part, and there is no theory here.


PERIODS = {"sin": 2 * math.pi}
"""Of the activations that repeat themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomLayer:
    """A layer before anything is drawn; `bias` is None if it has none."""

    fan_in: int
    fan_out: int
    weight: Law
    bias: Law | None
    activation: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Theory(Plain):
    """Layer by layer, averaged over the examples: E[z²] of the sums, mean and mean square of activations a,
    and mean square of the gradients δ = ∂L/∂z, each ``[layers]``; `slope` E[f′²], and `factor` by which E[δ²]
    grows from a layer to the one before it, χ, NaN for the first. NaN where there is no theory: after
    softmax, and from weights with a mean on.
    """

    _written = (
        "sum_mean_square=sum_square activation_mean=mean activation_std slope_mean_square=slope "
        "gradient_factor=factor gradient_rms"
    )

    sum_square: Array
    mean: Array
    square: Array
    slope: Array
    factor: Array
    gradient_square: Array

    @property
    def activation_std(self) -> Array:
        """The deviation of the activations."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.sqrt(np.maximum(self.square - self.mean**2, 0.0))

    @property
    def gradient_rms(self) -> Array:
        """The root mean square of the gradients δ."""
        return np.sqrt(self.gradient_square)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Row:
    """One layer, for each example: mean square of the sums; of f(z) mean and mean square; E[f′(z)²]."""

    sum_square: Array
    mean: Array
    square: Array
    slope: Array


def mean_field(
    layers: Sequence[RandomLayer], inputs: Array, *, last_square: float = 1.0, at_sums: bool = False
) -> Theory:
    """Return the theory for ``inputs [examples, in]``.

    `last_square` is the mean square of the gradient by the last layer's activations, or with `at_sums` by its
    sums.
    """
    rows: list[_Row] = []
    # The first layer's inputs are given, and so its variances exact.
    squares = (inputs**2).sum(axis=1)
    for layer in layers:
        rows.append(_row(layer, squares))
        after = layers[len(rows)].fan_in if len(rows) < len(layers) else 0
        squares = after * rows[-1].square
    factor, gradients = np.full(len(layers), np.nan), np.empty(len(layers))
    square = np.full(len(inputs), last_square)
    for place in reversed(range(len(layers))):
        layer = layers[place]
        if place < len(layers) - 1 or not at_sums:
            square = square * rows[place].slope
        gradients[place] = square.mean()
        passed = layer.fan_out * _variance(layer.weight)
        square = square * passed
        if place:
            factor[place] = passed * float(rows[place - 1].slope.mean())
    return Theory(
        sum_square=np.array([row.sum_square.mean() for row in rows]),
        mean=np.array([row.mean.mean() for row in rows]),
        square=np.array([row.square.mean() for row in rows]),
        slope=np.array([row.slope.mean() for row in rows]),
        factor=factor,
        gradient_square=gradients,
    )


def _variance(law: Law) -> float:
    """Return the variance of a weight, NaN of one with a mean."""
    return law.std**2 if law.mean == 0.0 else math.nan


def _row(layer: RandomLayer, squares: Array) -> _Row:
    """Return the layer for inputs whose squares add up to ``squares [examples]``."""
    variance, mean = _variance(layer.weight) * squares, np.zeros_like(squares)
    if layer.bias is not None:
        variance, mean = variance + layer.bias.std**2, mean + layer.bias.mean
    activation = ACTIVATIONS[layer.activation]
    value, slope = activation.value, activation.derivative
    period = PERIODS.get(layer.activation, math.inf)

    def mean_of(function: Callable[[Array], Array]) -> Array:
        if slope is None or np.isnan(variance).any():
            return np.full_like(mean, np.nan)
        return expectation(function, mean, variance, period=period)

    return _Row(
        sum_square=variance + mean**2,
        mean=mean_of(value),
        square=mean_of(lambda x: value(x) ** 2),
        slope=mean_of(lambda x: (slope or value)(x) ** 2),
    )
