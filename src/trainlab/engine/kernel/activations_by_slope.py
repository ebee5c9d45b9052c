"""Activations whose slope is computed beside them and kept, since their output alone doesn't give it.

The common four are here, too: a dropout after them changes the output.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.simd import load, samples_of, slice_of, store
from trainlab.engine.kernel.table_readers import layer_of
from trainlab.engine.kernel.tables import FAN_OUT, OUTPUT_UNIT
from trainlab.engine.kernel.vector import absolute, fma, splat, where_less
from trainlab.engine.kernel.vector_log import expm1, log1p
from trainlab.engine.kernel.vector_maths import exp, exp_limit, sigmoid, tanh
from trainlab.engine.kernel.vector_normal import normal_cdf, normal_density
from trainlab.engine.kernel.vector_sin import sin_cos
from trainlab.maths.activation_functions import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE, SOFTPLUS_THRESHOLD


@njit(forceinline=True)
def activate_by_slope(block: Any, tile: Any, index: int, value_and_slope: Any) -> None:
    """Replace a layer's weighted sums by their activations, and keep the slopes."""
    part = slice_of(block)
    first = layer_of(tile, index, OUTPUT_UNIT) * samples_of(block)
    last = first + layer_of(tile, index, FAN_OUT) * samples_of(block)
    for row in range(first, last, samples_of(part)):
        value, slope = value_and_slope(part, load(part, tile.memory, tile.row_values + row))
        store(part, tile.memory, tile.row_values + row, value)
        store(part, tile.memory, tile.row_slopes + row, slope)


@njit(forceinline=True)
def multiply_by_kept_slope(block: Any, tile: Any, index: int) -> None:
    """Turn ∂L/∂output into ∂L/∂sum with the slopes kept."""
    part = slice_of(block)
    first = layer_of(tile, index, OUTPUT_UNIT) * samples_of(block)
    last = first + layer_of(tile, index, FAN_OUT) * samples_of(block)
    for row in range(first, last, samples_of(part)):
        delta = load(part, tile.memory, tile.row_deltas + row)
        slope = load(part, tile.memory, tile.row_slopes + row)
        store(part, tile.memory, tile.row_deltas + row, delta * slope)


@njit(forceinline=True)
def linear_slope(block: Any, x: Any) -> Any:
    """Return x and 1."""
    return x, splat(block, 1.0)


@njit(forceinline=True)
def tanh_slope(block: Any, x: Any) -> Any:
    """Return t = tanh x and 1 − t²."""
    value = tanh(block, x)
    return value, splat(block, 1.0) - value * value


@njit(forceinline=True)
def sigmoid_slope(block: Any, x: Any) -> Any:
    """Return s = σ(x) and s (1 − s)."""
    value = sigmoid(block, x)
    return value, value * (splat(block, 1.0) - value)


@njit(forceinline=True)
def relu_slope(block: Any, x: Any) -> Any:
    """Return max(0, x) and 1 where x > 0, else 0."""
    zero, one = splat(block, 0.0), splat(block, 1.0)
    return where_less(x, zero, zero, x), where_less(zero, x, one, zero)


@njit(forceinline=True)
def leaky_relu_slope(block: Any, x: Any) -> Any:
    """Return x where x > 0, else 0.01 x, and its slope."""
    zero, one, low = splat(block, 0.0), splat(block, 1.0), splat(block, LEAKY_SLOPE)
    return where_less(zero, x, x, low * x), where_less(zero, x, one, low)


@njit(forceinline=True)
def elu_slope(block: Any, x: Any) -> Any:
    """Return x where x > 0, else eˣ − 1, and its slope."""
    zero, one = splat(block, 0.0), splat(block, 1.0)
    below = where_less(zero, x, zero, x)
    return where_less(zero, x, x, expm1(block, below)), where_less(zero, x, one, exp(block, below))


@njit(forceinline=True)
def selu_slope(block: Any, x: Any) -> Any:
    """Return scale · (x where x > 0, else α (eˣ − 1)), and its slope."""
    zero, scale, low = splat(block, 0.0), splat(block, SELU_SCALE), splat(block, SELU_SCALE * SELU_ALPHA)
    below = where_less(zero, x, zero, x)
    value = where_less(zero, x, scale * x, low * expm1(block, below))
    return value, where_less(zero, x, scale, low * exp(block, below))


@njit(forceinline=True)
def gelu_slope(block: Any, x: Any) -> Any:
    """Return x Φ(x) and Φ(x) + x φ(x)."""
    share = normal_cdf(block, x)
    return x * share, fma(x, normal_density(block, x), share)


@njit(forceinline=True)
def silu_slope(block: Any, x: Any) -> Any:
    """Return x σ(x) and σ(x) (1 + x (1 − σ(x))).

    Where σ stops before 0, it is taken for 0: times a large x what is left of it would count.
    """
    zero, one, low = splat(block, 0.0), splat(block, 1.0), splat(block, -exp_limit(block))
    share = where_less(x, low, zero, sigmoid(block, x))
    return x * share, share * fma(x, one - share, one)


@njit(forceinline=True)
def softplus_slope(block: Any, x: Any) -> Any:
    """Return ln(1 + eˣ) and σ(x); beyond PyTorch's threshold x and 1."""
    zero, one, top = splat(block, 0.0), splat(block, 1.0), splat(block, SOFTPLUS_THRESHOLD)
    tail = log1p(block, exp(block, zero - absolute(x)))
    value = where_less(top, x, x, where_less(x, zero, zero, x) + tail)
    return value, where_less(top, x, one, sigmoid(block, x))


@njit(forceinline=True)
def hardtanh_slope(block: Any, x: Any) -> Any:
    """Return x held within ±1, and 1 inside, 0 at the limits and beyond."""
    zero, one = splat(block, 0.0), splat(block, 1.0)
    low = zero - one
    value = where_less(one, x, one, where_less(x, low, low, x))
    return value, where_less(absolute(x), one, one, zero)


@njit(forceinline=True)
def sin_slope(block: Any, x: Any) -> Any:
    """Return sin x and cos x."""
    return sin_cos(block, x)


SLOPES = (
    linear_slope,
    tanh_slope,
    sigmoid_slope,
    relu_slope,
    leaky_relu_slope,
    elu_slope,
    selu_slope,
    gelu_slope,
    silu_slope,
    softplus_slope,
    hardtanh_slope,
    sin_slope,
)
"""By the activation's code."""
