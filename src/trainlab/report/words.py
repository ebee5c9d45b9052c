"""What a report calls losses, tasks and verdicts, and what one run would have said."""

from __future__ import annotations

from trainlab.maths import LOSSES
from trainlab.spec import Custom, Loss, TaskSpec, name_of
from trainlab.stats import Outcome, Verdict

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


def single_run(verdict: Verdict, runs: str = "seeds") -> str:
    """Say how often a single run would have concluded otherwise; nothing where that can't be told."""
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
