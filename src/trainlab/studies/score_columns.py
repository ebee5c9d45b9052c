"""The columns of a study's table by its measure: held out, trained on, R², solved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_fixed, format_number
from trainlab.engine import Runs
from trainlab.studies.cells import CellResult
from trainlab.studies.measure import Measure
from trainlab.studies.score_verdicts import median, percent

Floats = npt.NDArray[np.float64]

_ENDS = (0.05, 0.95)
"""A cell's spread is the middle 90 % of its runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: its head, the guess's entry, and each cell's with its spread and without."""

    head: str
    guess: str
    full: Callable[[CellResult], str]
    brief: Callable[[CellResult], str]


def score_columns(measure: Measure, cells: Sequence[CellResult]) -> list[Column]:
    """Return the columns that say something of these cells."""
    data = cells[0].runs.experiment.data()
    trained = _numbers(f"{data.points:,} trained on", measure.training_guess, measure.trained_on, measure)
    columns = [trained]
    if measure.held_out:
        columns.insert(0, _numbers(f"{data.held_out:,} held out", measure.guess, measure.of, measure))
    if has_r2(measure):
        columns.insert(1, _r2(measure))
    if tells_solved(cells):
        columns.append(Column(head="Solved", guess="–", full=_solved, brief=_solved))
    return columns


def spread_of(values: npt.NDArray[np.floating]) -> tuple[float, float, float] | None:
    """Return between which of its runs' values the middle 90 % of a cell lie, and their median.

    As low end, median, high end. A run that isn't finite counts as the highest: it is a loss that diverged.
    None where no run has a number, as an accuracy of a regression.
    """
    if not np.isfinite(values).any():
        return None
    known = np.where(np.isfinite(values), values, np.inf).astype(np.float64)
    low, high = (float(np.quantile(known, share, method="nearest")) for share in _ENDS)
    return low, median(known), high


def has_r2(measure: Measure) -> bool:
    """Whether 1 − loss / guess is R²."""
    return measure.squared and min(measure.guesses or (measure.guess,)) > 0


def tells_solved(cells: Sequence[CellResult]) -> bool:
    """Whether what is solved says anything: some run is."""
    return any(item.solved.k for item in cells)


def r2_words(item: CellResult, measure: Measure) -> str:
    """Return the median R² of a cell's runs with two decimals, each by the guess of its split."""
    guesses = measure.guesses or (measure.guess,)
    values = measure.of_all(item)
    return format_fixed(1 - median(values / np.repeat(guesses, len(values) // len(guesses))), 2)


def _numbers(head: str, guess: float, values: Callable[[Runs], Floats], measure: Measure) -> Column:
    def number(value: float) -> str:
        return percent(value) if measure.kind == "accuracy" else format_number(value)

    def full(item: CellResult) -> str:
        low, middle, high = spread_of(item.joined(values)) or (np.inf, np.inf, np.inf)
        spread = f"{number(low)}–{number(high)}".replace(" %", "")
        return f"{number(middle)} ({spread})"

    return Column(
        head=head, guess=number(guess), full=full, brief=lambda item: number(median(item.joined(values)))
    )


def _r2(measure: Measure) -> Column:
    def text(item: CellResult) -> str:
        return r2_words(item, measure)

    return Column(head="R²", guess="0.00", full=text, brief=text)


def _solved(item: CellResult) -> str:
    return f"{item.solved.k:,} of {item.solved.n:,}"
