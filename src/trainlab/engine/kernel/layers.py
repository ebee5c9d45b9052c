"""Forward and backward through one linear layer and its activation, for a block of samples of every lane."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.lanes import load, samples_of, store
from trainlab.engine.kernel.tables import (
    ACTIVATION,
    FAN_IN,
    FAN_OUT,
    FIRST_BIAS,
    FIRST_WEIGHT,
    INPUT_UNIT,
    OUTPUT_UNIT,
    RELU,
    SIGMOID,
    TANH,
)
from trainlab.engine.kernel.updates import apply_gradient
from trainlab.engine.kernel.vector import dot_samples, fma, repeat_samples, splat, sum_samples, where_less
from trainlab.engine.kernel.vector_maths import sigmoid, tanh


@njit(forceinline=True)
def activate(block: Any, activation: int, memory: Any, first: int, units: int) -> None:
    """Replace `units` weighted sums from row `first` by their activations."""
    samples = samples_of(block)
    if activation == TANH:
        for unit in range(units):
            row = first + unit * samples
            store(block, memory, row, tanh(block, load(block, memory, row)))
    elif activation == SIGMOID:
        for unit in range(units):
            row = first + unit * samples
            store(block, memory, row, sigmoid(block, load(block, memory, row)))
    elif activation == RELU:
        for unit in range(units):
            value = load(block, memory, first + unit * samples)
            zero = splat(block, 0.0)
            store(block, memory, first + unit * samples, where_less(value, zero, zero, value))


@njit(forceinline=True)
def multiply_by_slope(block: Any, activation: int, memory: Any, values: int, deltas: int, units: int) -> None:
    """Turn ∂L/∂output into ∂L/∂sum: times f′, which each of these activations has from its own output."""
    samples = samples_of(block)
    if activation == TANH:
        for unit in range(units):
            a = load(block, memory, values + unit * samples)
            delta = load(block, memory, deltas + unit * samples)
            store(block, memory, deltas + unit * samples, delta * (splat(block, 1.0) - a * a))
    elif activation == SIGMOID:
        for unit in range(units):
            a = load(block, memory, values + unit * samples)
            delta = load(block, memory, deltas + unit * samples)
            store(block, memory, deltas + unit * samples, delta * (a * (splat(block, 1.0) - a)))
    elif activation == RELU:
        for unit in range(units):
            a = load(block, memory, values + unit * samples)
            delta = load(block, memory, deltas + unit * samples)
            zero = splat(block, 0.0)
            store(block, memory, deltas + unit * samples, where_less(zero, a, delta, zero))


@njit(forceinline=True)
def forward(lane: Any, block: Any, memory: Any, rows: Any, layers: Any, inputs: int, values: int) -> None:
    """Compute every unit of a block: its examples stand from row `inputs`, its units from row `values`."""
    samples = samples_of(block)
    for index in range(layers.shape[0]):
        fan_in, fan_out = layers[index, FAN_IN], layers[index, FAN_OUT]
        weights = rows.parameters + layers[index, FIRST_WEIGHT]
        source = inputs if index == 0 else values + layers[index, INPUT_UNIT] * samples
        target = values + layers[index, OUTPUT_UNIT] * samples
        bias = layers[index, FIRST_BIAS]
        for unit in range(fan_out):
            if bias >= 0:
                total = repeat_samples(block, load(lane, memory, rows.parameters + bias + unit))
            else:
                total = splat(block, 0.0)
            for column in range(fan_in):
                weight = repeat_samples(block, load(lane, memory, weights + unit * fan_in + column))
                total = fma(weight, load(block, memory, source + column * samples), total)
            store(block, memory, target + unit * samples, total)
        activate(block, layers[index, ACTIVATION], memory, target, fan_out)


@njit(forceinline=True)
def backward(
    lane: Any,
    block: Any,
    memory: Any,
    rows: Any,
    layers: Any,
    inputs: int,
    values: int,
    deltas: int,
    action: int,
    constants: Any,
    rate: float,
    scale: float,
) -> None:
    """Carry ∂L/∂output from the last layer's deltas to the first, and act on each gradient as it is known.

    A weight passes its old value back before it is updated, so that one sweep over the weights does both.
    """
    samples = samples_of(block)
    for index in range(layers.shape[0] - 1, -1, -1):
        fan_in, fan_out = layers[index, FAN_IN], layers[index, FAN_OUT]
        weights, bias = layers[index, FIRST_WEIGHT], layers[index, FIRST_BIAS]
        source = inputs if index == 0 else values + layers[index, INPUT_UNIT] * samples
        below = deltas + layers[index, INPUT_UNIT] * samples
        above = deltas + layers[index, OUTPUT_UNIT] * samples
        multiply_by_slope(
            block,
            layers[index, ACTIVATION],
            memory,
            values + layers[index, OUTPUT_UNIT] * samples,
            above,
            fan_out,
        )
        for column in range(fan_in):
            a = load(block, memory, source + column * samples)
            back = splat(block, 0.0)
            for unit in range(fan_out):
                delta = load(block, memory, above + unit * samples)
                p = weights + unit * fan_in + column
                weight = load(lane, memory, rows.parameters + p)
                back = fma(repeat_samples(block, weight), delta, back)
                gradient = dot_samples(block, delta, a)
                apply_gradient(lane, action, memory, rows, constants, rate, scale, p, gradient)
            store(block, memory, below + column * samples, back)
        if bias >= 0:
            for unit in range(fan_out):
                gradient = sum_samples(block, load(block, memory, above + unit * samples))
                apply_gradient(lane, action, memory, rows, constants, rate, scale, bias + unit, gradient)
