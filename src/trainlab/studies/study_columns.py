"""A study as tables for data frames: a row for each cell, run or effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from trainlab.draw import Column
from trainlab.engine import Runs
from trainlab.stats import Rate
from trainlab.studies.causes import standing_still, vanishing
from trainlab.studies.cells import CellResult, spread_of
from trainlab.studies.maps.counts import OUTCOMES

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult

StudyTable = Literal["cells", "runs", "effects"]
STUDY_TABLES: tuple[StudyTable, ...] = get_args(StudyTable)

Columns = dict[str, Column]
Values = npt.NDArray[Any]


def study_columns(result: StudyResult, of: StudyTable) -> Columns:
    """Return one of a study's tables, column by column."""
    made = {"cells": _cells, "runs": _runs, "effects": _effects}
    return made[of](result)


def _cells(result: StudyResult) -> Columns:
    cells = result.cells
    columns: Columns = {
        "epochs": [item.runs.experiment.epochs for item in cells],
        **rate_columns([item.solved for item in cells]),
        "diverged": [item.diverged.k for item in cells],
        "vanishing": [_count(item.causes.vanishing) for item in cells],
        "standing_still": [_count(item.causes.standing_still) for item in cells],
        "final_loss": _medians(cells, lambda runs: runs.loss),
        "accuracy": _medians(cells, lambda runs: runs.accuracy),
        "held_out_loss": _medians(cells, lambda runs: runs.held_out_loss),
        "held_out_accuracy": _medians(cells, lambda runs: runs.held_out_accuracy),
        "epochs_until_solved": _medians(cells, lambda runs: _since(runs.solved_epoch)[runs.solved]),
        **_when(cells),
    }
    return _named(result, [1] * len(cells), _asked(columns))


def _runs(result: StudyResult) -> Columns:
    runs = [one for item in result.cells for one in item.splits]
    several = result.study.splits > 1
    columns: Columns = {
        **({"split": _joined(runs, _split_seeds)} if several else {}),
        "seed": _joined(runs, lambda one: np.array(one.seeds)),
        "solved": _joined(runs, lambda one: one.solved),
        "diverged": _joined(runs, lambda one: one.diverged),
        "outcome": _joined(runs, run_outcomes),
        "final_loss": _joined(runs, lambda one: one.loss),
        "accuracy": _joined(runs, lambda one: one.accuracy),
        "held_out_loss": _joined(runs, lambda one: one.held_out_loss),
        "held_out_accuracy": _joined(runs, lambda one: one.held_out_accuracy),
        "first_layer_gradient": _joined(runs, lambda one: one.gradient[:, 0]),
        "last_layer_gradient": _joined(runs, lambda one: one.gradient[:, -1]),
        "first_layer_step_gradient": _joined(runs, lambda one: one.step_gradient[:, 0]),
        "last_layer_step_gradient": _joined(runs, lambda one: one.step_gradient[:, -1]),
        "epochs_until_solved": _joined(
            runs, lambda one: np.where(one.solved, _since(one.solved_epoch), np.nan)
        ),
        "epochs_until_ever_solved": _joined(runs, lambda one: _since(one.solved_epoch)),
        "epochs_until_settled": _joined(runs, lambda one: _since(one.settled_epoch)),
    }
    return _named(result, [item.count for item in result.cells], _asked(columns))


def _effects(result: StudyResult) -> Columns:
    measure = result.measure
    families = [
        ("solved", result.effects),
        ("ever solved", result.ever_effects),
        (measure.name if measure else "", result.score_effects),
    ]
    rows = [
        (effect, name, kind, read)
        for name, effects in families
        for effect in effects
        for kind, read in (("alone", effect.alone), ("main", effect.main), ("last", effect.last))
        if read is not None
    ]
    return {
        "network": [effect.network for effect, _, _, _ in rows],
        "change": [effect.change for effect, _, _, _ in rows],
        "measure": [name for _, name, _, _ in rows],
        "kind": [kind for _, _, kind, _ in rows],
        "difference": [read.value.estimate for _, _, _, read in rows],
        "low": [read.value.low for _, _, _, read in rows],
        "high": [read.value.high for _, _, _, read in rows],
        "p_adjusted": [read.p_adjusted for _, _, _, read in rows],
        "reading": [read.reading for _, _, _, read in rows],
        "n": [read.value.n for _, _, _, read in rows],
    }


