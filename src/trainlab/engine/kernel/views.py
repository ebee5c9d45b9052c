"""The tables of a tile's record, read by row and column."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.memory import constant_float, constant_int
from trainlab.engine.kernel.tables import LAYER_COLUMNS, STEP_COLUMNS


@njit(forceinline=True)
def layer_of(tile: Any, index: int, column: int) -> int:
    """Return a column of the layer table."""
    return constant_int(tile.layer_table, index * LAYER_COLUMNS + column)


@njit(forceinline=True)
def step_row(tile: Any, step: int) -> int:
    """Return the row of the table of steps that holds at a step: the last one for all that follow."""
    return min(step, tile.step_rows - 1)


@njit(forceinline=True)
def step_number(tile: Any, row: int, column: int) -> float:
    """Return a column of the table of steps."""
    return constant_float(tile.step_table, row * STEP_COLUMNS + column)
