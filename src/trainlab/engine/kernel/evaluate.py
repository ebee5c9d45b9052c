"""A reading of all networks of a tile: loss, misses and gradients, over all examples or those of one step."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.draws import batch_size
from trainlab.engine.kernel.example_blocks import bring_block
from trainlab.engine.kernel.fused_updates import clear_rows
from trainlab.engine.kernel.layers import backward, forward, outputs_row
from trainlab.engine.kernel.losses import add_loss, output_deltas
from trainlab.engine.kernel.memory import call
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.table_readers import layer_of
from trainlab.engine.kernel.tables import FAN_IN, FAN_OUT, FIRST_WEIGHT, HELD_OUT, OF_STEP, WITHIN
from trainlab.engine.kernel.vector import absolute, dot_samples, splat, where_equal, where_less


@njit(forceinline=True)
def evaluate(lane: Any, block: Any, tile: Any, adding: Any, which: int, gradients: bool, number: int) -> None:
    """Compute the loss over examples, the misses and, if asked, the gradients.

    `which` examples: all that are trained on, those held out, or those of the training step `number`. Of all
    of them, with a `number` ≥ 0, the first predictions are written from that row of the readings on.
    """
    samples = samples_of(block)
    clear_rows(lane, tile.memory, tile.row_loss, 4)
    if gradients:
        clear_rows(lane, tile.memory, tile.row_gradient, tile.parameters)
    points = tile.held_points if which == HELD_OUT else tile.points
    if which == OF_STEP:
        points = batch_size(tile, number)
    for part in range((points + samples - 1) // samples):
        inputs, targets, shares = bring_examples(block, tile, which, part, number, points)
        forward(lane, block, tile, inputs, -1, part)
        add_loss(lane, block, tile, targets, shares)
        note_broken(lane, block, tile)
        predictions = outputs_row(block, tile)
        if tile.unit_link != 0:
            call(tile.unit_link, tile, 0, 0, 0)
            predictions = tile.row_predictions
        count_misses(lane, block, tile, predictions, targets, shares)
        if which != OF_STEP and number >= 0:
            keep_predictions(lane, block, tile, predictions, part, number)
        if gradients:
            output_deltas(block, tile, tile.unit_block_deltas, targets, shares)
            backward(lane, block, tile, inputs, adding, (0.0, 0.0, 0.0), False)


@njit(forceinline=True)
def bring_examples(block: Any, tile: Any, which: int, part: int, step: int, size: int) -> Any:
    """Return the rows of a block's inputs, targets and shares in the mean."""
    if which == OF_STEP:
        call(tile.unit_gather_anew, tile, step, part, size)
        return tile.row_inputs, tile.row_targets, tile.row_weights
    return bring_block(block, tile, part, which == HELD_OUT)


@njit(forceinline=True)
def note_broken(lane: Any, block: Any, tile: Any) -> None:
    """Add x − x of every output: 0 as long as all are finite."""
    samples, row = samples_of(block), tile.row_broken
    outputs, one = outputs_row(block, tile), splat(block, 1.0)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        total = dot_samples(block, value - value, one, load(lane, tile.memory, row))
        store(lane, tile.memory, row, total)


@njit(forceinline=True)
def count_misses(lane: Any, block: Any, tile: Any, predictions: int, targets: int, shares: int) -> None:
    """Add up predictions out of reach of their targets, and examples put into the wrong class.

    Samples without a share in the mean fill up a block, and count nowhere. A NaN is never right.
    """
    samples = samples_of(block)
    zero, one, half = splat(block, 0.0), splat(block, 1.0), splat(block, 0.5)
    counted = where_less(zero, load(block, tile.memory, shares), one, zero)
    if tile.solved == WITHIN:
        within = splat(block, tile.threshold)
        for output in range(tile.outputs):
            prediction = load(block, tile.memory, predictions + output * samples)
            error = absolute(prediction - load(block, tile.memory, targets + output * samples))
            missed = where_less(error, within, zero, one)
            row = tile.row_missed
            store(lane, tile.memory, row, dot_samples(block, missed, counted, load(lane, tile.memory, row)))
    if tile.outputs == 1:
        value = load(block, tile.memory, predictions)
        prediction = where_less(half, value, one, zero)
        target = where_less(half, load(block, tile.memory, targets), one, zero)
        wrong = where_equal(value, value, absolute(prediction - target), one)
    else:
        # The largest target, and whether the first largest prediction stands at its place.
        best, top = load(block, tile.memory, predictions), load(block, tile.memory, targets)
        right, told = one, where_equal(best, best, one, zero)
        for output in range(1, tile.outputs):
            prediction = load(block, tile.memory, predictions + output * samples)
            target = load(block, tile.memory, targets + output * samples)
            moved = where_less(best, prediction, one, zero)
            here = where_less(top, target, one, zero)
            # Both move: right. One of them: wrong. Neither: as before.
            stays = where_less(moved + here, half, right, zero)
            right = where_less(one, moved + here, one, stays)
            told = where_equal(prediction, prediction, told, zero)
            best = where_less(best, prediction, prediction, best)
            top = where_less(top, target, target, top)
        wrong = one - right * told
    store(
        lane,
        tile.memory,
        tile.row_wrong,
        dot_samples(block, wrong, counted, load(lane, tile.memory, tile.row_wrong)),
    )


@njit(forceinline=True)
def keep_predictions(lane: Any, block: Any, tile: Any, predictions: int, part: int, kept: int) -> None:
    """Write the predictions of the first examples to the readings."""
    samples = samples_of(block)
    for sample in range(samples):
        point = part * samples + sample
        if point < tile.kept_points:
            for output in range(tile.outputs):
                value = load(lane, tile.memory, predictions + output * samples + sample)
                store(lane, tile.readings, kept + point * tile.outputs + output, value)


@njit(forceinline=True)
def mean_gradients(lane: Any, tile: Any, target: Any, first: int) -> None:
    """Write the mean |gradient| of each layer's weights, a row a layer from row `first`."""
    for index in range(tile.layers):
        count = layer_of(tile, index, FAN_IN) * layer_of(tile, index, FAN_OUT)
        total = splat(lane, 0.0)
        for p in range(count):
            row = tile.row_gradient + layer_of(tile, index, FIRST_WEIGHT) + p
            total = total + absolute(load(lane, tile.memory, row))
        store(lane, target, first + index, total * splat(lane, 1.0 / count))
