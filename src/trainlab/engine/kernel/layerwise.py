"""A step that treats layers apart: their gradients made equally large, or some of them left as they are."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.fused_updates import clear_rows
from trainlab.engine.kernel.optimizer_step import clip_gradients, penalise, step_of
from trainlab.engine.kernel.simd import load, store
from trainlab.engine.kernel.table_readers import layer_of, step_row
from trainlab.engine.kernel.tables import (
    FAN_IN,
    FAN_OUT,
    FIRST_BIAS,
    FIRST_WEIGHT,
    FROZEN,
    NOT_CLIPPED,
)
from trainlab.engine.kernel.vector import absolute, fma, splat, where_equal
from trainlab.maths.gradients import KEPT_SIZE


@njit(forceinline=True)
def update_layers(lane: Any, tile: Any, step: int, chosen: Any) -> None:
    """As `update_all`, with the gradients of layers equalised if asked, and without a step on frozen ones."""
    if tile.penalised > 0:
        penalise(lane, tile)
    for index in range(tile.layers):
        if layer_of(tile, index, FROZEN) > 0:
            first = layer_of(tile, index, FIRST_WEIGHT)
            clear_rows(lane, tile.memory, tile.row_gradient + first, parameters_of(tile, index))
    if tile.equalised > 0:
        equalise(lane, tile)
    if tile.clip != NOT_CLIPPED:
        clip_gradients(lane, tile)
    row = step_row(tile, step)
    for index in range(tile.layers):
        if layer_of(tile, index, FROZEN) == 0:
            first = layer_of(tile, index, FIRST_WEIGHT)
            step_of(chosen, lane, tile, row, first, first + parameters_of(tile, index))


@njit(forceinline=True)
def parameters_of(tile: Any, index: int) -> int:
    """Return how many weights and biases a layer has; the biases stand after the weights."""
    fan_in, fan_out = layer_of(tile, index, FAN_IN), layer_of(tile, index, FAN_OUT)
    return fan_in * fan_out + (fan_out if layer_of(tile, index, FIRST_BIAS) >= 0 else 0)


@njit(forceinline=True)
def equalise(lane: Any, tile: Any) -> None:
    """Make each layer's gradient as large as the last one's: (g / s) · s of the last; where s is 0 it stays.

    Divided first, as a factor between the two could be more than float32 holds.
    """
    zero, last = splat(lane, 0.0), running_size(lane, tile, tile.layers - 1)
    for index in range(tile.layers - 1):
        size, first = running_size(lane, tile, index), layer_of(tile, index, FIRST_WEIGHT)
        for p in range(first, first + parameters_of(tile, index)):
            g = load(lane, tile.memory, tile.row_gradient + p)
            store(lane, tile.memory, tile.row_gradient + p, where_equal(size, zero, g, g / size * last))


@njit(forceinline=True)
def running_size(lane: Any, tile: Any, index: int) -> Any:
    """Update and return a layer's s ← 0.9 s + m, with m the mean |gradient| of its weights."""
    count = layer_of(tile, index, FAN_IN) * layer_of(tile, index, FAN_OUT)
    total = splat(lane, 0.0)
    for p in range(count):
        row = tile.row_gradient + layer_of(tile, index, FIRST_WEIGHT) + p
        total = total + absolute(load(lane, tile.memory, row))
    row = tile.row_layer_sizes + index
    size = fma(splat(lane, KEPT_SIZE), load(lane, tile.memory, row), total / splat(lane, count))
    store(lane, tile.memory, row, size)
    return size
