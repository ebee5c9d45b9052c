"""Losses at the outputs: the gradient that starts the backward pass, and the loss itself.

L1 and MSE stand here; the others are compiled units of their own, made of loss_terms.py and cross_entropy.py.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.layers import outputs_row
from trainlab.engine.kernel.memory import call
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.tables import L1
from trainlab.engine.kernel.vector import absolute, dot_samples, splat, where_less


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
