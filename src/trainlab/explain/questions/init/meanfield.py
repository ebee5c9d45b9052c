"""What signals do in a wide random network, by theory: from layer to layer forward, and back.

Forward, a sum z of n inputs a with weights of variance v and biases of variance σ_b² is about normal with
E[z²] = n v E[a²] + σ_b² =: q, and the next layer's E[a²] is E[f(√q z)²] (Poole, Lahiri, Raghu, Sohl-Dickstein
& Ganguli, NeurIPS 2016; with n v = 1 Glorot & Bengio, AISTATS 2010; for ReLU He et al., ICCV 2015).
Backward, E[δ²] grows by χ = n_out v E[f′(√q z)²] a layer (Schoenholz, Gilmer, Ganguli & Sohl-Dickstein, ICLR
2017), where weights are taken as independent of those that went forward.

Here means are carried along as well, so that weights whose mean μ isn't 0 have a theory too: z is
μ Σa + Σ (w − μ) a + b, of which all neurons of the layer share μ Σa. Its mean is n μ E[a], and its variance
μ² (n E[a²] − n E[aᵢaⱼ] + n² (E[aᵢaⱼ] − E[a]²)), where two neurons have E[aᵢaⱼ] = E[E[f(z) | the shared
part]²]. With μ = 0 all is exact in the limit of wide layers. Otherwise the shared part is taken for normal,
and E[a²] for the same whatever that part is, which is close but not exact; and δ has no theory before a
layer whose slopes vary with the shared part, as those of the layers before go with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.explain.questions.init.gaussian_expectation import expectation
from trainlab.explain.questions.init.law import Law
from trainlab.maths import ACTIVATIONS

Array = npt.NDArray[np.float64]

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
class Theory:
    """Layer by layer, averaged over the examples: mean and mean square of sums z, of activations a, of
    gradients δ = ∂L/∂z, each ``[layers]``; `slope` E[f′²], and `factor` by which E[δ²] grows from a layer
    to the one before it if weights have no mean, χ, NaN for the first. NaN where there is no theory: after
    softmax, and of gradients see the module.
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
    last_pair: float | None = None,
    at_sums: bool = False,
) -> Theory:
    """Return the theory for ``inputs [examples, in]``.

    `last_square` and `last_mean` are those of the gradient by the last layer's activations, or with
    `at_sums` by its sums; `last_pair` is the mean product of two units', that of independent ones if None.
    """
    rows = [_first(layers[0], inputs)]
    for layer in layers[1:]:
        rows.append(_next(layer, rows[-1]))
    sums = np.array([[row.mean, row.variance + row.mean**2] for row in rows])
    pair = last_mean**2 if last_pair is None else last_pair
    gradients = _back(layers, rows, (last_mean, last_square, pair), at_sums=at_sums)
    factor = np.full(len(layers), np.nan)
    for index in range(1, len(layers)):
        after = layers[index]
        factor[index] = after.fan_out * after.weight.std**2 * float(rows[index - 1].slope_square.mean())
    return Theory(
        sum_mean=sums[:, 0].mean(axis=1),
        sum_square=sums[:, 1].mean(axis=1),
        mean=np.array([row.active_mean.mean() for row in rows]),
        square=np.array([row.active_square.mean() for row in rows]),
        slope=np.array([row.slope_square.mean() for row in rows]),
        factor=factor,
        gradient_square=gradients,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Row:
    """One layer, for each example: of sums mean and variance, of f(z) and f′(z) mean and mean square, of f(z)
    the mean product of two neurons, and whether sums have a part that all neurons share.
    """

    mean: Array
    variance: Array
    active_mean: Array
    active_square: Array
    active_pair: Array
    slope_mean: Array
    slope_square: Array
    shares: bool


def _first(layer: RandomLayer, inputs: Array) -> _Row:
    """The first layer's inputs are given, and so its means and variances exact."""
    return _row(
        layer,
        layer.weight.mean * inputs.sum(axis=1),
        layer.weight.std**2 * (inputs**2).sum(axis=1),
        np.zeros(len(inputs)),
        shares=False,
    )


def _next(layer: RandomLayer, before: _Row) -> _Row:
    return _row(
        layer,
        layer.weight.mean * layer.fan_in * before.active_mean,
        layer.weight.std**2 * layer.fan_in * before.active_square,
        _sum_square(layer.weight.mean, layer.fan_in, before.active_square, before.active_pair)
        - (layer.weight.mean * layer.fan_in * before.active_mean) ** 2,
        shares=layer.weight.mean != 0.0 and bool((before.variance > 0.0).any()),
    )


def _sum_square(factor: float, count: int, square: Array, pair: Array) -> Array:
    """Return E[(factor · Σ x)²] of `count` numbers of mean square E[x²] and mean product E[xᵢxⱼ]."""
    return factor**2 * (count * (square - pair) + count**2 * pair)


def _row(layer: RandomLayer, mean: Array, alone: Array, shared: Array, *, shares: bool) -> _Row:
    """Return the layer of sums with that mean, and variances of each neuron alone and of what all share."""
    if layer.bias is not None:
        mean, alone = mean + layer.bias.mean, alone + layer.bias.std**2
    # What rounding leaves of a difference that is 0.
    shared = np.where(shares & (shared > 1e-12 * (alone + mean**2)), shared, 0.0)
    activation = ACTIVATIONS[layer.activation]
    value, slope, variance = activation.value, activation.derivative, alone + shared
    period = PERIODS.get(layer.activation, math.inf)

    def mean_of(function: Callable[[Array], Array]) -> Array:
        if slope is None:
            return np.full_like(mean, np.nan)
        return expectation(function, mean, variance, period=period)

    return _Row(
        mean=mean,
        variance=variance,
        active_mean=mean_of(value),
        active_square=mean_of(lambda x: value(x) ** 2),
        active_pair=mean_of(value) ** 2 if slope is None else _pair(value, mean, alone, shared, period),
        slope_mean=mean_of(slope or value),
        slope_square=mean_of(lambda x: (slope or value)(x) ** 2),
        shares=shares,
    )


def _pair(
    function: Callable[[Array], Array], mean: Array, alone: Array, shared: Array, period: float
) -> Array:
    """Return for each example E[f(zᵢ) f(zⱼ)] of two neurons, E[f(z)]² if they share nothing."""
    pair = expectation(function, mean, alone + shared, period=period) ** 2
    for place in np.flatnonzero(shared > 0.0):

        def given(x: Array, own: float = float(alone[place])) -> Array:
            """Return E[f(z)]² where the shared part makes the mean x."""
            flat = x.ravel()
            return expectation(function, flat, np.full_like(flat, own), period=period).reshape(x.shape) ** 2

        here = slice(place, place + 1)
        pair[here] = expectation(given, mean[here], shared[here], period=period)
    return pair


def _back(
    layers: Sequence[RandomLayer],
    rows: Sequence[_Row],
    last: tuple[float, float, float],
    *,
    at_sums: bool,
) -> Array:
    """Return E[δ²] of each layer, averaged over the examples."""
    found = np.empty(len(layers))
    blank = np.ones_like(rows[-1].mean)
    mean, square, pair = (moment * blank for moment in last)
    shares = False  # whether a layer was met whose slopes vary with a shared part
    for index in reversed(range(len(layers))):
        row = rows[index]
        if index < len(layers) - 1 or not at_sums:
            mean, square, pair = row.slope_mean * mean, row.slope_square * square, row.slope_mean**2 * pair
        if shares:
            mean, square, pair = (np.full_like(mean, np.nan) for _ in range(3))
        shares = shares or (row.shares and layers[index].activation != "linear")
        found[index] = square.mean()
        weight, fan = layers[index].weight, layers[index].fan_out
        pair = _sum_square(weight.mean, fan, square, pair)
        mean, square = weight.mean * fan * mean, weight.std**2 * fan * square + pair
    return found