def _when(cells: Sequence[CellResult]) -> Columns:
    """Return how many runs were ever solved, and stayed so, with intervals; NaN if that wasn't looked at."""
    whens = [item.when for item in cells]
    return {
        **_known_rates("ever", [when and when.ever for when in whens]),
        **_known_rates("stayed", [when and when.stayed for when in whens]),
        "unlearnt": _counts([when and when.unlearnt for when in whens]),
        "epochs_until_ever_solved": _medians(cells, lambda runs: runs.solved_epoch[runs.solved_epoch >= 0]),
    }


def _known_rates(name: str, rates: Sequence[Rate | None]) -> Columns:
    """Return the counts and the intervals of their shares; NaN where they aren't known."""
    return {
        name: _counts([None if one is None else one.k for one in rates]),
        f"{name}_low": np.array([np.nan if one is None else one.low for one in rates]),
        f"{name}_high": np.array([np.nan if one is None else one.high for one in rates]),
    }


def _counts(counts: Sequence[int | None]) -> Values:
    """Return integers if all are known, else floats with NaN for the unknown."""
    return np.array(counts) if None not in counts else np.array(counts, dtype=np.float64)


def rate_columns(rates: Sequence[Rate | None]) -> Columns:
    """Return how many are solved, of how many, the share and its interval; None where there is no rate."""
    return {
        "solved": [None if one is None else one.k for one in rates],
        "n": [None if one is None else one.n for one in rates],
        "share": [None if one is None else one.estimate for one in rates],
        "low": [None if one is None else one.low for one in rates],
        "high": [None if one is None else one.high for one in rates],
    }


def run_outcomes(runs: Runs) -> npt.NDArray[np.str_]:
    """Return what each run came to, one of `OUTCOMES`, ``[n]``."""
    first = [runs.solved, runs.diverged, vanishing(runs), standing_still(runs)]
    return np.select(first, list(OUTCOMES[:4]), default=OUTCOMES[4]).astype(np.str_)


def _named(result: StudyResult, counts: Sequence[int], columns: Columns) -> Columns:
    """Put the columns that name the cell first, repeated for its rows; changes are booleans."""
    cells = [item.cell for item in result.cells]

    def repeated(values: Sequence[Any]) -> Values:
        return np.repeat(np.array(values), counts)

    taken = {"cell", "network", *columns}
    changes = {
        f"change {name}" if name in taken else name: repeated([name in cell.changes for cell in cells])
        for name in result.study.change_names
    }
    return {
        "cell": repeated([cell.name for cell in cells]),
        "network": repeated([cell.network for cell in cells]),
        **changes,
        **columns,
    }


def _joined(runs: Sequence[Runs], values: Callable[[Runs], Values]) -> Values:
    return np.concatenate([values(one) for one in runs])


def _medians(cells: Sequence[CellResult], values: Callable[[Runs], Values]) -> Values:
    """Return the median over the seeds of each cell, a loss that diverged as the highest; NaN if all are."""
    found = [spread_of(item.joined(values)) for item in cells]
    return np.array([np.nan if one is None else one[1] for one in found])


def _split_seeds(runs: Runs) -> Values:
    """Return the seed of the split for each run."""
    return np.full(len(runs.solved), runs.experiment.split.seed, dtype=np.int64)


def _since(epochs: npt.NDArray[np.int64]) -> Values:
    """Return epochs with NaN for never."""
    return np.where(epochs >= 0, epochs, np.nan)


def _asked(columns: Columns) -> Columns:
    """Drop columns that no row has a value in, such as accuracy in a regression."""
    return {
        name: values
        for name, values in columns.items()
        if not (isinstance(values, np.ndarray) and values.dtype.kind == "f" and np.isnan(values).all())
    }


def _count(share: Rate | None) -> int:
    return 0 if share is None else share.k
