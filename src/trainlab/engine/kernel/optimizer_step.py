# Overloads return functions for numba to compile; their arguments have no types before that.
# pyright: basic
"""A step of any optimizer on every parameter, from gradients added up before; with penalties and clipping."""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.memory import layer_of, step_number, step_row
from trainlab.engine.kernel.simd import load, store
from trainlab.engine.kernel.steps import clear_rows
from trainlab.engine.kernel.tables import (
    CLIP_VALUE,
    DECAY,
    FAN_IN,
    FAN_OUT,
    FIRST_BIAS,
    FIRST_WEIGHT,
    FROZEN,
    MOMENTUM,
    NOT_CLIPPED,
    RATE,
    SCALE,
    SECOND_RATE,
)
from trainlab.engine.kernel.vector import absolute, fma, splat, sqrt, where_equal, where_less
from trainlab.engine.kernel.vector_maths import clamp
from trainlab.maths.gradients import KEPT_SIZE


@njit(forceinline=True)
def update_all(lane: Any, tile: Any, step: int, chosen: Any) -> None:
    """Penalise, clip, and make the step of the optimizer chosen, by the formulas of maths/optimizers.py."""
    if tile.penalised > 0:
        penalise(lane, tile)
    if tile.clip != NOT_CLIPPED:
        clip_gradients(lane, tile)
    step_of(chosen, lane, tile, step_row(tile, step), 0, tile.parameters)


@njit(forceinline=True)
def penalise(lane: Any, tile: Any) -> None:
    """Add the gradient of l1 · Σ |w| + l2 · Σ w² to that of every weight; biases go free."""
    zero, l1 = splat(lane, 0.0), splat(lane, tile.l1)
    for index in range(tile.layers):
        first = layer_of(tile, index, FIRST_WEIGHT)
        for p in range(first, first + layer_of(tile, index, FAN_IN) * layer_of(tile, index, FAN_OUT)):
            w = load(lane, tile.memory, tile.row_parameters + p)
            side = where_less(zero, w, l1, where_less(w, zero, zero - l1, zero))
            g = load(lane, tile.memory, tile.row_gradient + p) + side
            store(lane, tile.memory, tile.row_gradient + p, fma(splat(lane, 2.0 * tile.l2), w, g))


@njit(forceinline=True)
def clip_gradients(lane: Any, tile: Any) -> None:
    """Hold each gradient within ±clip, or all of them, by one factor, to the norm clip."""
    gradient, count = tile.row_gradient, tile.parameters
    if tile.clip == CLIP_VALUE:
        for p in range(count):
            g = load(lane, tile.memory, gradient + p)
            store(lane, tile.memory, gradient + p, clamp(lane, g, tile.clip_limit))
        return
    total = splat(lane, 0.0)
    for p in range(count):
        g = load(lane, tile.memory, gradient + p)
        total = fma(g, g, total)
    one = splat(lane, 1.0)
    factor = splat(lane, tile.clip_limit) / (sqrt(total) + splat(lane, 1e-6))
    factor = where_less(one, factor, one, factor)
    for p in range(count):
        store(lane, tile.memory, gradient + p, load(lane, tile.memory, gradient + p) * factor)


@njit(forceinline=True)
def rate_of(lane: Any, tile: Any, row: int, column: int) -> Any:
    """Return a rate of the table of steps, times each network's own factor."""
    rate = splat(lane, step_number(tile, row, column))
    if tile.plateau > 0:
        rate = rate * load(lane, tile.memory, tile.row_rate_factor)
    return rate


@njit(forceinline=True)
def decay_of(lane: Any, tile: Any, row: int) -> Any:
    """Return 1 − lr · weight_decay, for weight decay that is decoupled from the gradient."""
    return splat(lane, 1.0) - rate_of(lane, tile, row, DECAY)


@njit(forceinline=True)
def decayed_gradient(lane: Any, tile: Any, p: int) -> Any:
    """Return g + weight_decay · w."""
    g = load(lane, tile.memory, tile.row_gradient + p)
    if tile.weight_decay != 0.0 and tile.decoupled == 0:
        g = fma(splat(lane, tile.weight_decay), load(lane, tile.memory, tile.row_parameters + p), g)
    return g


@njit(forceinline=True)
def parameter(lane: Any, tile: Any, p: int, kept: Any) -> Any:
    """Return w, or w · kept where weight decay is decoupled."""
    w = load(lane, tile.memory, tile.row_parameters + p)
    return w * kept if tile.decoupled > 0 else w


