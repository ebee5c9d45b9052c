"""How runs ended, a row each, as the database keeps it and as arrays have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs

EVENTS = {
    "solved": np.bool_,
    "solved_epoch": np.int64,
    "settled_epoch": np.int64,
    "stopped_epoch": np.int64,
    "diverged_step": np.int64,
}
NUMBERS = ("loss", "accuracy", "held_out_loss", "held_out_accuracy")
COLUMNS = (*EVENTS, *NUMBERS)
"""The arrays of `Runs` that have a column in the table of runs; the others are blobs."""

OUTCOME = np.dtype([*EVENTS.items(), *((name, np.float64) for name in NUMBERS)])
"""How a run ended, as in `Runs`; a loss that isn't a number is NaN."""
Outcomes = npt.NDArray[np.void]


def outcomes_of(runs: Runs) -> Outcomes:
    """Return how the runs ended, as they will be read again."""
    rows = np.empty(len(runs.seeds), dtype=OUTCOME)
    for name in COLUMNS:
        rows[name] = getattr(runs, name)
    for name in NUMBERS:
        # SQLite keeps neither which NaN it was, nor the sign of zero.
        column = rows[name]
        column[np.isnan(column)] = np.nan
        column += 0.0
    return rows


def outcomes_from(rows: Sequence[tuple[Any, ...]]) -> Outcomes:
    """Return rows of the columns as an array; raise ValueError if one holds something else than numbers."""
    try:
        # A number that is NULL comes as None, which NumPy reads as NaN.
        return np.array(rows, dtype=OUTCOME)
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
