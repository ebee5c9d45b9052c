"""Losses, beyond L1 and MSE, with a term for each output: (term, slope) of each; see maths/losses.py."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from trainlab.engine.kernel.layers import outputs_row
from trainlab.engine.kernel.losses import add_terms
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.tables import BCE, BCE_WITH_LOGITS, HINGE, HUBER, LOG_COSH, SMOOTH_L1
from trainlab.engine.kernel.vector import absolute, fma, splat, where_less
from trainlab.engine.kernel.vector_log import log, log1p
from trainlab.engine.kernel.vector_maths import clamp, exp, sigmoid, tanh
from trainlab.maths.loss_functions import LEAST_LOG, LEAST_VARIANCE

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
