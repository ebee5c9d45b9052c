"""The smallest budget in the terminal: the answer and the best network of each budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainlab.report.races.race_frame import print_framed, print_how
from trainlab.studies.races.smallest_board import BUDGETS, BudgetJudged
from trainlab.studies.races.smallest_result import SmallestResult

if TYPE_CHECKING:
    from rich.console import Console

RULE = (
    "Of each budget the best network, picked on some seeds and judged on others; all intervals hold at once, "
    "with 95 % confidence. With this training only."
)


def print_smallest(result: SmallestResult, *, console: Console, details: bool = False) -> None:
    """Print the answer, or with `details` all budgets and what it took, as wide as `console` is."""
    spent = f"{result.runs:,} runs"
    more = f"{spent}. More: --details (all budgets, the time), --html FILE (a page)"
    print_framed(
        result,
        console=console,
        board=lambda listed: BUDGETS.terminal(_nearest(result, listed)),
        rows=len(result.budgets),
        notes=[RULE] if details else [RULE, more],
        details=details,
    )
    if details:
        print_how(result, spent, console=console)


def _nearest(result: SmallestResult, listed: int) -> Sequence[BudgetJudged]:
    """Return so many budgets, those nearest to the answer where there are more."""
    items = result.budgets
    found = len(items) if result.smallest is None else items.index(result.smallest) + 1
    start = max(0, min(found - listed + 1, len(items) - listed))
    return items[start : start + listed]
