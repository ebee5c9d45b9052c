"""The cells and runs that a page shows in full, and their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult


def networks_of(result: StudyResult) -> list[str]:
    """Return the networks that have a cell, in the study's order."""
    return list(dict.fromkeys(item.cell.network for item in result.cells))


def cells_of(result: StudyResult, network: str) -> list[CellResult]:
    """Return a network's cells in the study's order, from few changes to many."""
    return [item for item in result.cells if item.cell.network == network]


def ends_of(result: StudyResult, network: str) -> list[CellResult]:
    """Return a network's baseline and cell with all changes; without both, its first and last."""
    cells = cells_of(result, network)
    wanted = ((), result.study.change_names)
    ends = [item for item in cells if item.cell.changes in wanted]
    return ends or [cells[0], *cells[1:][-1:]]


def single_changes_of(result: StudyResult, network: str) -> list[CellResult]:
    """Return a network's cells with one change that `ends_of` doesn't have."""
    ends = [item.cell for item in ends_of(result, network)]
    return [
        item for item in cells_of(result, network) if len(item.cell.changes) == 1 and item.cell not in ends
    ]


def cell_words(result: StudyResult, changes: tuple[str, ...]) -> str:
    """Return what the cell of these changes is called: ``baseline``, ``A``, ``all changes: A+B``."""
    if not changes:
        return "baseline"
    joined = "+".join(changes)
    return f"all changes: {joined}" if changes == result.study.change_names and len(changes) > 1 else joined


def first_run(cells: Sequence[CellResult], *, solved: bool) -> tuple[CellResult, int] | None:
    """Return the last cell that has such a run, and the row of its lowest seed; None if none has.

    An unsolved run that diverged has no finite weights to show, so the others come first.
    """
    for wanted_finite in (True, False):
        for item in reversed(cells):
            finite = np.isfinite(item.runs.parameters).all(axis=1)
            rows = np.flatnonzero((item.runs.solved == solved) & (finite | (not wanted_finite)))
            if rows.size:
                return item, int(rows[0])
    return None
