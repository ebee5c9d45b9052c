"""One cell of a study, summarised: how often solved, when, diverged and right, and how its runs went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.runs import RELATIVE_ERROR, UNKNOWN, Codes, decode, encode, is_missing
from trainlab.plain import finite, pick, plain
from trainlab.spec import Cell
from trainlab.stats import Bands, Rate, coded_bands, count_codes, median_and_bands, rate
from trainlab.studies.causes import Causes, causes_of
from trainlab.studies.why_failed import WhyFailed

# When the runs of a cell were solved: at some time, at the end, and from the first time on.


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
    first = when and when.first
    return {
        **{name: when and getattr(when, name) for name in ("ever", "stayed", "unlearnt")},
        "ever_epoch": first and dict(zip(("q05", "median", "q95"), first, strict=True)),
    }


# One cell of a study, summarised: how often solved, diverged and right, and how its runs went.


PART = 16_384
"""Runs whose coarse curves are counted at once."""

SPREAD = (0.05, 0.95)
"""A cell's spread is the middle 90 % of its runs."""

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CellResult:
    """A cell with its runs: of the study's first split `runs`, of its other splits `further`.

    All that is counted or summarised is over the runs of all splits, one split after the other.

    `right` is how often every prediction is less than ½ from its target, so that XOR rounds to 0, 1, 1, 0 (of
    one-hot targets, or where not all predictions are kept: how often every example's class is told right);
    None for a regression. `solved` is the experiment's own, often stricter threshold, at the end; `when` has
    how many were solved at some time and stayed so, None where only the end was read.
    `loss` and `gradients` (one a layer) are medians with bands at `runs.loss_epochs` and
    `runs.gradient_epochs`: of the loss over all seeds, to within `loss_error` where some keep no curve, and
    of the gradients over the seeds that keep theirs. Each says over how many runs, as `loss.n`. `causes` are
    read off the record; `why` is what the doctor's rules say of runs of the first split, None unless that
    was asked for.
    """

    cell: Cell
    runs: Runs
    solved: Rate
    diverged: Rate
    right: Rate | None
    loss: Bands
    gradients: tuple[Bands, ...]
    causes: Causes
    when: SolvedWhen | None = None
    why: WhyFailed | None = None
    further: tuple[Runs, ...] = ()

    @property
    def splits(self) -> tuple[Runs, ...]:
        """The runs of every split."""
        return self.runs, *self.further

    @property
    def count(self) -> int:
        """How many runs there are, over all splits."""
        return sum(len(runs.solved) for runs in self.splits)

    def joined(self, values: Callable[[Runs], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return `values` of every run, one split after the other: ``[splits · n, …]``."""
        return np.concatenate([values(runs) for runs in self.splits])

    @property
    def loss_error(self) -> float:
        """The relative error that rounding leaves in the numbers of `loss`."""
        return RELATIVE_ERROR if any(len(runs.coarse_loss) for runs in self.splits) else 0.0

    @property
    def stopped(self) -> int:
        """How many runs were frozen before the last epoch."""
        return len(self.stopped_epochs)

    @property
    def stopped_epochs(self) -> npt.NDArray[np.int64]:
        """The epochs at which runs were frozen, in the order of their seeds."""
        epochs = self.joined(lambda runs: runs.stopped_epoch)
        return epochs[(epochs >= 0) & (epochs < self.runs.experiment.epochs)]

    def __repr__(self) -> str:
        # The generated one would print every array of every run.
        return f"<CellResult {self.cell.name!r}: {self.solved} solved>"

    def to_dict(self) -> dict[str, Any]:
        """Return the cell as JSON has it."""
        runs = self.runs
        solved, first = self.joined(lambda one: one.solved), self.joined(lambda one: one.solved_epoch)
        epochs = first[solved & (first >= 0)]
        return plain(
            {
                "network": self.cell.network,
                "changes": self.cell.changes,
                "fingerprint": runs.experiment.fingerprint,
                "epochs": runs.experiment.epochs,
                **pick(self, "solved diverged right"),
                "final_loss": _quantiles(self.joined(lambda one: one.loss)),
                "accuracy": _spread(self.joined(lambda one: one.accuracy)),
                "held_out_accuracy": _spread(self.joined(lambda one: one.held_out_accuracy)),
                "held_out_loss": _spread(self.joined(lambda one: one.held_out_loss)),
                "splits": [_split(each) for each in self.splits],
                "stopped": self.stopped,
                "stopped_epoch": _quantiles(self.stopped_epochs) if self.stopped else None,
                "first_solved_epoch_median": float(np.median(epochs)) if len(epochs) else None,
                **when_fields(self.when),
                "loss_curve": {
                    "epochs": runs.loss_epochs,
                    "runs": self.loss.n,
                    "relative_error": self.loss_error,
                    **finite(pick(self.loss, "median low90 high90")),
                },
                "gradient_curves": {
                    "epochs": runs.gradient_epochs,
                    "runs": sum(len(each.gradient_curve) for each in self.splits),
                    "median_by_layer": finite(plain([bands.median for bands in self.gradients])),
                },
                "failures": self.causes,
                "why": self.why,
            }
        )


def summarise(cell: Cell, runs: Runs, *further: Runs) -> CellResult:
    """Count and summarise the runs of one cell, on one split or on several."""
    splits = (runs, *further)
    n = sum(len(each.solved) for each in splits)
    regression = runs.experiment.data().kind == "regression"
    gradients = np.concatenate([each.gradient_curve for each in splits])
    return CellResult(
        cell=cell,
        runs=runs,
        further=further,
        solved=rate(sum(int(each.solved.sum()) for each in splits), n),
        diverged=rate(sum(int(each.diverged.sum()) for each in splits), n),
        right=None if regression else rate(sum(int(predicts_right(each).sum()) for each in splits), n),
        loss=_loss_bands(splits),
        gradients=tuple(_bands(gradients[:, :, layer]) for layer in range(runs.gradient.shape[1])),
        causes=causes_of(*splits),
        when=solved_when(splits),
    )


def predicts_right(runs: Runs) -> npt.NDArray[np.bool_]:
    """Return which runs have every prediction less than ½ from its target, 0 or 1, as bool ``[n]``.

    Of one-hot targets, or where not all predictions are kept: which tell the class of every example right.
    """
    data = runs.experiment.data()
    if data.kind != "binary" or runs.predictions.shape[1] < data.points:
        return np.asarray(runs.accuracy == 1.0, dtype=np.bool_)
    return all_near(runs, 0.5)


def all_near(runs: Runs, within: float) -> npt.NDArray[np.bool_]:
    """Return which runs have every prediction nearer than `within` to its target, as bool ``[n]``."""
    with np.errstate(invalid="ignore"):
        near = np.abs(runs.predictions - runs.experiment.data().targets) < within
    return np.asarray(near.all(axis=(1, 2)), dtype=np.bool_)


def _loss_bands(splits: Sequence[Runs]) -> Bands:
    """Return the bands of the loss over all runs, from rounded losses unless every run keeps its curve."""
    if any(len(runs.coarse_loss) for runs in splits):
        return coded_bands(count_codes(part for runs in splits for part in _codes(runs)), decode)
    return _bands(np.concatenate([runs.loss_curve for runs in splits]))


def _codes(runs: Runs) -> Iterator[Codes]:
    """Yield the loss curves of all runs that have one as codes, ``[n, epochs]`` a part."""
    yield encode(runs.loss_curve)
    for start in range(0, len(runs.coarse_loss), PART):
        part = runs.coarse_loss[start : start + PART]
        yield part[~is_missing(part)]


def _split(runs: Runs) -> dict[str, Any]:
    """Return how a cell did on one split."""
    return {
        "seed": runs.experiment.split.seed,
        "first_seed": runs.first_seed,
        "fingerprint": runs.experiment.fingerprint,
        "solved": int(runs.solved.sum()),
        "diverged": int(runs.diverged.sum()),
        "held_out_accuracy": _mean(runs.held_out_accuracy),
        "held_out_loss": _mean(runs.held_out_loss),
    }


def _mean(values: npt.NDArray[Any]) -> float | None:
    """Return the mean; None where a run has no number."""
    return float(values.mean(dtype=np.float64)) if np.isfinite(values).all() else None


def _bands(curves: npt.NDArray[Any]) -> Bands:
    """Return the bands of curves ``[k, epochs]``; NaN throughout where no run keeps its curve."""
    if len(curves):
        return median_and_bands(curves)
    none = np.full(curves.shape[1], np.nan)
    counts = np.zeros(curves.shape[1], dtype=np.int64)
    return Bands(median=none, low50=none, high50=none, low90=none, high90=none, finite=counts, n=0)


def _quantiles(values: npt.NDArray[Any]) -> dict[str, float | None]:
    finite = values[np.isfinite(values)].astype(np.float64)
    return {name: float(np.quantile(finite, q)) if len(finite) else None for name, q in QUANTILES.items()}


def _spread(values: npt.NDArray[Any]) -> dict[str, float | None] | None:
    """Return the quantiles, or None where there is nothing to measure: all are NaN."""
    return None if np.isnan(values).all() else _quantiles(values)


def any_solved(cells: Sequence[CellResult]) -> bool:
    """Whether any run is solved, so that shares of solved runs say something."""
    return any(item.solved.k for item in cells)


def spread_of(values: npt.NDArray[np.floating]) -> tuple[float, float, float] | None:
    """Return the range of the middle 90 % of a cell's values, and their median.

    As low end, median, high end. A run that isn't finite counts as the highest: it is a loss that diverged.
    None where no run has a number, as an accuracy of a regression.
    """
    if not np.isfinite(values).any():
        return None
    known = np.where(np.isfinite(values), values, np.inf).astype(np.float64)
    low, high = (float(np.quantile(known, share, method="nearest")) for share in SPREAD)
    return low, median(known), high


def median(values: npt.NDArray[np.floating]) -> float:
    """Return the median of the runs; a loss that diverged counts as the highest."""
    return float(np.median(np.where(np.isfinite(values), values, np.inf)))
