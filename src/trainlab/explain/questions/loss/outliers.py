"""What outliers do under each loss, and whether “L1 shrugs off outliers, MSE is smooth, Huber does both”."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import Cell, Curve, Interval, Picture, curves, format_number, intervals
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.loss.outlier_runs import (
    LAST_EPOCHS,
    NOISE,
    POINTS,
    SHARE,
    SHIFT,
    OutlierRuns,
    slope_jump,
)
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import Plain, pick
from trainlab.stats import Estimate, contrast, holm

# A median with an interval that assumes nothing of the numbers' distribution.


@dataclass(frozen=True, kw_only=True, slots=True)
class Median(Plain):
    """The median of `n` numbers, and an interval for the median of what they are drawn from.

    `level` is the probability with which such an interval holds that median, exactly.
    """

    median: float
    low: float
    high: float
    n: int
    level: float

    @property
    def sure(self) -> bool:
        """Whether its level is `CONFIDENCE` or more; below six numbers it isn't."""
        return self.level >= CONFIDENCE

    def __str__(self) -> str:
        low, high = (format_number(end) for end in (self.low, self.high))
        return f"{format_number(self.median)} ({low} to {high})"


CONFIDENCE = 0.95
USUAL = f"{100 * CONFIDENCE:g} %"


def median_of(values: npt.ArrayLike) -> Median:
    """Return the median of ``values [n]`` between two of them, the j-th from either end.

    The interval misses with the probability that fewer than j of n lie on one side, each with ½: j is the
    largest for which both sides together keep it below 1 − `CONFIDENCE` (David & Nagaraja, Order Statistics,
    2003, §7.1). Below six values no such j exists: the interval is from the least to the largest, and its
    level is less.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n, place = len(ordered), 1
    missed = 2.0 * 0.5**n
    while place < n // 2:
        wider = missed + 2.0 * math.comb(n, place) * 0.5**n
        if wider > 1 - CONFIDENCE:
            break
        missed, place = wider, place + 1
    return Median(
        median=float(np.median(ordered)),
        low=float(ordered[place - 1]),
        high=float(ordered[n - place]),
        n=n,
        level=1.0 - missed,
    )


# What outliers do under each loss, and whether "L1 shrugs off outliers, MSE is smooth, Huber does both".


DIRTY, CLEAN = "error with outliers", "error without outliers"
CLIMBS = "climb of the loss"
SHRUGGED = 2.0
"""Outliers are shrugged off if they multiply the clean error by less than this, the whole interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutlierLoss(Plain):
    """A loss over draws of the data: clean error without and with outliers, their ratio, and how far the loss
    climbs back at the end, as a share of itself.

    Each is the median over draws of the median over the seeds of a draw; `slope_jump` is that of the slope
    where the error changes its sign.
    """

    _written = "loss=label clean dirty ratio climbs slope_jump"

    label: str
    clean: Median
    dirty: Median
    ratio: Median
    climbs: Median
    slope_jump: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Is `what` lower under `first` than under `second`? Runs are paired: same data, same seed.

    `lower` of `runs`; `difference` is the share of runs in which the first is lower minus that in which the
    second is, its interval over draws of the data; `draws_lower` counts the draws whose median is lower.
    """

    what: str
    first: str
    second: str
    lower: int
    runs: int
    draws_lower: int
    draws: int
    difference: Estimate
    p_adjusted: float

    @property
    def shown(self) -> bool:
        """Whether the first is shown to be lower."""
        return self.p_adjusted < 0.05 and self.difference.estimate > 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            **pick(self, "what first second lower runs draws_lower draws"),
            "difference": pick(self.difference, "estimate low high p"),
            "p_adjusted": self.p_adjusted,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement(Plain):
    """A statement, whether it is "upheld", "in part" or "not seen" here, and the numbers that say so."""

    statement: str
    reading: str
    evidence: str

    def __str__(self) -> str:
        return f"“{self.statement}”: {self.reading}; {self.evidence}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Outliers(Plain):
    """The losses one by one, the comparisons, read together (Holm), and the statements."""

    losses: tuple[OutlierLoss, ...]
    comparisons: tuple[Comparison, ...]
    statements: tuple[Statement, ...]


def read_outliers(runs: OutlierRuns) -> Outliers:
    """Return what the runs say."""
    losses = tuple(
        OutlierLoss(
            label=label,
            clean=_over_draws(runs.clean[label]),
            dirty=_over_draws(runs.dirty[label]),
            ratio=_over_draws(runs.dirty[label] / runs.clean[label]),
            climbs=_over_draws(runs.climbs[label]),
            slope_jump=slope_jump(loss),
        )
        for label, loss in runs.losses
    )
    small = runs.losses[3][0]
    asked = [
        (DIRTY, runs.dirty, first, second)
        for first, second in (
            ("l1", "mse"),
            ("huber, delta 1", "mse"),
            (small, "mse"),
            ("log_cosh", "mse"),
            (small, "l1"),
            (small, "huber, delta 1"),
        )
    ]
    asked += [(CLEAN, runs.clean, "mse", "l1")]
    asked += [(CLIMBS, runs.climbs, first, "l1") for first in ("mse", "huber, delta 1", small)]
    gaps = [_difference(numbers[first], numbers[second]) for _, numbers, first, second in asked]
    adjusted = holm([gap.p for gap in gaps])
    comparisons = tuple(
        Comparison(
            what=what,
            first=first,
            second=second,
            lower=int((numbers[first] < numbers[second]).sum()),
            runs=numbers[first].size,
            draws_lower=int((np.median(numbers[first], axis=1) < np.median(numbers[second], axis=1)).sum()),
            draws=runs.draws,
            difference=gap,
            p_adjusted=float(p),
        )
        for (what, numbers, first, second), gap, p in zip(asked, gaps, adjusted, strict=True)
    )
    return Outliers(losses=losses, comparisons=comparisons, statements=_statements(losses, comparisons))


def _over_draws(values: Array) -> Median:
    return median_of(np.median(values, axis=1))


def _difference(first: Array, second: Array) -> Estimate:
    """Return the share of runs in which the first is lower minus that in which it is higher, over draws."""
    scores = ((first < second).astype(np.float64) - (first > second)).mean(axis=1)
    return contrast(scores, bound=1.0)


def _statements(losses: Sequence[OutlierLoss], comparisons: Sequence[Comparison]) -> tuple[Statement, ...]:
    by_label = {each.label: each for each in losses}
    found = {(each.what, each.first, each.second): each for each in comparisons}
    l1, mse, small = by_label["l1"], by_label["mse"], losses[3]
    statements = [
        Statement(
            statement="L1 shrugs off outliers",
            reading=_shrugs(l1, found[DIRTY, "l1", "mse"]),
            evidence=f"they multiply its clean error by {l1.ratio}, that of mse by {mse.ratio}; "
            f"{_lower(found[DIRTY, 'l1', 'mse'])}",
        ),
        Statement(
            statement="MSE is smooth",
            reading="upheld" if found[CLIMBS, "mse", "l1"].shown and not mse.slope_jump else "not seen",
            evidence=f"its slope has no jump at 0, that of l1 one of {l1.slope_jump:g}; at the end its loss "
            f"climbs by {percent(mse.climbs)} of itself, that of l1 by {percent(l1.climbs)}",
        ),
    ]
    for huber in (by_label["huber, delta 1"], small):
        smooth = found[CLIMBS, huber.label, "l1"].shown
        robust = _shrugs(huber, found[DIRTY, huber.label, "mse"])
        both = (
            "upheld" if smooth and robust == "upheld" else "in part" if smooth or robust != "not seen" else ""
        )
        statements.append(
            Statement(
                statement=f"Huber does both ({huber.label.partition(', ')[2]})",
                reading=both or "not seen",
                evidence=f"outliers multiply its clean error by {huber.ratio}; at the end its loss climbs by "
                f"{percent(huber.climbs)} of itself",
            )
        )
    return tuple(statements)


def _shrugs(loss: OutlierLoss, against_mse: Comparison) -> str:
    """Upheld: shown to be less harmed than mse, and the error less than doubled, by the whole interval."""
    if not against_mse.shown:
        return "not seen"
    return "upheld" if loss.ratio.sure and loss.ratio.high < SHRUGGED else "in part"


def _lower(each: Comparison) -> str:
    return f"lower than {each.second} in {each.lower:,} of {each.runs:,} runs"


def percent(value: Median) -> str:
    """Return a share with its interval, in per cent."""
    low, high = (format_number(100 * end) for end in (value.low, value.high))
    return f"{format_number(100 * value.median)} % ({low} to {high} %)"


# Outliers as a section: errors with their intervals, what is learnt of one data set, and the statements.


def outliers_section(runs: OutlierRuns, found: Outliers) -> Section:
    """Show the errors with their intervals, the fits of one data set, and how the statements fare."""
    rows: list[list[Cell]] = [
        [each.label, str(each.clean), str(each.dirty), str(each.ratio), percent(each.climbs)]
        for each in found.losses
    ]
    headers = ["Loss", "Clean error", "With outliers", "Times", "Climb of the loss"]
    ratio = found.losses[0].ratio
    level = f"{USUAL} intervals"
    if not ratio.sure:
        level = f"ranges from least to largest, {_level(ratio)} intervals"
    return Section(
        name="outliers",
        heading="Outliers: L1, MSE and Huber",
        text=paragraphs(_words(runs), _few_words(ratio), map(str, found.statements)),
        tables=(Table(title=f"Medians over {runs.draws} data sets, {level}", headers=headers, rows=rows),),
        pictures=(_ratios(found.losses), _fit_picture(runs)),
    )


def _words(runs: OutlierRuns) -> tuple[str, ...]:
    shifted = int(runs.data.shifted.sum())
    where = (
        f"{POINTS} points of sin πx with noise of deviation {NOISE:g}, {runs.network}, Adam; the fit is "
        "judged on the sine itself, between the points"
    )
    return (
        f"{where}. In each of {runs.draws} data sets {shifted} targets, a different choice each "
        f"time, are shifted up by {SHIFT:g} standard deviations; {runs.seeds} "
        f"seeds on each, {runs.epochs:,} epochs, with those outliers and without. The clean error is the "
        "root mean squared one. Intervals are over data sets, since runs on one share its outliers.",
        f"Climb of the loss: all rises of the training loss in the last {LAST_EPOCHS} epochs, added up, as a "
        "share of the loss itself, without outliers; 0 for a curve that only falls.",
        "A loss counts as shrugging outliers off if they multiply its clean error by less than "
        f"{SHRUGGED:g} throughout the interval.",
    )


def _few_words(ratio: Median) -> str:
    """Return that a median of so few data sets has no interval of the usual confidence."""
    if ratio.sure:
        return ""
    return (
        f"The median of {ratio.n} data sets has no {USUAL} interval: the ranges given, from the least to "
        f"the largest, hold it with {_level(ratio)} confidence. So no loss can be shown to shrug outliers "
        "off; 48 seeds are 6 data sets, enough for that."
    )


def _level(ratio: Median) -> str:
    return f"{100 * ratio.level:g} %"


def _ratios(losses: Sequence[OutlierLoss]) -> Picture:
    return intervals(
        [
            Interval(label=each.label, estimate=each.ratio.median, low=each.ratio.low, high=each.ratio.high)
            for each in losses
        ],
        x_label="Clean error with outliers, as a multiple of that without",
        title="What outliers do to the clean error",
        reference=1.0,
    )


def _fit_picture(runs: OutlierRuns) -> Picture:
    order = np.argsort(runs.data.judged_inputs[:, 0], kind="stable")
    x = runs.data.judged_inputs[order, 0]
    drawn = [Curve(label="the clean data", x=x, median=runs.data.judged_targets[order, 0])]
    drawn += [
        Curve(label=label, x=x, median=fit[order])
        for label, fit in runs.fits.items()
        if label in ("l1", "mse", runs.losses[3][0])
    ]
    title = "What is learnt of one data set with outliers (its first seed)"
    return curves(drawn, x_label="Input", y_label="Prediction", title=title)


def outliers_sentence(found: Outliers) -> str:
    """Return what outliers did, in a sentence, and how the statements fare."""
    by_label = {each.label: each for each in found.losses}
    named = (by_label["mse"], by_label["huber, delta 1"], found.losses[3], by_label["l1"])
    factors = ", ".join(f"{each.ratio} under {each.label.replace(', ', ' with ')}" for each in named)
    readings: dict[str, list[str]] = {}
    for each in found.statements:
        readings.setdefault(each.reading, []).append(f"“{each.statement}”")
    fared = "; ".join(f"{reading}: {', '.join(said)}" for reading, said in readings.items())
    fared = fared[:1].upper() + fared[1:]
    ratio = found.losses[0].ratio
    few = "" if ratio.sure else f" (ranges over {ratio.n} data sets, {_level(ratio)} intervals)"
    return f"{100 * SHARE:g} % outliers multiply the error on clean data by {factors}{few}. {fared}."
