"""Numbers in a report: rates, differences in points, p-values, and verdicts' marks."""

from __future__ import annotations

from trainlab.draw import format_fixed
from trainlab.maths import LOSSES
from trainlab.spec import Custom, Loss, TaskSpec, name_of
from trainlab.stats import Rate, ReadEstimate, passed_over
from trainlab.studies.verdicts import Outcome, Verdict

MARKS: dict[Outcome, str] = {"upheld": "✓", "refuted": "✗", "mixed": "≈"}
"""A mark for each outcome, so that it isn't told by colour alone; the word always stands beside it."""


def loss_label(loss: Loss) -> str:
    """Return ``loss (L1)`` for L1: curves of different losses must not be compared by height."""
    name = loss.function if isinstance(loss, Custom) else LOSSES[name_of(loss)].label
    return f"loss ({name})"


def task_label(task: TaskSpec) -> str:
    """Return ``XOR``, or the task's name in words."""
    name = name_of(task)
    return name.upper() if name == "xor" else name.replace("_", " ")


def points(value: ReadEstimate | None) -> str:
    """Return a difference of success rates in points with its interval: ``+37.1 (+36.2 to +37.8)``."""
    if value is None:
        return "–"
    estimate, low, high = (
        format_fixed(100 * number, 1, sign=True)
        for number in (value.value.estimate, value.value.low, value.value.high)
    )
    return f"{estimate} ({low} to {high})"


def reading_words(value: ReadEstimate) -> str:
    """Return how a difference reads, with the reason where its interval by itself would read otherwise."""
    return f"{value.reading}, of {value.together:,} read together" if passed_over(value) else value.reading


def p_words(p: float) -> str:
    """Return a p-value with three decimals, or ``<0.001``."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def share(value: Rate) -> str:
    """Return a rate in percent with its interval: ``95.9 % (94.5–97.0)``."""
    return f"{100 * value.estimate:.1f} % ({100 * value.low:.1f}–{100 * value.high:.1f})"


def single_run(verdict: Verdict, runs: str = "seeds") -> str:
    """Return what one run would have concluded, or nothing where it concludes nothing; `runs` are counted."""
    value = verdict.opposite
    if value is None:
        return ""
    what = "failed runs" if verdict.topic == "vanishing" else runs
    if verdict.topic in ("change", "together"):
        made = "this change" if verdict.topic == "change" else "the changes"
        return (
            f"One pair of runs, with {made} and without, would have said otherwise on "
            f"{value.k:,} of {value.n:,} {runs} ({100 * value.estimate:.1f} %)."
        )
    return (
        f"A single run would have said the opposite on {value.k:,} of {value.n:,} {what} "
        f"({100 * value.estimate:.1f} %)."
    )
