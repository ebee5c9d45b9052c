# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""Losses: what they add up to, and their gradients by the outputs."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types

from trainlab.engine.kernel.activations import softmax
from trainlab.engine.kernel.memory import call, element, layer_of, set_element
from trainlab.engine.kernel.simd import intrinsic, load, networks_of, samples_of, store
from trainlab.engine.kernel.tables import (
    BCE,
    BCE_WITH_LOGITS,
    CROSS_ENTROPY,
    EXP_LINK,
    HINGE,
    HUBER,
    L1,
    LOG_COSH,
    MARGIN_LINK,
    NLL,
    OUTPUT_UNIT,
    SIGMOID_LINK,
    SMOOTH_L1,
)
from trainlab.engine.kernel.vector import absolute, dot_samples, fma, splat, where_equal, where_less
from trainlab.engine.kernel.vector_maths import clamp, exp, log, log1p, sigmoid, tanh
from trainlab.maths.loss_functions import LEAST_LOG, LEAST_VARIANCE


@njit(forceinline=True)
def outputs_row(block: Any, tile: Any) -> int:
    """Return the row at which a block's outputs begin."""
    return tile.row_values + layer_of(tile, tile.layers - 1, OUTPUT_UNIT) * samples_of(block)


# What a loss's link makes of a block's outputs: predictions, in rows of their own.


@njit(forceinline=True)
def sigmoid_link(block: Any, z: Any) -> Any:
    """Return σ(z)."""
    return sigmoid(block, z)


@njit(forceinline=True)
def exp_link(block: Any, z: Any) -> Any:
    """Return eᶻ as a square, which reaches 0 and ∞ where exp itself stops before them."""
    root = exp(block, splat(block, 0.5) * z)
    return root * root


@njit(forceinline=True)
def margin_link(block: Any, z: Any) -> Any:
    """Return (z + 1)/2 held within 0 and 1."""
    zero, one, half = splat(block, 0.0), splat(block, 1.0), splat(block, 0.5)
    value = fma(half, z, half)
    return where_less(value, zero, zero, where_less(one, value, one, value))


LINKS = {SIGMOID_LINK: sigmoid_link, EXP_LINK: exp_link, MARGIN_LINK: margin_link}
"""By the link's code, those of one output each."""


@njit(forceinline=True)
def link_outputs(block: Any, tile: Any, link: Any) -> None:
    """Write the predictions that a function of one output makes."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    for output in range(tile.outputs):
        value = link(block, load(block, tile.memory, outputs + output * samples))
        store(block, tile.memory, tile.row_predictions + output * samples, value)


@njit(forceinline=True)
def link_by_softmax(block: Any, tile: Any) -> None:
    """Write the softmax of the outputs."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        store(block, tile.memory, tile.row_predictions + output * samples, value)
    softmax(block, tile.memory, tile.row_predictions, tile.outputs, False)


# Losses at the outputs: the gradient that starts the backward pass, and the loss itself.
#
# L1 and MSE stand here; the others are compiled units of their own.


@njit(forceinline=True)
def output_deltas(block: Any, tile: Any, unit: int, targets: int, shares: int) -> None:
    """Write ∂L/∂output of each output; the rows from `shares` hold each sample's share in the mean."""
    if unit != 0:
        call(unit, tile, targets, shares, 0)
        return
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    deltas = outputs - tile.row_values + tile.row_deltas
    weights = load(block, tile.memory, shares)
    for output in range(tile.outputs):
        prediction = load(block, tile.memory, outputs + output * samples)
        error = prediction - load(block, tile.memory, targets + output * samples)
        if tile.loss == L1:
            zero = splat(block, 0.0)
            negative = where_less(error, zero, splat(block, -1.0), zero)
            slope = where_less(zero, error, splat(block, 1.0), negative)
        else:
            slope = error + error
        store(block, tile.memory, deltas + output * samples, slope * weights)


@njit(forceinline=True)
def add_loss(lane: Any, block: Any, tile: Any, targets: int, shares: int) -> None:
    """Add a block's share of the mean loss to the loss row, sample by sample.

    A sample's outputs are added up first, so that no block size changes the order of the sum.
    """
    if tile.unit_block_loss != 0:
        call(tile.unit_block_loss, tile, targets, shares, 0)
        return
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    terms = splat(block, 0.0)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        error = value - load(block, tile.memory, targets + output * samples)
        terms = terms + (absolute(error) if tile.loss == L1 else error * error)
    add_terms(lane, block, tile, terms, load(block, tile.memory, shares))


