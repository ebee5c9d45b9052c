"""The columns of a study's table by its measure: held out, trained on, R², solved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_fixed, format_number
from trainlab.engine import Runs
from trainlab.page.cells import UNKNOWN, count_of
from trainlab.page.columns import Column
from trainlab.studies.cells import CellResult, any_solved, median, spread_of
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.verdicts.score_verdicts import percent

Floats = npt.NDArray[np.float64]


def score_columns(
    measure: PerformanceMeasure, cells: Sequence[CellResult]
) -> list[Column[CellResult | None]]:
    """Return the columns that apply to these cells; the row of None is the mere guess."""
    data = cells[0].runs.experiment.data()
    trained = _numbers(f"{data.points:,} trained on", measure.training_guess, measure.trained_on, measure)
    columns = [trained]
    if measure.held_out:
        columns.insert(0, _numbers(f"{data.held_out:,} held out", measure.guess, measure.of, measure))
    if has_r2(measure):
        columns.insert(1, _column("R²", lambda item: r2_words(item, measure), guess="0.00"))
    if any_solved(cells):
        columns.append(_column("Solved", lambda item: count_of(item.solved), guess=UNKNOWN))
    return columns


def has_r2(measure: PerformanceMeasure) -> bool:
    """Whether 1 − loss / guess is R²."""
    return measure.squared and min(measure.guesses or (measure.guess,)) > 0


def r2_words(item: CellResult, measure: PerformanceMeasure) -> str:
    """Return the median R² of a cell's runs with two decimals, each against the guess on its split."""
    guesses = measure.guesses or (measure.guess,)
    values = measure.of_all(item)
    return format_fixed(1 - median(values / np.repeat(guesses, len(values) // len(guesses))), 2)


def _numbers(
    heading: str, guess: float, values: Callable[[Runs], Floats], measure: PerformanceMeasure
) -> Column[CellResult | None]:
    def number(value: float) -> str:
        return percent(value) if measure.kind == "accuracy" else format_number(value)

    def full(item: CellResult) -> str:
        low, middle, high = spread_of(item.joined(values)) or (np.inf, np.inf, np.inf)
        spread = f"{number(low)}–{number(high)}".replace(" %", "")
        return f"{number(middle)} ({spread})"

    def brief(item: CellResult) -> str:
        return number(median(item.joined(values)))

    return _column(heading, full, guess=number(guess), brief=brief)


def _column(
    heading: str,
    told: Callable[[CellResult], str],
    *,
    guess: str,
    brief: Callable[[CellResult], str] | None = None,
) -> Column[CellResult | None]:
    short = brief or told

    def as_it_is(item: CellResult | None) -> CellResult | None:
        return item

    return Column(
        heading,
        as_it_is,
        show=lambda item: guess if item is None else told(item),
        brief=lambda item: guess if item is None else short(item),
        align="right",
    )
