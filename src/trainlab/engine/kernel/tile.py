# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""Training of a tile: epoch by epoch, its evaluations, and when networks stop."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types

from trainlab.engine.kernel.draws import batch_size, bring_block
from trainlab.engine.kernel.losses import add_loss, output_deltas, outputs_row
from trainlab.engine.kernel.memory import call, element, event, layer_of, mark_of, set_element, set_event
from trainlab.engine.kernel.simd import intrinsic, load, samples_of, store
from trainlab.engine.kernel.steps import backward, clear_rows, forward
from trainlab.engine.kernel.tables import (
    ACCURACY,
    FAN_IN,
    FAN_OUT,
    FIRST_WEIGHT,
    FULL,
    HELD_OUT,
    LOSS_BELOW,
    NEVER_STOPS,
    OF_STEP,
    READ_BROKEN,
    READ_HELD_LOSS,
    READ_HELD_WRONG,
    READ_LOSS,
    READ_SOLVED,
    READ_WRONG,
    SHUFFLED,
    STOPS_PATIENCE,
    STOPS_SOLVED,
    SUMMARY_ROWS,
    TRAINED_ON,
    WITHIN,
)
from trainlab.engine.kernel.vector import absolute, dot_samples, splat, where_equal, where_less

# Numbers too small for a normal exponent are 0 while a tile is trained, where the processor is slow at them.
#
# Of a network that has learnt, Adam's averages shrink below 1e-38 and stay there: 0.9 times the smallest
# subnormal number rounds to itself. On x86 each operation with one takes some 150 cycles, and all of training
# up to thirteen times as long. No weight feels them, since what they add is far below its last bit
# (tests/engine/test_subnormals.py); so the processor is told to read and write 0 instead (Intel 64 and IA-32
# Architectures Software Developer's Manual 1, 10.2.3: FTZ and DAZ), and told to stop when the tile is done:
# other code of the thread wants them. A loss or gradient that small is told as 0. They are kept where the
# smallest can move a weight: gradients of layers are equalised, or signs are all that counts, as Lion's and
# those of an L1 penalty.


_STATE = ir.IntType(32)


@intrinsic
def flush_subnormals(_typing: Any) -> Any:
    """From here on read and write 0 for subnormal numbers; returns how it was, for `restore_subnormals`."""

    def codegen(_context: Any, builder: Any, _sig: Any, _args: Any) -> Any:
        return builder.call(_declared(builder, "flush_subnormals", ir.FunctionType(_STATE, [])), [])

    return types.int32(), codegen


@intrinsic
def restore_subnormals(_typing: Any, before: Any) -> Any:
    """Let subnormal numbers be again what they were `before`."""

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_STATE])
        builder.call(_declared(builder, "restore_subnormals", kind), args)
        return context.get_dummy_value()

    return types.void(types.int32), codegen


def _declared(builder: Any, name: str, kind: Any) -> Any:
    """Return a function that each processor has its own of (`machine_code.subnormals_code`)."""
    return cgutils.get_or_insert_function(builder.module, kind, name)


# What each network does for itself between epochs: freeze once it may stop, lower its own learning rate.


@njit
def number_of(lane: Any, tile: Any, row: int, network: int) -> float:
    """Return one network's number of a row of the memory."""
    return element(lane, tile.memory, row * tile.networks + network)


@njit
def set_number(lane: Any, tile: Any, row: int, network: int, value: float) -> None:
    """Set one network's number of a row of the memory."""
    set_element(lane, tile.memory, row * tile.networks + network, value)


@njit
def is_solved(lane: Any, tile: Any, network: int) -> bool:
    """Return whether the last evaluation found a network solved."""
    if tile.solved == LOSS_BELOW:
        return number_of(lane, tile, tile.row_loss, network) < tile.threshold
    row = tile.row_wrong if tile.solved == ACCURACY else tile.row_missed
    return number_of(lane, tile, row, network) <= tile.allowed


@njit
def note_solved(lane: Any, tile: Any, epoch: int, mark: int) -> None:
    """Remember when a network was first solved and since when it is, and freeze it if it is to stop there.

    Since when it is solved is noted for the mark that is to be read next.
    """
    for network in range(tile.used):
        place = mark * tile.networks + network
        if not is_solved(lane, tile, network):
            set_event(lane, tile.solved_since, place, -1)
            continue
        if event(lane, tile.solved_since, place) < 0:
            set_event(lane, tile.solved_since, place, epoch)
        if event(lane, tile.solved_epoch, network) < 0:
            set_event(lane, tile.solved_epoch, network, epoch)
            if tile.stopping == STOPS_SOLVED:
                freeze(lane, tile, network, epoch)


