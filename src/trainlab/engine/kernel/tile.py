"""One tile: some networks, side by side in lanes, through all of their steps."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.compile_cache import cached_njit
from trainlab.engine.kernel.evaluate import mean_gradients
from trainlab.engine.kernel.memory import call, set_element, tile_at
from trainlab.engine.kernel.simd import load, store
from trainlab.engine.kernel.stopping import (
    carry_solved,
    is_solved,
    lower_rates,
    note_patience,
    note_solved,
    restore_frozen,
)
from trainlab.engine.kernel.subnormals import flush_subnormals, restore_subnormals
from trainlab.engine.kernel.table_readers import mark_of
from trainlab.engine.kernel.tables import (
    FULL,
    HELD_OUT,
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
    SUMMARY_ROWS,
    TRAINED_ON,
)


@cached_njit
def train_tile(lane: Any, address: int) -> None:
    """Train the networks of the tile at an address, and write what was asked for; see `RECORD`."""
    tile = tile_at(lane, address)
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


@cached_njit
def call_unit(lane: Any, unit: int, address: int, a: int, b: int, c: int) -> None:
    """Call one unit of the tile at an address, from outside of a training, as the training calls it."""
    tile = tile_at(lane, address)
    before = flush_where_idle(tile)
    call(unit, tile, a, b, c)
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
