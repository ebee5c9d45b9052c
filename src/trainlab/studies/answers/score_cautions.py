"""What the figures of an answer don't cover: other rows, and runs that diverged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.spec import solved_rule
from trainlab.studies.cells import any_solved, median
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.verdicts.score_verdicts import percent

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult

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
