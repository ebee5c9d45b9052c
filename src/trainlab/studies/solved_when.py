"""When the runs of a cell were solved: at some time, at the end, and from the first time on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.runs import UNKNOWN
from trainlab.stats import Rate, rate

Bools = npt.NDArray[np.bool_]
MANY_UNLEARNT = 0.01
"""Where more than this share of a cell's runs were solved and aren't at the end, the answer says so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SolvedWhen:
    """Of a cell's runs `ever` were solved at a recorded epoch, `stayed` from the first such one to the end.

    `unlearnt` were solved at some time, and aren't at the end. `first` is the 5 % quantile, the median and
    the 95 % quantile of the epoch at which those of `ever` were first found solved; None if there are none.
    `stayed` is None where an older trainlab kept runs without what it takes to tell.
    """

    ever: Rate
    stayed: Rate | None
    unlearnt: int
    first: tuple[float, float, float] | None

    @property
    def many_unlearnt(self) -> bool:
        """Whether so many runs lost it again that nobody should overlook it."""
        return self.unlearnt > MANY_UNLEARNT * self.ever.n


def solved_when(splits: Sequence[Runs]) -> SolvedWhen | None:
    """Return when runs, of all splits, were solved; None where only the end was read."""
    if not looked_on_the_way(splits):
        return None
    solved = np.concatenate([runs.solved for runs in splits])
    first = np.concatenate([runs.solved_epoch for runs in splits])
    settled = np.concatenate([runs.settled_epoch for runs in splits])
    ever = first >= 0
    known = not bool((solved & (settled == UNKNOWN)).any())
    low, median, high = np.quantile(first[ever], (0.05, 0.5, 0.95)) if ever.any() else (np.nan,) * 3
    return SolvedWhen(
        ever=rate(int(ever.sum()), len(solved)),
        stayed=rate(int((solved & (settled == first)).sum()), len(solved)) if known else None,
        unlearnt=int((ever & ~solved).sum()),
        first=(float(low), float(median), float(high)) if ever.any() else None,
    )


def looked_on_the_way(splits: Sequence[Runs]) -> bool:
    """Whether it was read on the way whether runs are solved."""
    return all(runs.experiment.record.solved_every > 0 for runs in splits)


def solved_ever(runs: Runs) -> Bools:
    """Return which runs were solved at some time, ``[n]``."""
    return np.asarray(runs.solved_epoch >= 0, dtype=np.bool_)


def when_fields(when: SolvedWhen | None) -> dict[str, Any]:
    """Return what a cell's JSON says of it; null where it isn't known."""
    low, median, high = when.first if when and when.first else (None, None, None)
    return {
        "ever": when.ever.to_dict() if when else None,
        "stayed": when.stayed.to_dict() if when and when.stayed else None,
        "unlearnt": when.unlearnt if when else None,
        "ever_epoch": {"q05": low, "median": median, "q95": high} if when and when.first else None,
    }