@njit
def carry_solved(lane: Any, tile: Any, mark: int) -> None:
    """Carry over from the mark before this one since when networks are solved."""
    for network in range(tile.used):
        place = mark * tile.networks + network
        since = event(lane, tile.solved_since, place - tile.networks)
        set_event(lane, tile.solved_since, place, since)


@njit
def note_patience(lane: Any, tile: Any, epoch: int) -> None:
    """Freeze every network whose loss hasn't fallen by more than min_delta for too many readings in a row."""
    for network in range(tile.used):
        loss = number_of(lane, tile, tile.row_loss, network)
        first = epoch == tile.patience_every
        best = math.inf if first else number_of(lane, tile, tile.row_best, network)
        # A loss that isn't a number is no improvement, not even the first.
        better = loss < best - tile.min_delta
        set_number(lane, tile, tile.row_best, network, loss if better else best)
        waited = 0.0 if better else number_of(lane, tile, tile.row_waited, network) + 1.0
        set_number(lane, tile, tile.row_waited, network, waited)
        if waited >= tile.patience:
            freeze(lane, tile, network, epoch)


@njit
def freeze(lane: Any, tile: Any, network: int, epoch: int) -> None:
    """Keep a network's parameters as they are now, unless it was frozen before."""
    if event(lane, tile.stopped_epoch, network) >= 0:
        return
    set_event(lane, tile.stopped_epoch, network, epoch)
    for p in range(tile.parameters):
        value = number_of(lane, tile, tile.row_parameters + p, network)
        set_number(lane, tile, tile.row_frozen + p, network, value)


@njit
def restore_frozen(lane: Any, tile: Any) -> bool:
    """Undo the steps of frozen networks, which were made on every lane; return whether all are frozen."""
    running = False
    for network in range(tile.used):
        if event(lane, tile.stopped_epoch, network) < 0:
            running = True
            continue
        for p in range(tile.parameters):
            value = number_of(lane, tile, tile.row_frozen + p, network)
            set_number(lane, tile, tile.row_parameters + p, network, value)
    return not running


@njit
def lower_rates(lane: Any, tile: Any, first: bool) -> None:
    """ReduceLROnPlateau, a network at a time, on the loss last evaluated; factors of the first rate."""
    for network in range(tile.networks):
        loss = number_of(lane, tile, tile.row_loss, network)
        best = math.inf if first else number_of(lane, tile, tile.row_plateau_best, network)
        if tile.plateau_relative > 0:
            better = loss < best * (1.0 - tile.plateau_threshold)
        else:
            better = loss < best - tile.plateau_threshold
        set_number(lane, tile, tile.row_plateau_best, network, loss if better else best)
        bad = 0.0 if better else number_of(lane, tile, tile.row_plateau_bad, network) + 1.0
        cooling = number_of(lane, tile, tile.row_cooldown, network)
        if cooling > 0.0:
            set_number(lane, tile, tile.row_cooldown, network, cooling - 1.0)
            bad = 0.0
        if bad > tile.plateau_patience:
            factor = number_of(lane, tile, tile.row_rate_factor, network)
            lower = max(factor * tile.plateau_factor, tile.plateau_floor)
            if factor - lower > tile.plateau_eps:
                set_number(lane, tile, tile.row_rate_factor, network, lower)
            set_number(lane, tile, tile.row_cooldown, network, tile.plateau_cooldown)
            bad = 0.0
        set_number(lane, tile, tile.row_plateau_bad, network, bad)


# A reading of all networks of a tile: loss, misses and gradients, over all examples or those of one step.


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


# One tile: some networks, side by side in lanes, through all of their steps.


@njit
def train_tile(lane: Any, tile: Any) -> None:
    """Train the networks of a tile, and write what was asked for; see `RECORD`."""
    before = flush_where_idle(tile)
    mark = 0
    stopped = False
    for epoch in range(tile.epochs + 1):
        if tile.stopping != NEVER_STOPS:
            stopped = restore_frozen(lane, tile)
        record(lane, tile, epoch, mark)
        if mark < tile.mark_count and epoch == mark_of(tile, mark, 0):
            read(lane, tile, epoch, mark)
            mark += 1
            if mark < tile.mark_count:
                carry_solved(lane, tile, mark)
        if epoch < tile.epochs and not stopped:
            if tile.sampling == SHUFFLED:
                call(tile.unit_shuffle, tile, epoch, 0, 0)
            first = epoch * tile.steps_per_epoch
            call(tile.unit_steps, tile, first, first + tile.steps_per_epoch, 0)
            if tile.plateau > 0:
                call(tile.unit_evaluate, tile, tile.plateau_held, False, -1)
                lower_rates(lane, tile, epoch == 0)
    restore_subnormals(before)


