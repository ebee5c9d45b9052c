"""One optimizer step of every network of a tile: on one example each, or on a batch, block by block."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.draws import batch_size, choose_example
from trainlab.engine.kernel.example_blocks import bring_block
from trainlab.engine.kernel.fused_updates import clear_rows, rates_of
from trainlab.engine.kernel.layers import backward, forward, outputs_row
from trainlab.engine.kernel.losses import output_deltas
from trainlab.engine.kernel.memory import call, element, event, set_event
from trainlab.engine.kernel.simd import load, samples_of
from trainlab.engine.kernel.tables import FULL
from trainlab.engine.kernel.vector import any_not_finite


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
