"""Outliers as a section: errors with their intervals, what is learnt of one data set, and the statements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.draw import Cell, Curve, Interval, Picture, counted, curves, intervals
from trainlab.explain.questions.loss.medians import Median
from trainlab.explain.questions.loss.outlier_data import NOISE, POINTS, SHARE, SHIFT
from trainlab.explain.questions.loss.outlier_runs import LAST_EPOCHS, OutlierRuns
from trainlab.explain.questions.loss.outliers import SHRUGGED, Comparison, OutlierLoss, Outliers, percent
from trainlab.page.section import Section, Table, paragraphs


def outliers_section(runs: OutlierRuns, found: Outliers) -> Section:
    """Show the errors with their intervals, the fits of one data set, and how the statements fare."""
    rows: list[list[Cell]] = [
        [each.label, str(each.clean), str(each.dirty), str(each.ratio), percent(each.climbs)]
        for each in found.losses
    ]
    headers = ["Loss", "Clean error", "With outliers", "Times", "Climb of the loss"]
    ratio = found.losses[0].ratio
    level = "95 % intervals" if ratio.sure else f"ranges from least to largest, {_level(ratio)} intervals"
    return Section(
        name="outliers",
        heading="Outliers: L1, MSE and Huber",
        text=paragraphs(_words(runs), _few_words(ratio), map(str, found.statements)),
        tables=(
            Table(title=f"Medians over {runs.draws} data sets, {level}", headers=headers, rows=rows),
            _comparison_table(found.comparisons),
        ),
        pictures=(_ratios(found.losses), *(_fit_picture(runs) if runs.fits else ())),
    )


def _words(runs: OutlierRuns) -> tuple[str, ...]:
    shifted, total = int(runs.data.shifted.sum()), len(runs.data.shifted)
    judged = len(runs.data.judged_targets)
    where = (
        f"Your {total:,} training examples, {runs.network} with a linear output; the fit is judged on "
        f"{judged:,} others, clean and held out, a different choice in each data set"
        if runs.own
        else f"{POINTS} points of sin πx with noise of deviation {NOISE:g}, {runs.network}, Adam; the fit is "
        "judged on the sine itself, between the points"
    )
    return (
        f"{where}. In each of {runs.draws} data sets {counted(shifted, 'target')}, a different choice each "
        f"time, {'is' if shifted == 1 else 'are'} shifted up by {SHIFT:g} standard deviations; {runs.seeds} "
        f"seeds on each, {runs.epochs:,} epochs, with those outliers and without. The clean error is the "
        "root mean squared one. Intervals are over data sets, since runs on one share its outliers.",
        f"Climb of the loss: all rises of the training loss in the last {LAST_EPOCHS} epochs, added up, as a "
        "share of the loss itself, without outliers; 0 for a curve that only falls.",
        "A loss counts as shrugging outliers off if they multiply its clean error by less than "
        f"{SHRUGGED:g} throughout the interval.",
    )


def _few_words(ratio: Median) -> str:
    """Return that a median of so few data sets has no 95 % interval."""
    if ratio.sure:
        return ""
    return (
        f"The median of {ratio.n} data sets has no 95 % interval: the ranges given, from the least to the "
        f"largest, hold it with {_level(ratio)} confidence. So no loss can be shown to shrug outliers "
        "off; 48 seeds are 6 data sets, enough for that."
    )


def _level(ratio: Median) -> str:
    return f"{100 * ratio.level:g} %"


def _comparison_table(comparisons: Sequence[Comparison]) -> Table:
    rows: list[list[Cell]] = [
        [
            f"{each.what}: {each.first} < {each.second}",
            f"{each.lower:,} of {each.runs:,}",
            f"{each.draws_lower} of {each.draws}",
            str(each.difference).replace(" points", ""),
            "yes" if each.shown else "no",
        ]
        for each in comparisons
    ]
    headers = ["Lower?", "In runs", "In data sets", "Wins − losses, %", "Shown"]
    return Table(title="Paired by data set and seed; read together (Holm)", headers=headers, rows=rows)


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


def _fit_picture(runs: OutlierRuns) -> tuple[Picture, ...]:
    order = np.argsort(runs.data.judged_inputs[:, 0], kind="stable")
    x = runs.data.judged_inputs[order, 0]
    drawn = [Curve(label="the clean data", x=x, median=runs.data.judged_targets[order, 0])]
    drawn += [
        Curve(label=label, x=x, median=fit[order])
        for label, fit in runs.fits.items()
        if label in ("l1", "mse", runs.losses[3][0])
    ]
    title = "What is learnt of one data set with outliers (its first seed)"
    return (curves(drawn, x_label="Input", y_label="Prediction", title=title),)


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
