"""What the last losses and evaluations of a training say: over enough rows, and never of one class alone."""

from __future__ import annotations

import math

from trainlab.diagnosis.observed.losses import Fit, LossCurve, LossRecord
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals.averages import mean

SAME = 0.01
"""A loss that is computed anew from outputs and targets is the training's own to 1 %."""
SMALL, MOST_ROWS = 8, 40_000
"""Losses of batches of fewer rows are averaged over whole passes over the data, of so many rows at most."""
FEWEST = 32
"""What is read off batches is read off so many rows, or all there are: one row tells nothing."""


def late_readings(record: TrainingRecord, main: LossRecord) -> int:
    """Return how many of a loss's last readings count as its end: enough rows to tell."""
    late = min(len(main.fits), max(5, len(main.fits) // 10))
    batch = max(1, main.rows // len(main.fits))
    enough = min(FEWEST, len(record.data.train_rows) or FEWEST)
    return min(len(main.fits), max(late, -(-enough // batch)))


def over_passes(
    record: TrainingRecord, main: LossRecord, loss_curve: LossCurve | None, *, least: int = 1
) -> float:
    """Return the mean of the losses that backward was called on over the last whole passes over the data.

    These have `least` rows, if all the losses together have as many. NaN where batches are large enough to be
    read one by one, where it isn't known how many steps a pass takes, and where what backward was called on
    isn't the loss that is judged.
    """
    rows, batch = len(record.data.train_rows), main.rows / len(main.fits)
    if loss_curve is None or not 0 < rows < MOST_ROWS or not 0 < batch < SMALL:
        return float("nan")
    steps = max(1, round(rows / batch))
    l1 = main.kind == "l1_loss" and sum(loss.count > 0 for loss in record.losses) == 1
    if loss_curve.count < 2 * steps or not (l1 or all_losses(main, loss_curve)):
        return float("nan")
    passes = max(1, round(max(5, loss_curve.count / 10) / steps), math.ceil(least / rows))
    return mean(loss_curve.values[-max(1, round(passes * steps / loss_curve.stride)) :])


def all_losses(main: LossRecord, loss_curve: LossCurve | None) -> list[float]:
    """Return the loss of every step, where what backward was called on is the loss that is judged.

    Fits are looked at seldom later on: their last tenth may reach back to when nothing was learnt yet, or
    miss the end.
    """
    if loss_curve is None:
        return []
    called = loss_curve.first
    both = [(fit.value, called[fit.tick]) for fit in main.fits if fit.tick in called]
    same = sum(math.isclose(value, other, rel_tol=SAME) for value, other in both)
    return loss_curve.values if same >= max(5, 0.9 * len(both)) else []


def loss_at_end(first: float, looked_at: float, of_all: float) -> float:
    """Return the loss at the end: the lower of both, unless that of all steps is above the start.

    A few batches that are worse than most are no one's fault; but a loss above its start has lost everything.
    """
    if math.isnan(of_all):
        return looked_at
    return of_all if of_all > first else min(looked_at, of_all)


def reached_when_evaluated(record: TrainingRecord, main: LossRecord, trivial: float) -> float:
    """Return the accuracy, or R², of the last evaluations; NaN where there were none.

    An evaluation in several batches is one: its last ones may hold a single class, where rows are sorted.
    """
    last = [fit for fit in main.judged if fit.tick == main.judged[-1].tick]
    in_batches = len(last) > 1
    late = last if in_batches else main.judged[-3:]
    if main.kind in CLASSES + BINARY:
        enough = sum(fit.rows for fit in late) >= FEWEST
        rates = _rates([late]) if in_batches and enough else _rates(_evaluations(main))
        rates += [
            share
            for _, share, count, several in record.judged_accuracy[-1:]
            if count >= 30 and several and main.columns == 1
        ]
        return max(rates, default=float("nan"))
    return 1 - mean([fit.value for fit in late]) / trivial if late and trivial > 0 else float("nan")


def _rates(evaluations: list[list[Fit]]) -> list[float]:
    """Return the accuracy of each evaluation whose rows are of several classes: of one it tells nothing."""
    told: list[float] = []
    for fits in evaluations:
        right = [(fit.accuracy, max(fit.rows, 1)) for fit in fits if fit.accuracy is not None]
        if right and have_several(fits):
            told.append(sum(share * rows for share, rows in right) / sum(rows for _, rows in right))
    return told


def have_several(fits: list[Fit]) -> bool:
    """Whether the targets of these batches differ."""
    return min((fit.target_low for fit in fits), default=0) < max(
        (fit.target_high for fit in fits), default=0
    )


def _evaluations(main: LossRecord) -> list[list[Fit]]:
    """Return the last three evaluations; batches of few rows count as one, up to enough."""
    found: list[list[Fit]] = []
    fits: list[Fit] = []
    for fit in reversed(main.judged):
        fits.append(fit)
        if sum(max(one.rows, 1) for one in fits) >= FEWEST:
            found.append(fits)
            fits = []
        if len(found) == 3:
            return found
    return found or [fits]