@njit(forceinline=True)
def descend(lane: Any, tile: Any, p: int, w: Any, rate: Any, change: Any) -> None:
    """w ← w − rate · change, rounded once, as the step fused with the backward pass has it."""
    store(lane, tile.memory, tile.row_parameters + p, fma(splat(lane, -1.0) * rate, change, w))


@njit(forceinline=True)
def step_sgd(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """b ← momentum · b + (1 − dampening) g; w ← w − lr · (b, or g + momentum · b).

    Where a schedule takes the momentum to 0, the buffer waits, as PyTorch's does.
    """
    rate, now = rate_of(lane, tile, row, RATE), step_number(tile, row, MOMENTUM)
    momentum, share = splat(lane, now), splat(lane, step_number(tile, row, SCALE))
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        if tile.carries_momentum > 0 and now > 0.0:
            buffer = fma(momentum, load(lane, tile.memory, tile.row_first_state + p), share * g)
            store(lane, tile.memory, tile.row_first_state + p, buffer)
            g = fma(momentum, buffer, g) if tile.nesterov > 0 else buffer
        descend(lane, tile, p, load(lane, tile.memory, tile.row_parameters + p), rate, g)


@njit(forceinline=True)
def moments(lane: Any, tile: Any, row: int, p: int, g: Any) -> Any:
    """Update and return m ← m + (1 − β₁)(g − m) and v ← β₂ v + (1 − β₂) g²."""
    mean = load(lane, tile.memory, tile.row_first_state + p)
    mean = fma(splat(lane, 1.0 - step_number(tile, row, MOMENTUM)), g - mean, mean)
    store(lane, tile.memory, tile.row_first_state + p, mean)
    return mean, mean_square(lane, tile, tile.row_second_state + p, tile.beta2, g)


@njit(forceinline=True)
def mean_square(lane: Any, tile: Any, place: int, beta: float, g: Any) -> Any:
    """Update and return v ← β v + (1 − β) g²."""
    square = load(lane, tile.memory, place) * splat(lane, beta)
    square = fma(splat(lane, 1.0 - beta) * g, g, square)
    store(lane, tile.memory, place, square)
    return square


@njit(forceinline=True)
def step_adam(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """w ← w − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps), with AMSGrad's and AdamW's changes."""
    rate, scale, eps = rate_of(lane, tile, row, RATE), step_number(tile, row, SCALE), splat(lane, tile.eps)
    kept = decay_of(lane, tile, row)
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        mean, square = moments(lane, tile, row, p, g)
        if tile.amsgrad > 0:
            largest = load(lane, tile.memory, tile.row_third_state + p)
            square = where_less(largest, square, square, largest)
            store(lane, tile.memory, tile.row_third_state + p, square)
        change = mean / fma(sqrt(square), splat(lane, scale), eps)
        descend(lane, tile, p, parameter(lane, tile, p, kept), rate, change)


@njit(forceinline=True)
def step_nadam(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """w ← w − (rate_g · g + rate_m · m) / (√v/√(1 − β₂ᵗ) + eps)."""
    gradient_rate, mean_rate = rate_of(lane, tile, row, RATE), rate_of(lane, tile, row, SECOND_RATE)
    scale, eps = splat(lane, step_number(tile, row, SCALE)), splat(lane, tile.eps)
    kept = decay_of(lane, tile, row)
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        mean, square = moments(lane, tile, row, p, g)
        change = (gradient_rate * g + mean_rate * mean) / fma(sqrt(square), scale, eps)
        descend(lane, tile, p, parameter(lane, tile, p, kept), splat(lane, 1.0), change)


@njit(forceinline=True)
def step_radam(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """w ← w − rate · m · (rectification · √(1 − β₂ᵗ) / (√v + eps), or 1 while it isn't defined)."""
    rate, scale, eps = rate_of(lane, tile, row, RATE), step_number(tile, row, SCALE), splat(lane, tile.eps)
    kept = decay_of(lane, tile, row)
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        mean, square = moments(lane, tile, row, p, g)
        change = mean
        if scale > 0.0:
            change = mean * (splat(lane, scale) / (sqrt(square) + eps))
        descend(lane, tile, p, parameter(lane, tile, p, kept), rate, change)


@njit(forceinline=True)
def step_rmsprop(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """v ← α v + (1 − α) g²; b ← momentum · b + g / (√(v − ḡ²) + eps); w ← w − lr · b."""
    rate, eps = rate_of(lane, tile, row, RATE), splat(lane, tile.eps)
    momentum = step_number(tile, row, MOMENTUM)
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        square = mean_square(lane, tile, tile.row_first_state + p, tile.beta2, g)
        if tile.centered > 0:
            mean = load(lane, tile.memory, tile.row_second_state + p)
            mean = fma(splat(lane, 1.0 - tile.beta2), g - mean, mean)
            store(lane, tile.memory, tile.row_second_state + p, mean)
            square = square - mean * mean
        change = g / (sqrt(square) + eps)
        if tile.carries_momentum > 0 and momentum > 0.0:
            before = load(lane, tile.memory, tile.row_third_state + p)
            change = fma(splat(lane, momentum), before, change)
            store(lane, tile.memory, tile.row_third_state + p, change)
        descend(lane, tile, p, load(lane, tile.memory, tile.row_parameters + p), rate, change)


@njit(forceinline=True)
def step_adagrad(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """s ← s + g²; w ← w − rate · g / (√s + eps)."""
    rate, eps = rate_of(lane, tile, row, RATE), splat(lane, tile.eps)
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        square = fma(g, g, load(lane, tile.memory, tile.row_first_state + p))
        store(lane, tile.memory, tile.row_first_state + p, square)
        w = load(lane, tile.memory, tile.row_parameters + p)
        descend(lane, tile, p, w, rate, g / (sqrt(square) + eps))


@njit(forceinline=True)
def step_adadelta(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """v ← ρ v + (1 − ρ) g²; d = √(u + eps)/√(v + eps) · g; u ← ρ u + (1 − ρ) d²; w ← w − lr · d."""
    rate, eps = rate_of(lane, tile, row, RATE), splat(lane, tile.eps)
    for p in range(first, stop):
        g = decayed_gradient(lane, tile, p)
        square = mean_square(lane, tile, tile.row_first_state + p, tile.beta2, g)
        before = load(lane, tile.memory, tile.row_second_state + p)
        change = sqrt(before + eps) / sqrt(square + eps) * g
        mean_square(lane, tile, tile.row_second_state + p, tile.beta2, change)
        descend(lane, tile, p, load(lane, tile.memory, tile.row_parameters + p), rate, change)


@njit(forceinline=True)
def step_lion(lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """w ← (1 − lr · weight_decay) w − lr · sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g."""
    rate, kept = rate_of(lane, tile, row, RATE), decay_of(lane, tile, row)
    beta1, beta2 = step_number(tile, row, MOMENTUM), tile.beta2
    zero, one = splat(lane, 0.0), splat(lane, 1.0)
    for p in range(first, stop):
        g = load(lane, tile.memory, tile.row_gradient + p)
        mean = load(lane, tile.memory, tile.row_first_state + p)
        blend = splat(lane, beta1) * mean + splat(lane, 1.0 - beta1) * g
        side = where_less(zero, blend, one, where_less(blend, zero, zero - one, zero))
        descend(lane, tile, p, parameter(lane, tile, p, kept), rate, side)
        store(
            lane,
            tile.memory,
            tile.row_first_state + p,
            splat(lane, beta2) * mean + splat(lane, 1.0 - beta2) * g,
        )


STEPS = (
    step_sgd,
    step_adam,
    step_adam,
    step_nadam,
    step_radam,
    step_rmsprop,
    step_adagrad,
    step_adadelta,
    step_lion,
)
"""By the optimizer's code; each takes the parameters `first` … `stop` − 1."""


def step_of(chosen: Any, lane: Any, tile: Any, row: int, first: int, stop: int) -> None:
    """Make the step of the optimizer chosen on the parameters `first` … `stop` − 1."""
    raise TypeError("step_of runs in compiled code only")


@overload(step_of, strict=False, jit_options={"forceinline": True})
def _overload_step(chosen: Any, lane: Any, tile: Any, row: Any, first: Any, stop: Any) -> Any:
    function = STEPS[chosen.tag.code]
    return lambda chosen, lane, tile, row, first, stop: function(lane, tile, row, first, stop)


# A step that treats layers apart: their gradients made equally large, or some of them left as they are.


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
