"""Activations of a layer's block, in place: the common four here, the others as units of their own."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.memory import call
from trainlab.engine.kernel.simd import load, samples_of, slice_of, store
from trainlab.engine.kernel.table_readers import layer_of
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

FORWARD, BACKWARD = range(2)


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