@njit(forceinline=True)
def add_terms(lane: Any, block: Any, tile: Any, terms: Any, weights: Any) -> None:
    """Add terms times their samples' shares to the loss row; without a share not even ∞ counts."""
    zero = splat(block, 0.0)
    terms = where_less(zero, weights, terms, zero)
    total = dot_samples(block, terms, weights, load(lane, tile.memory, tile.row_loss))
    store(lane, tile.memory, tile.row_loss, total)


# Losses, beyond L1 and MSE, with a term for each output: (term, slope) of each; see maths/losses.py.


LN2 = math.log(2.0)


@njit(forceinline=True)
def deltas_of_terms(block: Any, tile: Any, targets: int, shares: int, slope_of: Any) -> None:
    """Write ∂L/∂output of each output."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    deltas = outputs - tile.row_values + tile.row_deltas
    weights = load(block, tile.memory, shares)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        target = load(block, tile.memory, targets + output * samples)
        slope = slope_of(block, tile.loss_setting, value, target)
        store(block, tile.memory, deltas + output * samples, slope * weights)


@njit(forceinline=True)
def loss_of_terms(lane: Any, block: Any, tile: Any, targets: int, shares: int, term_of: Any) -> None:
    """Add a block's share of the mean loss to the loss row."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    terms = splat(block, 0.0)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        target = load(block, tile.memory, targets + output * samples)
        terms = terms + term_of(block, tile.loss_setting, value, target)
    add_terms(lane, block, tile, terms, load(block, tile.memory, shares))


@njit(forceinline=True)
def huber_term(block: Any, delta: float, value: Any, target: Any) -> Any:
    """Return d²/2 within delta of the target, delta (d − delta/2) beyond."""
    half, limit = splat(block, 0.5), splat(block, delta)
    d = absolute(value - target)
    return where_less(limit, d, limit * (d - half * limit), half * d * d)


@njit(forceinline=True)
def huber_slope(block: Any, delta: float, value: Any, target: Any) -> Any:
    """Return the error held within ±delta."""
    return clamp(block, value - target, delta)


@njit(forceinline=True)
def smooth_l1_term(block: Any, beta: float, value: Any, target: Any) -> Any:
    """Return Huber's term divided by beta, or |error| at beta 0."""
    if beta == 0.0:
        return absolute(value - target)
    return huber_term(block, beta, value, target) / splat(block, beta)


@njit(forceinline=True)
def smooth_l1_slope(block: Any, beta: float, value: Any, target: Any) -> Any:
    """Return the error held within ±beta, divided by beta, or its sign at beta 0."""
    error = value - target
    if beta == 0.0:
        zero, one = splat(block, 0.0), splat(block, 1.0)
        return where_less(zero, error, one, where_less(error, zero, zero - one, zero))
    return clamp(block, error, beta) / splat(block, beta)


