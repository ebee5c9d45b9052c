# Overloads return functions for numba to compile; their arguments have no types before that.
# pyright: basic
"""A step of training: forward and backward through the layers, and the update fused with it."""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.activations import activate, multiply_by_slope
from trainlab.engine.kernel.draws import batch_size, bring_block, choose_example
from trainlab.engine.kernel.losses import output_deltas, outputs_row
from trainlab.engine.kernel.memory import call, element, event, layer_of, set_event, step_number, step_row
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.tables import (
    DROPS,
    FAN_IN,
    FAN_OUT,
    FIRST_BIAS,
    FIRST_WEIGHT,
    FULL,
    INPUT_UNIT,
    MOMENTUM,
    OUTPUT_UNIT,
    RATE,
    SCALE,
)
from trainlab.engine.kernel.vector import any_not_finite, dot_samples, fma, repeat_samples, splat, sqrt

# One step of SGD or Adam on one row of parameters, fused with the backward pass; or a gradient added up.


@njit(forceinline=True)
def rates_of(tile: Any, step: int) -> Any:
    """Return (rate, scale, momentum) of a step; the last row of the table holds for all that follow."""
    row = step_row(tile, step)
    return step_number(tile, row, RATE), step_number(tile, row, SCALE), step_number(tile, row, MOMENTUM)


@njit(forceinline=True)
def apply_sgd(lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any) -> None:
    """b ← momentum · b + g, w ← w − lr · b, for parameter row `p` with g = Σ delta · a over the samples."""
    rate, _, momentum = rates
    weight = load(lane, tile.memory, tile.row_parameters + p)
    g = dot_samples(block, delta, a, splat(lane, 0.0))
    buffer = fma(splat(lane, momentum), load(lane, tile.memory, tile.row_first_state + p), g)
    store(lane, tile.memory, tile.row_first_state + p, buffer)
    store(lane, tile.memory, tile.row_parameters + p, fma(splat(lane, -rate), buffer, weight))


@njit(forceinline=True)
def apply_adam(lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any) -> None:
    """m ← m + (1 − β₁)(g − m), v ← β₂ v + (1 − β₂) g², w ← w − rate · m / (√v · scale + eps)."""
    rate, scale, beta1 = rates
    weight = load(lane, tile.memory, tile.row_parameters + p)
    mean = load(lane, tile.memory, tile.row_first_state + p)
    square = load(lane, tile.memory, tile.row_second_state + p) * splat(lane, tile.beta2)
    g = dot_samples(block, delta, a, splat(lane, 0.0))
    mean = fma(splat(lane, 1.0 - beta1), g - mean, mean)
    store(lane, tile.memory, tile.row_first_state + p, mean)
    square = fma(splat(lane, 1.0 - tile.beta2) * g, g, square)
    store(lane, tile.memory, tile.row_second_state + p, square)
    denominator = fma(sqrt(square), splat(lane, scale), splat(lane, tile.eps))
    store(lane, tile.memory, tile.row_parameters + p, fma(splat(lane, -rate), mean / denominator, weight))


@njit(forceinline=True)
def add_up(lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any) -> None:
    """Add to the gradient row sample by sample, so that no block size changes the order of the sum."""
    row = tile.row_gradient + p
    store(lane, tile.memory, row, dot_samples(block, delta, a, load(lane, tile.memory, row)))


APPLIES = (apply_sgd, apply_adam, add_up)
"""What is done with a gradient; for SGD and Adam by the optimizer's code, and `ADDED_UP`."""


def apply_gradient(
    chosen: Any, lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any
) -> None:
    """Act on the gradient of parameter row `p`, Σ delta · a over the samples, in the way chosen."""
    raise TypeError("apply_gradient runs in compiled code only")


@overload(apply_gradient, strict=False, jit_options={"forceinline": True})
def _overload_apply(
    chosen: Any, lane: Any, block: Any, tile: Any, rates: Any, p: Any, delta: Any, a: Any
) -> Any:
    function = APPLIES[chosen.tag.code]
    return lambda chosen, lane, block, tile, rates, p, delta, a: function(
        lane, block, tile, rates, p, delta, a
    )