@njit
def flush_where_idle(tile: Any) -> Any:
    """Have subnormal numbers read as 0, unless they can move a weight; returns how it was."""
    before = flush_subnormals()
    if tile.keeps_subnormals > 0:
        restore_subnormals(before)
    return before


@njit
def record(lane: Any, tile: Any, epoch: int, mark: int) -> None:
    """Evaluate once for all that is due at an epoch, and write it; `mark` is the next one to be read."""
    solved_due = tile.solved_every > 0 and epoch % tile.solved_every == 0
    gradient_due = tile.gradient_every > 0 and epoch % tile.gradient_every == 0
    step_due = gradient_due and tile.gradient_of_step > 0
    gradient_due = gradient_due and not step_due
    gradient_row = (epoch // max(tile.gradient_every, 1)) * tile.layers
    loss_due = tile.loss_every > 0 and epoch % tile.loss_every == 0
    waits = tile.stopping == STOPS_PATIENCE and epoch > 0 and epoch % tile.patience_every == 0
    if (
        gradient_due
        or loss_due
        or (solved_due and tile.solved_held == 0)
        or (waits and tile.patience_held == 0)
    ):
        call(tile.unit_evaluate, tile, TRAINED_ON, gradient_due, -1)
        if gradient_due:
            mean_gradients(lane, tile, tile.gradients, gradient_row)
        if loss_due:
            loss = load(lane, tile.memory, tile.row_loss)
            store(lane, tile.losses, epoch // tile.loss_every, loss)
        if solved_due and tile.solved_held == 0:
            note_solved(lane, tile, epoch, mark)
        if waits and tile.patience_held == 0:
            note_patience(lane, tile, epoch)
    if (solved_due and tile.solved_held > 0) or (waits and tile.patience_held > 0):
        call(tile.unit_evaluate, tile, HELD_OUT, False, -1)
        if solved_due and tile.solved_held > 0:
            note_solved(lane, tile, epoch, mark)
        if waits and tile.patience_held > 0:
            note_patience(lane, tile, epoch)
    if step_due:
        evaluate_step(tile, epoch)
        mean_gradients(lane, tile, tile.gradients, gradient_row)


@njit
def evaluate_step(tile: Any, epoch: int) -> None:
    """Evaluate, with gradients, over the examples of the step that comes next, whether it is made or not."""
    if tile.sampling == SHUFFLED:
        call(tile.unit_shuffle, tile, epoch, 0, 0)
    call(tile.unit_evaluate, tile, OF_STEP, True, epoch * tile.steps_per_epoch)


@njit
def read(lane: Any, tile: Any, epoch: int, mark: int) -> None:
    """Write a mark's group of rows to the readings."""
    kept = tile.kept_points * tile.outputs
    first = mark * (tile.kept_parameters + kept + SUMMARY_ROWS + 2 * tile.layers)
    for p in range(tile.kept_parameters):
        store(lane, tile.readings, first + p, load(lane, tile.memory, tile.row_parameters + p))
    summary = first + tile.kept_parameters + kept
    if tile.held_points > 0:
        call(tile.unit_evaluate, tile, HELD_OUT, False, -1)
        store(lane, tile.readings, summary + READ_HELD_LOSS, load(lane, tile.memory, tile.row_loss))
        store(lane, tile.readings, summary + READ_HELD_WRONG, load(lane, tile.memory, tile.row_wrong))
        if tile.solved_held > 0:
            write_solved(lane, tile, summary + READ_SOLVED)
    call(tile.unit_evaluate, tile, TRAINED_ON, True, first + tile.kept_parameters)
    store(lane, tile.readings, summary + READ_LOSS, load(lane, tile.memory, tile.row_loss))
    store(lane, tile.readings, summary + READ_WRONG, load(lane, tile.memory, tile.row_wrong))
    store(lane, tile.readings, summary + READ_BROKEN, load(lane, tile.memory, tile.row_broken))
    if tile.solved_held == 0:
        write_solved(lane, tile, summary + READ_SOLVED)
    mean_gradients(lane, tile, tile.readings, summary + SUMMARY_ROWS)
    if tile.sampling != FULL:
        evaluate_step(tile, epoch)
    mean_gradients(lane, tile, tile.readings, summary + SUMMARY_ROWS + tile.layers)


@njit
def write_solved(lane: Any, tile: Any, row: int) -> None:
    """Write 1 for each network that the last evaluation found solved, else 0."""
    for network in range(tile.networks):
        solved = 1.0 if is_solved(lane, tile, network) else 0.0
        set_element(lane, tile.readings, row * tile.networks + network, solved)
