"""Signals measured in many random networks at once: sizes of activations and gradients, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.maths import ACTIVATIONS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layers:
    """One layer of n networks: ``weight [n, out, in]``, ``bias [n, out]`` or None, and its activation."""

    weight: Array
    bias: Array | None
    activation: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Signals:
    """For each network and layer ``[n, layers]``, over units and examples: mean and mean square of the sums
    z, of activations a, and of δ = ∂L/∂z; and the mean |∂L/∂w| of the layer's weights.
    """

    sum_mean: Array
    sum_square: Array
    mean: Array
    square: Array
    gradient_mean: Array
    gradient_square: Array
    weight_gradient: Array


def measure(layers: Sequence[Layers], inputs: Array, grad_output: Callable[[Array], Array]) -> Signals:
    """Send ``inputs [examples, in]`` through n networks and gradients back.

    ``grad_output(outputs)`` gives ∂L/∂outputs ``[n, examples, out]`` for outputs of that shape.
    """
    values, sums = [np.broadcast_to(inputs, (len(layers[0].weight), *inputs.shape))], list[Array]()
    for layer in layers:
        z = values[-1] @ layer.weight.transpose(0, 2, 1)
        sums.append(z if layer.bias is None else z + layer.bias[:, None, :])
        values.append(ACTIVATIONS[layer.activation].value(sums[-1]))
    gradient, deltas, weights = grad_output(values[-1]), list[Array](), list[Array]()
    for index in reversed(range(len(layers))):
        delta = ACTIVATIONS[layers[index].activation].backward(sums[index], gradient)
        deltas.append(delta)
        weights.append(np.abs(delta.transpose(0, 2, 1) @ values[index]).mean(axis=(1, 2)))
        gradient = delta @ layers[index].weight
    deltas, weights = deltas[::-1], weights[::-1]
    return Signals(
        sum_mean=_over(sums),
        sum_square=_over(sums, 2),
        mean=_over(values[1:]),
        square=_over(values[1:], 2),
        gradient_mean=_over(deltas),
        gradient_square=_over(deltas, 2),
        weight_gradient=np.stack(weights, axis=1),
    )


def _over(layers: Sequence[Array], power: int = 1) -> Array:
    return np.stack([np.mean(each**power, axis=(1, 2)) for each in layers], axis=1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spread:
    """An estimate for each layer and its 95 % interval over networks, each ``[layers]``."""

    estimate: Array
    low: Array
    high: Array


def mean_of(values: Array) -> Spread:
    """Return the mean over networks ``[n, layers]`` with Student's interval; without one for n = 1.

    The products of many random factors have long tails: where networks are narrow, or signals fall by
    decades, the interval covers less often than it says.
    """
    n = len(values)
    estimate = values.mean(axis=0)
    half = (
        _quantile(n) * values.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full_like(estimate, np.nan)
    )
    return Spread(estimate=estimate, low=estimate - half, high=estimate + half)


def deviation_of(mean: Array, square: Array) -> Spread:
    """Return the standard deviation over networks, units and examples together, from each network's mean and
    mean square ``[n, layers]``; its interval by leaving out one network at a time (Tukey's jackknife).
    """
    n = len(mean)
    variance = square.mean(axis=0) - mean.mean(axis=0) ** 2
    # What rounding leaves of a difference that is 0.
    variance = np.where(variance < 1e-14 * square.mean(axis=0), 0.0, variance)
    if n == 1:
        nothing = np.full_like(variance, np.nan)
        return Spread(estimate=np.sqrt(variance), low=nothing, high=nothing)
    without_mean = (mean.sum(axis=0) - mean) / (n - 1)
    without_square = (square.sum(axis=0) - square) / (n - 1)
    parts = without_square - without_mean**2
    error = np.sqrt((n - 1) * parts.var(axis=0)) * (variance > 0)
    low, high = (np.maximum(variance + side * _quantile(n) * error, 0.0) for side in (-1, 1))
    return Spread(estimate=np.sqrt(variance), low=np.sqrt(low), high=np.sqrt(high))


def root_of(spread: Spread) -> Spread:
    """Return the root of a mean square and of its interval."""
    return Spread(
        estimate=np.sqrt(spread.estimate),
        low=np.sqrt(np.maximum(spread.low, 0.0)),
        high=np.sqrt(spread.high),
    )


def _quantile(n: int) -> float:
    """Return the 97.5 % quantile of Student's t with n − 1 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975))
