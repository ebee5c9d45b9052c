"""Activations of a layer's block, in place: the common four here, the others as units of their own."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.lanes import load, samples_of, store
from trainlab.engine.kernel.memory import call
from trainlab.engine.kernel.tables import (
    ACTIVATION,
    FAN_OUT,
    OUTPUT_UNIT,
    READ_UNIT,
    RELU,
    SIGMOID,
    TANH,
    TRAIN_UNIT,
)
from trainlab.engine.kernel.vector import splat, where_less
from trainlab.engine.kernel.vector_maths import sigmoid, tanh
from trainlab.engine.kernel.views import layer_of

FORWARD, BACKWARD = range(2)


@njit(forceinline=True)
def unit_of(tile: Any, index: int, training: bool) -> int:
    """Return the address of the compiled unit of a layer's activation, 0 for the common four."""
    return layer_of(tile, index, TRAIN_UNIT if training else READ_UNIT)


@njit(forceinline=True)
def activate(block: Any, tile: Any, index: int, training: bool) -> None:
    """Replace a layer's weighted sums by their activations."""
    samples = samples_of(block)
    activation, units = layer_of(tile, index, ACTIVATION), layer_of(tile, index, FAN_OUT)
    first = tile.row_values + layer_of(tile, index, OUTPUT_UNIT) * samples
    unit = unit_of(tile, index, training)
    if unit != 0:
        call(unit, tile, index, FORWARD, 0)
    elif activation == TANH:
        for unit in range(units):
            row = first + unit * samples
            store(block, tile.memory, row, tanh(block, load(block, tile.memory, row)))
    elif activation == SIGMOID:
        for unit in range(units):
            row = first + unit * samples
            store(block, tile.memory, row, sigmoid(block, load(block, tile.memory, row)))
    elif activation == RELU:
        for unit in range(units):
            value = load(block, tile.memory, first + unit * samples)
            zero = splat(block, 0.0)
            store(block, tile.memory, first + unit * samples, where_less(value, zero, zero, value))


@njit(forceinline=True)
def multiply_by_slope(block: Any, tile: Any, index: int, training: bool) -> None:
    """Turn ∂L/∂output into ∂L/∂sum: times f′, which the common four have from their own output."""
    samples = samples_of(block)
    activation, units = layer_of(tile, index, ACTIVATION), layer_of(tile, index, FAN_OUT)
    output = layer_of(tile, index, OUTPUT_UNIT) * samples
    values, deltas = tile.row_values + output, tile.row_deltas + output
    unit = unit_of(tile, index, training)
    if unit != 0:
        call(unit, tile, index, BACKWARD, 0)
    elif activation == TANH:
        for unit in range(units):
            a = load(block, tile.memory, values + unit * samples)
            delta = load(block, tile.memory, deltas + unit * samples)
            store(block, tile.memory, deltas + unit * samples, delta * (splat(block, 1.0) - a * a))
    elif activation == SIGMOID:
        for unit in range(units):
            a = load(block, tile.memory, values + unit * samples)
            delta = load(block, tile.memory, deltas + unit * samples)
            store(block, tile.memory, deltas + unit * samples, delta * (a * (splat(block, 1.0) - a)))
    elif activation == RELU:
        for unit in range(units):
            a = load(block, tile.memory, values + unit * samples)
            delta = load(block, tile.memory, deltas + unit * samples)
            zero = splat(block, 0.0)
            store(block, tile.memory, deltas + unit * samples, where_less(zero, a, delta, zero))
