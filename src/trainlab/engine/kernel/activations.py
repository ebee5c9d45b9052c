"""Activations of layers, and their slopes for the way back."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.draws import normal_cdf, normal_density
from trainlab.engine.kernel.memory import call, layer_of
from trainlab.engine.kernel.simd import load, samples_of, slice_of, store
from trainlab.engine.kernel.tables import (
    ACTIVATION,
    BACKWARD,
    FAN_OUT,
    FORWARD,
    OUTPUT_UNIT,
    READ_UNIT,
    RELU,
    SIGMOID,
    TANH,
    TRAIN_UNIT,
)
from trainlab.engine.kernel.vector import absolute, fma, splat, where_less
from trainlab.engine.kernel.vector_maths import exp, exp_limit, expm1, log, log1p, sigmoid, sin_cos, tanh
from trainlab.maths.activation_functions import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE, SOFTPLUS_THRESHOLD

# Activations whose slope is computed beside them and kept, since their output alone doesn't give it.
#
# The common four are here, too: a dropout after them changes the output.


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


# Softmax and its logarithm over a layer's outputs, forward and backward, sample by sample.


@njit(forceinline=True)
def softmax(block: Any, memory: int, first: int, units: int, logarithm: bool) -> None:
    """Replace `units` rows of values from `first` by their softmax, or its logarithm."""
    samples = samples_of(block)
    largest = load(block, memory, first)
    for unit in range(1, units):
        value = load(block, memory, first + unit * samples)
        largest = where_less(largest, value, value, largest)
    total = splat(block, 0.0)
    for unit in range(units):
        below = load(block, memory, first + unit * samples) - largest
        power = exp(block, below)
        total = total + power
        store(block, memory, first + unit * samples, below if logarithm else power)
    shift = log(block, total) if logarithm else total
    for unit in range(units):
        value = load(block, memory, first + unit * samples)
        store(block, memory, first + unit * samples, value - shift if logarithm else value / shift)


@njit(forceinline=True)
def softmax_layer(block: Any, tile: Any, index: int, logarithm: bool) -> None:
    """Replace a layer's weighted sums by their softmax, or its logarithm."""
    first = tile.row_values + layer_of(tile, index, OUTPUT_UNIT) * samples_of(block)
    softmax(block, tile.memory, first, layer_of(tile, index, FAN_OUT), logarithm)


@njit(forceinline=True)
def softmax_backward(block: Any, tile: Any, index: int, logarithm: bool) -> None:
    """Turn ∂L/∂output d into ∂L/∂sum: s (d − Σ s d), or d − s Σ d for the logarithm."""
    samples, units = samples_of(block), layer_of(tile, index, FAN_OUT)
    output = layer_of(tile, index, OUTPUT_UNIT) * samples
    values, deltas = tile.row_values + output, tile.row_deltas + output
    shared, one = splat(block, 0.0), splat(block, 1.0)
    for unit in range(units):
        a = load(block, tile.memory, values + unit * samples)
        delta = load(block, tile.memory, deltas + unit * samples)
        shared = fma(one if logarithm else a, delta, shared)
    for unit in range(units):
        a = load(block, tile.memory, values + unit * samples)
        delta = load(block, tile.memory, deltas + unit * samples)
        delta = delta - exp(block, a) * shared if logarithm else a * (delta - shared)
        store(block, tile.memory, deltas + unit * samples, delta)


# Activations of a layer's block, in place: the common four here, the others as units of their own.


@njit(forceinline=True)
def unit_of(tile: Any, index: int, training: bool) -> int:
    """Return the address of the compiled unit of a layer's activation, 0 for the common four."""
    return layer_of(tile, index, TRAIN_UNIT if training else READ_UNIT)


@njit(forceinline=True)
def activate(block: Any, tile: Any, index: int, training: bool) -> None:
    """Replace a layer's weighted sums by their activations."""
    unit = unit_of(tile, index, training)
    if unit != 0:
        call(unit, tile, index, FORWARD, 0)
        return
    part, activation = slice_of(block), layer_of(tile, index, ACTIVATION)
    first = tile.row_values + layer_of(tile, index, OUTPUT_UNIT) * samples_of(block)
    rows = range(first, first + layer_of(tile, index, FAN_OUT) * samples_of(block), samples_of(part))
    if activation == TANH:
        for row in rows:
            store(part, tile.memory, row, tanh(part, load(part, tile.memory, row)))
    elif activation == SIGMOID:
        for row in rows:
            store(part, tile.memory, row, sigmoid(part, load(part, tile.memory, row)))
    elif activation == RELU:
        for row in rows:
            value, zero = load(part, tile.memory, row), splat(part, 0.0)
            store(part, tile.memory, row, where_less(value, zero, zero, value))


@njit(forceinline=True)
def multiply_by_slope(block: Any, tile: Any, index: int, training: bool) -> None:
    """Turn ∂L/∂output into ∂L/∂sum: times f′, which the common four have from their own output."""
    unit = unit_of(tile, index, training)
    if unit != 0:
        call(unit, tile, index, BACKWARD, 0)
        return
    part, activation = slice_of(block), layer_of(tile, index, ACTIVATION)
    output = layer_of(tile, index, OUTPUT_UNIT) * samples_of(block)
    values, deltas = tile.row_values + output, tile.row_deltas + output
    rows = range(0, layer_of(tile, index, FAN_OUT) * samples_of(block), samples_of(part))
    if activation == TANH:
        for row in rows:
            a = load(part, tile.memory, values + row)
            delta = load(part, tile.memory, deltas + row)
            store(part, tile.memory, deltas + row, delta * (splat(part, 1.0) - a * a))
    elif activation == SIGMOID:
        for row in rows:
            a = load(part, tile.memory, values + row)
            delta = load(part, tile.memory, deltas + row)
            store(part, tile.memory, deltas + row, delta * (a * (splat(part, 1.0) - a)))
    elif activation == RELU:
        for row in rows:
            a = load(part, tile.memory, values + row)
            delta, zero = load(part, tile.memory, deltas + row), splat(part, 0.0)
            store(part, tile.memory, deltas + row, where_less(zero, a, delta, zero))