@njit(forceinline=True)
def log_cosh_term(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return ln cosh d = d − ln 2 + ln(1 + e^−2d); near 0 ln(1 + sinh² d)/2, of which no digit is lost."""
    zero, one, half = splat(block, 0.0), splat(block, 1.0), splat(block, 0.5)
    d = absolute(value - target)
    small = where_less(one, d, one, d)
    e = exp(block, small)
    sinh = where_less(d, splat(block, 0.25), sinh_near_zero(block, small), half * (e - one / e))
    square = where_less(sinh * sinh, one, sinh * sinh, one)
    tail = log1p(block, exp(block, zero - (d + d)))
    return where_less(d, splat(block, 0.75), half * log1p(block, square), d - splat(block, LN2) + tail)


@njit(forceinline=True)
def sinh_near_zero(block: Any, x: Any) -> Any:
    """Return sinh x for 0 ≤ x ≤ 1/4 by its Taylor series, of which eight terms leave 1e-18."""
    square = x * x
    total = splat(block, 0.0)
    for k in range(8, 0, -1):
        total = (total + splat(block, 1.0)) * square / splat(block, float((2 * k) * (2 * k + 1)))
    return fma(x, total, x)


@njit(forceinline=True)
def log_cosh_slope(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return tanh of the error."""
    return tanh(block, value - target)


@njit(forceinline=True)
def log_within(block: Any, x: Any) -> Any:
    """Return ln x, at least −100, as PyTorch's binary cross-entropy has it."""
    least = splat(block, LEAST_LOG)
    value = log(block, x)
    return where_less(value, least, least, value)


@njit(forceinline=True)
def bce_term(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return −(y ln p + (1 − y) ln(1 − p))."""
    zero, one, small = splat(block, 0.0), splat(block, 1.0), splat(block, 0.25)
    # log1p keeps the digits that 1 − p loses of a small p; it is no good beyond a quarter.
    near = where_less(value, small, value, small)
    rest = where_less(value, small, log1p(block, zero - near), log_within(block, one - value))
    return zero - (target * log_within(block, value) + (one - target) * rest)


@njit(forceinline=True)
def bce_slope(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return (p − y) / max(p (1 − p), 1e-12)."""
    variance, least = value * (splat(block, 1.0) - value), splat(block, LEAST_VARIANCE)
    return (value - target) / where_less(variance, least, least, variance)


@njit(forceinline=True)
def logits_term(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return (1 − y) z + max(−z, 0) + ln(1 + e^−|z|)."""
    zero, one = splat(block, 0.0), splat(block, 1.0)
    negative = where_less(value, zero, zero - value, zero)
    tail = log1p(block, exp(block, zero - absolute(value)))
    return fma(one - target, value, negative) + tail


@njit(forceinline=True)
def logits_slope(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return σ(z) − y."""
    return sigmoid(block, value) - target


@njit(forceinline=True)
def hinge_term(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return max(0, 1 − t p), t = 2 y − 1."""
    zero, one = splat(block, 0.0), splat(block, 1.0)
    margin = one - (target + target - one) * value
    return where_less(margin, zero, zero, margin)


@njit(forceinline=True)
def hinge_slope(block: Any, setting: float, value: Any, target: Any) -> Any:
    """Return −t where t p < 1, else 0."""
    zero, one = splat(block, 0.0), splat(block, 1.0)
    side = target + target - one
    return where_less(side * value, one, zero - side, zero)


TERMS = {
    HUBER: (huber_term, huber_slope),
    SMOOTH_L1: (smooth_l1_term, smooth_l1_slope),
    LOG_COSH: (log_cosh_term, log_cosh_slope),
    BCE: (bce_term, bce_slope),
    BCE_WITH_LOGITS: (logits_term, logits_slope),
    HINGE: (hinge_term, hinge_slope),
}
"""By the loss's code: a term of the loss and its derivative by the output."""


# Cross-entropy and NLL: losses with one term for all outputs of a sample; see maths/losses.py.


@njit(forceinline=True)
def smoothed(block: Any, tile: Any, target: Any) -> Any:
    """Return (1 − s) y + s/C."""
    share = tile.loss_setting
    return fma(splat(block, 1.0 - share), target, splat(block, share / tile.outputs))


@njit(forceinline=True)
def total_power(block: Any, tile: Any, outputs: int) -> Any:
    """Return (largest output, Σ e^(output − largest)) of each sample."""
    samples = samples_of(block)
    largest = load(block, tile.memory, outputs)
    for output in range(1, tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        largest = where_less(largest, value, value, largest)
    total = splat(block, 0.0)
    for output in range(tile.outputs):
        total = total + exp(block, load(block, tile.memory, outputs + output * samples) - largest)
    return largest, total


@njit(forceinline=True)
def cross_entropy_deltas(block: Any, tile: Any, targets: int, shares: int) -> None:
    """Write ∂L/∂output: softmax(z) Σ y′ − y′."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    deltas = outputs - tile.row_values + tile.row_deltas
    weights = load(block, tile.memory, shares)
    largest, total = total_power(block, tile, outputs)
    whole = splat(block, 0.0)
    for output in range(tile.outputs):
        whole = whole + smoothed(block, tile, load(block, tile.memory, targets + output * samples))
    for output in range(tile.outputs):
        share = exp(block, load(block, tile.memory, outputs + output * samples) - largest) / total
        target = smoothed(block, tile, load(block, tile.memory, targets + output * samples))
        store(block, tile.memory, deltas + output * samples, (share * whole - target) * weights)


@njit(forceinline=True)
def nll_deltas(block: Any, tile: Any, targets: int, shares: int) -> None:
    """Write ∂L/∂output: −y."""
    samples = samples_of(block)
    deltas = outputs_row(block, tile) - tile.row_values + tile.row_deltas
    weights = load(block, tile.memory, shares)
    for output in range(tile.outputs):
        target = load(block, tile.memory, targets + output * samples)
        store(block, tile.memory, deltas + output * samples, splat(block, 0.0) - target * weights)


@njit(forceinline=True)
def cross_entropy_loss(lane: Any, block: Any, tile: Any, targets: int, shares: int) -> None:
    """Add a block's share of −Σ y′ (z − ln Σ e^z)."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    largest, total = total_power(block, tile, outputs)
    shift = largest + log(block, total)
    terms = splat(block, 0.0)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples) - shift
        terms = terms - smoothed(block, tile, load(block, tile.memory, targets + output * samples)) * value
    add_terms(lane, block, tile, terms, load(block, tile.memory, shares))


@njit(forceinline=True)
def nll_loss(lane: Any, block: Any, tile: Any, targets: int, shares: int) -> None:
    """Add a block's share of −Σ y z; where y is 0 nothing counts, not even z = −∞."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    zero = splat(block, 0.0)
    terms = zero
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        target = load(block, tile.memory, targets + output * samples)
        terms = terms - where_equal(target, zero, zero, target * value)
    add_terms(lane, block, tile, terms, load(block, tile.memory, shares))


OVER_OUTPUTS = {CROSS_ENTROPY: (cross_entropy_loss, cross_entropy_deltas), NLL: (nll_loss, nll_deltas)}
"""By the loss's code: what adds a block's share of the loss, and what writes its derivative."""


# A loss of the user's own: a compiled function of two numbers, called for each by its address.
#
# It is called, never inlined, so that no compiler vectorises it and every number comes out the same
# wherever it stands. It is computed in float64 and rounded.


@intrinsic
def call_function(_typing: Any, function: Any, x: Any, y: Any) -> Any:
    """Return a compiled function of two float64, at an address, of two numbers."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()] * 2)
        numbers = [
            context.cast(builder, value, given, types.float64)
            for value, given in zip(args[1:], sig.args[1:], strict=True)
        ]
        address = context.cast(builder, args[0], sig.args[0], types.int64)
        return builder.call(builder.inttoptr(address, kind.as_pointer()), numbers)

    return types.float64(function, x, y), codegen


@njit(forceinline=True)
def write_custom_deltas(block: Any, tile: Any, targets: int, shares: int) -> None:
    """Write ∂L/∂output of each output."""
    networks = networks_of(block)
    size = samples_of(block) * networks
    outputs = outputs_row(block, tile)
    deltas = outputs - tile.row_values + tile.row_deltas
    for output in range(tile.outputs):
        for place in range(size):
            at = output * size + place
            p = element(block, tile.memory, outputs * networks + at)
            y = element(block, tile.memory, targets * networks + at)
            share = element(block, tile.memory, shares * networks + place)
            # Without a share not even ∞ counts.
            delta = call_function(tile.unit_loss_slope, p, y) * share if share > 0 else 0.0
            set_element(block, tile.memory, deltas * networks + at, delta)


@njit(forceinline=True)
def add_custom_loss(lane: Any, block: Any, tile: Any, targets: int, shares: int) -> None:
    """Add a block's share of the mean loss to the loss row."""
    networks = networks_of(block)
    size = samples_of(block) * networks
    outputs = outputs_row(block, tile)
    # The deltas of the first output are written after the loss is known: until then there is room.
    room = outputs - tile.row_values + tile.row_deltas
    for place in range(size):
        total = 0.0
        for output in range(tile.outputs):
            at = output * size + place
            p = element(block, tile.memory, outputs * networks + at)
            total += call_function(
                tile.unit_loss_value, p, element(block, tile.memory, targets * networks + at)
            )
        set_element(block, tile.memory, room * networks + place, total)
    add_terms(lane, block, tile, load(block, tile.memory, room), load(block, tile.memory, shares))