@njit(forceinline=True)
def clear_rows(lane: Any, memory: Any, first: int, count: int) -> None:
    """Set `count` rows to zero."""
    for row in range(count):
        store(lane, memory, first + row, splat(lane, 0.0))


# Forward and backward through linear layers and activations, for a block of samples of every lane.


GROUP = 8
"""How many units the backward pass takes together: their rows of weights are read side by side, in order.

Taking all the units of a wide layer at once would jump from page to page with every weight.
"""


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


# One optimizer step of every network of a tile: on one example each, or on a batch, block by block.


@njit(forceinline=True)
def step_on_example(lane: Any, block: Any, tile: Any, step: int, apply: Any) -> None:
    """One step on one example a network, drawn with replacement; `apply` acts on each gradient."""
    if tile.unit_gather != 0:
        call(tile.unit_gather, tile, step, 0, 1)
    else:
        choose_example(lane, block, tile, step)
    if tile.unit_noise != 0:
        call(tile.unit_noise, tile, step, 0, tile.row_inputs)
    forward(lane, lane, tile, tile.row_inputs, step, 0)
    note_diverged(lane, tile, outputs_row(lane, tile), tile.outputs, step)
    output_deltas(lane, tile, tile.unit_deltas, tile.row_targets, tile.row_share)
    if tile.adds_up > 0:
        clear_rows(lane, tile.memory, tile.row_gradient, tile.parameters)
    backward(lane, lane, tile, tile.row_inputs, apply, rates_of(tile, step), True)
    if tile.adds_up > 0:
        call(tile.unit_update, tile, step, 0, 0)


@njit(forceinline=True)
def step_on_batch(lane: Any, block: Any, tile: Any, step: int, apply: Any) -> None:
    """One step on a batch, block by block; `apply` makes the step only where one block holds every batch."""
    samples = samples_of(block)
    size = batch_size(tile, step)
    if tile.adds_up > 0:
        clear_rows(lane, tile.memory, tile.row_gradient, tile.parameters)
    for part in range((size + samples - 1) // samples):
        inputs, targets, shares = bring_batch(block, tile, step, part, size)
        forward(lane, block, tile, inputs, step, part)
        note_diverged(lane, tile, outputs_row(block, tile), tile.outputs * samples, step)
        output_deltas(block, tile, tile.unit_deltas, targets, shares)
        backward(lane, block, tile, inputs, apply, rates_of(tile, step), True)
    if tile.adds_up > 0:
        call(tile.unit_update, tile, step, 0, 0)


@njit(forceinline=True)
def bring_batch(block: Any, tile: Any, step: int, part: int, size: int) -> Any:
    """Return the rows of inputs, targets and shares of one block of a step's batch."""
    if tile.sampling != FULL:
        call(tile.unit_gather, tile, step, part, size)
    inputs, targets, shares = tile.row_inputs, tile.row_targets, tile.row_weights
    if tile.sampling == FULL:
        inputs, targets, shares = bring_block(block, tile, part, False)
    if tile.unit_noise != 0:
        call(tile.unit_noise, tile, step, part, inputs)
        inputs = tile.row_inputs
    return inputs, targets, shares


@njit(forceinline=True)
def note_diverged(lane: Any, tile: Any, first: int, count: int, step: int) -> None:
    """Remember the first step at which an output of a network was not finite, unless it had stopped."""
    for row in range(first, first + count):
        if any_not_finite(load(lane, tile.memory, row)):
            for network in range(tile.used):
                value = element(lane, tile.memory, row * tile.networks + network)
                before = max(
                    event(lane, tile.diverged_step, network), event(lane, tile.stopped_epoch, network)
                )
                if before < 0 and value - value != 0:
                    set_event(lane, tile.diverged_step, network, step)
