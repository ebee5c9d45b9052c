"""Softmax and its logarithm over a layer's outputs, forward and backward, sample by sample."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.table_readers import layer_of
from trainlab.engine.kernel.tables import FAN_OUT, OUTPUT_UNIT
from trainlab.engine.kernel.vector import fma, splat, where_less
from trainlab.engine.kernel.vector_log import log
from trainlab.engine.kernel.vector_maths import exp


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
