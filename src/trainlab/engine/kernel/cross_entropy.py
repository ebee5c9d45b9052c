"""Cross-entropy and NLL: losses with one term for all outputs of a sample; see maths/losses.py."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.layers import outputs_row
from trainlab.engine.kernel.losses import add_terms
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.tables import CROSS_ENTROPY, NLL
from trainlab.engine.kernel.vector import fma, splat, where_equal, where_less
from trainlab.engine.kernel.vector_log import log
from trainlab.engine.kernel.vector_maths import exp


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
