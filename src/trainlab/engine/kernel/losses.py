"""Losses at the output: the gradient that starts the backward pass, and the loss itself."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.lanes import load, samples_of, store
from trainlab.engine.kernel.tables import L1
from trainlab.engine.kernel.vector import absolute, dot_samples, splat, where_less


@njit(forceinline=True)
def output_deltas(
    block: Any,
    loss: int,
    memory: Any,
    predictions: int,
    targets: int,
    weights: Any,
    deltas: int,
    outputs: int,
) -> None:
    """Write ∂L/∂prediction of each output; `weights` is a block: each sample's share in the mean."""
    samples = samples_of(block)
    for output in range(outputs):
        prediction = load(block, memory, predictions + output * samples)
        error = prediction - load(block, memory, targets + output * samples)
        if loss == L1:
            zero = splat(block, 0.0)
            negative = where_less(error, zero, splat(block, -1.0), zero)
            slope = where_less(zero, error, splat(block, 1.0), negative)
        else:
            slope = error + error
        store(block, memory, deltas + output * samples, slope * weights)


@njit(forceinline=True)
def add_loss(
    lane: Any,
    block: Any,
    loss: int,
    memory: Any,
    predictions: int,
    targets: int,
    weights: Any,
    row: int,
    outputs: int,
) -> None:
    """Add a block's share of the mean loss to the row `row`."""
    samples = samples_of(block)
    for output in range(outputs):
        prediction = load(block, memory, predictions + output * samples)
        error = prediction - load(block, memory, targets + output * samples)
        if loss == L1:
            share = dot_samples(block, absolute(error), weights)
        else:
            share = dot_samples(block, error * error, weights)
        store(lane, memory, row, load(lane, memory, row) + share)


@njit(forceinline=True)
def mark_unsolved(
    lane: Any, block: Any, memory: Any, predictions: int, targets: int, within: float, row: int, outputs: int
) -> None:
    """Add up, for each network, how many predictions of a block are not within reach of their target."""
    samples = samples_of(block)
    for output in range(outputs):
        prediction = load(block, memory, predictions + output * samples)
        error = absolute(prediction - load(block, memory, targets + output * samples))
        one = splat(block, 1.0)
        missed = where_less(error, splat(block, within), splat(block, 0.0), one)
        store(lane, memory, row, load(lane, memory, row) + dot_samples(block, missed, one))
