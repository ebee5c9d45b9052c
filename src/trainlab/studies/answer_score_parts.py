"""What the answer by a measure is put together from: effects alone, columns of the table, cautions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_fixed, format_number
from trainlab.engine import Runs
from trainlab.page.columns import UNKNOWN, Column, count_of
from trainlab.spec import solved_rule
from trainlab.stats import Reading, passed_over
from trainlab.studies.answer import networks_words
from trainlab.studies.cells import CellResult, any_solved, median, spread_of
from trainlab.studies.effects import Effect
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.verdicts.score_verdicts import percent

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult


# What a change does alone where the average over the other changes doesn't show it, in words.


def only_alone(effect: Effect) -> bool:
    """Whether a change is clearly seen to help or hurt alone, and isn't on average over the others."""
    clear: tuple[Reading, ...] = ("helps", "hurts")
    return (
        effect.alone is not None
        and effect.main is not None
        and effect.alone.reading in clear
        and effect.main.reading not in clear
    )


def describe_alone(
    result: StudyResult, effects: Sequence[Effect], measure: PerformanceMeasure
) -> list[tuple[str, str, str]]:
    """Return what each change does alone, in figures, and what its average shows."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    over = "the other change" if len(result.study.change_names) == 2 else "the other changes"
    seen = {
        "no difference seen": "no difference is seen",
        "shown to be small": f"it is shown to be less than {measure.little}",
    }
    groups: dict[tuple[str, Reading, Reading], list[Effect]] = {}
    for effect in effects:
        if effect.alone is not None and effect.main is not None:
            key = (effect.change, effect.alone.reading, effect.main.reading)
            groups.setdefault(key, []).append(effect)
    found: list[tuple[str, str, str]] = []
    for (change, alone, main), items in groups.items():
        who = networks_words([item.network for item in items], networks, result)
        values = sorted(
            (item.alone.value for item in items if item.alone is not None), key=lambda value: value.estimate
        )
        figures = measure.difference(values[0])
        if len(values) > 1:
            unit = "points" if measure.kind == "accuracy" else "%"
            figures = f"{measure.figure(values[0].estimate)} to {measure.figure(values[-1].estimate)} {unit}"
        found.append((f"{change} {alone} {who}", figures, f"averaged over {over} {seen[main]}"))
    return found


def alone_lines(
    result: StudyResult, effects: Sequence[Effect], measure: PerformanceMeasure
) -> tuple[tuple[str, str], ...]:
    """Return a line on what changes do alone that their averages don't show; none if there is nothing."""
    told = describe_alone(result, [effect for effect in effects if only_alone(effect)], measure)
    words = [f"{words}: {figures}; {rest}" for words, figures, rest in told]
    return (("Alone", ". ".join(words)),) if words else ()


def nearest_to_seen(effects: Sequence[Effect], measure: PerformanceMeasure) -> str:
    """Name the effect that comes nearest to being seen, if an interval taken by itself leaves out 0."""
    near = [
        (read.p_adjusted, f"{effect.change}{how} on {effect.network}", read)
        for effect in effects
        for how, read in ((" alone", effect.alone), ("" if _is_alone(effect) else " on average", effect.main))
        if read is not None and passed_over(read).startswith("leaves out 0")
    ]
    if not near:
        return ""
    p, name, read = min(near, key=lambda item: item[0])
    others = f" as one of {read.together:,} read together" if read.together > 1 else ""
    return f"Nearest to it comes {name}: {measure.difference(read.value)}, p = {p:.2g}{others}."


def _is_alone(effect: Effect) -> bool:
    """Whether there is no other change, so that alone and on average are the same."""
    return effect.alone is not None and effect.main is not None and effect.alone.value == effect.main.value


# The columns of a study's table by its measure: held out, trained on, R², solved.


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


# What the figures of an answer don't cover: other rows, and runs that diverged.


MORE_SPLITS = "Other rows may say otherwise: splits = 20 in the study file draws them twenty times."
"""Said of results on one split."""


def cautions(result: StudyResult, measure: PerformanceMeasure) -> list[str]:
    """Say what the figures don't cover: other rows, runs that diverged, what solved means."""
    said: list[str] = []
    lost = sum(item.diverged.k for item in result.cells)
    if lost:
        runs = sum(item.diverged.n for item in result.cells)
        counts = "having no row right" if measure.kind == "accuracy" else "the worst in medians"
        said.append(f"{lost:,} of {runs:,} runs diverged; they count as {counts}.")
    if result.score_effects and measure.kind == "loss":
        said.append("Effects on the loss are ratios of geometric means, not of the medians in the table.")
    if any_solved(result.cells):
        said.append(solved_rule(item.runs.experiment.solved for item in result.cells))
    if not measure.held_out:
        said.append(
            "No rows were held out, so nothing here says how the networks do on new ones; held_out = 0.25 "
            "under [baseline.split] holds out a quarter."
        )
    elif measure.splits > 1:
        said.append(
            f"Which {measure.rows:,} rows are held out is drawn {measure.splits:,} times, and the intervals "
            "of effects allow for it."
        )
    else:
        said.append(_one_split(result, measure))
    return said


def _one_split(result: StudyResult, measure: PerformanceMeasure) -> str:
    """Say what the rows of a single split leave to chance, and how to draw more splits."""
    more = ""
    if result.study.changes or len(result.study.networks) > 1:
        more = f" {MORE_SPLITS}"
    if measure.kind == "loss":
        return (
            f"Intervals are of the seeds. Which {measure.rows:,} rows are held out is chance as well, and "
            f"others would give other losses.{more}"
        )
    middle = median(measure.of(result.cells[0].runs))
    rows = measure.rows_right(middle)
    return (
        f"Intervals are of the seeds. Which rows are held out is chance as well: {measure.rows:,} rows "
        f"tell an accuracy of {percent(middle)} to within "
        f"{100 * rows.low:.0f} to {100 * rows.high:.0f} %.{more}"
    )
