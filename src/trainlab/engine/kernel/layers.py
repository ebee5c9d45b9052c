"""Forward and backward through linear layers and activations, for a block of samples of every lane."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.activations import activate, multiply_by_slope
from trainlab.engine.kernel.fused_updates import apply_gradient
from trainlab.engine.kernel.memory import call
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.table_readers import layer_of
from trainlab.engine.kernel.tables import (
    DROPS,
    FAN_IN,
    FAN_OUT,
    FIRST_BIAS,
    FIRST_WEIGHT,
    INPUT_UNIT,
    OUTPUT_UNIT,
)
from trainlab.engine.kernel.vector import fma, repeat_samples, splat

GROUP = 8
"""How many units the backward pass takes together: their rows of weights are read side by side, in order.

Taking all the units of a wide layer at once would jump from page to page with every weight.
"""


@njit(forceinline=True)
def outputs_row(block: Any, tile: Any) -> int:
    """Return the row at which a block's outputs begin."""
    return tile.row_values + layer_of(tile, tile.layers - 1, OUTPUT_UNIT) * samples_of(block)


@njit(forceinline=True)
def fused_sum(lane: Any, block: Any, tile: Any, weights: Any, source: int, count: int) -> Any:
    """Return Σ weight · value over `count` rows, each product fused into the sum."""
    samples, total = samples_of(block), splat(block, 0.0)
    for column in range(count):
        weight = repeat_samples(block, load(lane, tile.memory, weights + column))
        total = fma(weight, load(block, tile.memory, source + column * samples), total)
    return total


@njit(forceinline=True)
def rounded_sum(lane: Any, block: Any, tile: Any, weights: Any, source: int, count: int) -> Any:
    """Return the same sum with each product rounded before it is added."""
    samples, total = samples_of(block), splat(block, 0.0)
    for column in range(count):
        weight = repeat_samples(block, load(lane, tile.memory, weights + column))
        total = total + weight * load(block, tile.memory, source + column * samples)
    return total


@njit(forceinline=True)
def forward(lane: Any, block: Any, tile: Any, inputs: int, step: int, part: int) -> None:
    """Compute every unit of a block whose examples stand from row `inputs`.

    In training, `step` is the step's number and `part` the block's within its batch; a `step` of −1 is an
    evaluation, in which nothing is dropped.

    What is rounded decides how training ends. An output is a sum of numbers as large as its target, and
    equals that exactly only if they are rounded alike; Adam divides whatever is left, however small, by its
    own size. So a bias comes last, as PyTorch adds it, and each of the last layer's products is rounded: if
    they were fused, a product's rounding error would stay in the output, and no run would end at a loss of 0.
    """
    samples = samples_of(block)
    for index in range(tile.layers):
        fan_in, fan_out = layer_of(tile, index, FAN_IN), layer_of(tile, index, FAN_OUT)
        weights = tile.row_parameters + layer_of(tile, index, FIRST_WEIGHT)
        source = inputs if index == 0 else tile.row_values + layer_of(tile, index, INPUT_UNIT) * samples
        target = tile.row_values + layer_of(tile, index, OUTPUT_UNIT) * samples
        bias = layer_of(tile, index, FIRST_BIAS)
        last = index == tile.layers - 1
        for unit in range(fan_out):
            row = weights + unit * fan_in
            if last:
                total = rounded_sum(lane, block, tile, row, source, fan_in)
            else:
                total = fused_sum(lane, block, tile, row, source, fan_in)
            if bias >= 0:
                total = total + repeat_samples(
                    block, load(lane, tile.memory, tile.row_parameters + bias + unit)
                )
            store(block, tile.memory, target + unit * samples, total)
        activate(block, tile, index, step >= 0)
        if step >= 0 and layer_of(tile, index, DROPS) >= 0:
            call(tile.unit_drop, tile, index, step, part)


@njit(forceinline=True)
def backward(lane: Any, block: Any, tile: Any, inputs: int, apply: Any, rates: Any, training: bool) -> None:
    """Carry ∂L/∂output from the last layer's deltas to the first, and act on each gradient as it is known.

    `apply` makes the step on one row of parameters, or adds its gradient up. A weight passes its old value
    back before it is updated, so that one sweep over the weights does both.
    """
    samples = samples_of(block)
    for index in range(tile.layers - 1, -1, -1):
        fan_in, fan_out = layer_of(tile, index, FAN_IN), layer_of(tile, index, FAN_OUT)
        weights, bias = layer_of(tile, index, FIRST_WEIGHT), layer_of(tile, index, FIRST_BIAS)
        source = inputs if index == 0 else tile.row_values + layer_of(tile, index, INPUT_UNIT) * samples
        below = tile.row_deltas + layer_of(tile, index, INPUT_UNIT) * samples
        above = tile.row_deltas + layer_of(tile, index, OUTPUT_UNIT) * samples
        multiply_by_slope(block, tile, index, training)
        for start in range(0, fan_out, GROUP):
            stop = min(start + GROUP, fan_out)
            for column in range(fan_in):
                a = load(block, tile.memory, source + column * samples)
                back = splat(block, 0.0)
                if start > 0 and index > 0:
                    back = load(block, tile.memory, below + column * samples)
                for unit in range(start, stop):
                    delta = load(block, tile.memory, above + unit * samples)
                    p = weights + unit * fan_in + column
                    weight = load(lane, tile.memory, tile.row_parameters + p)
                    back = fma(repeat_samples(block, weight), delta, back)
                    apply_gradient(apply, lane, block, tile, rates, p, delta, a)
                if index > 0:
                    store(block, tile.memory, below + column * samples, back)
        if bias >= 0:
            one = splat(block, 1.0)
            for unit in range(fan_out):
                delta = load(block, tile.memory, above + unit * samples)
                apply_gradient(apply, lane, block, tile, rates, bias + unit, delta, one)
