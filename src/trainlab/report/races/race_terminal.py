"""Races and the smallest budget in the terminal: what raced, the answer, a table, and what it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trainlab.draw import wrapped
from trainlab.report.provenance_lines import provenance_line
from trainlab.report.races.race_page import saved_words
from trainlab.report.terminal_lines import LINES, labelled, print_lines
from trainlab.spec import data_words
from trainlab.studies.races.race_board import CANDIDATES, ROUNDS
from trainlab.studies.races.race_result import RaceResult
from trainlab.studies.races.smallest_board import BUDGETS, BudgetJudged
from trainlab.studies.races.smallest_result import SmallestResult

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


LISTED = 12
"""So many candidates are listed at most."""
RULE = "Ranks and intervals hold at once, with 95 % confidence. Out: in which round a candidate was dropped."
RULE_OF_BUDGETS = (
    "The best network of each budget, picked on some seeds and judged on others; all intervals hold at once, "
    "with 95 % confidence, for this training only."
)
LEAST = 3
"""So many rows are listed in the answer, whatever stands beside them."""


def print_race(result: RaceResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a race, or with `details` its rounds as well, as wide as `console` is."""
    more = f"{saved_words(result)}. More: --details (the rounds), --html FILE (a page)"
    listed = _print_framed(
        result,
        console=console,
        board=lambda listed: CANDIDATES.terminal(result.candidates[:listed]),
        rows=LISTED,
        notes=[RULE] if details else [RULE, more],
        details=details,
    )
    left = len(result.candidates) - listed
    if details:
        if left > 0:
            console.print(f"… and {left:,} more; the HTML report and the JSON have all.")
        console.print()
        console.print(ROUNDS.terminal(result.rounds, title="Rounds"))
        _print_how(result, saved_words(result), console=console)


def print_smallest(result: SmallestResult, *, console: Console, details: bool = False) -> None:
    """Print the answer, or with `details` all budgets and what it took, as wide as `console` is."""
    spent = f"{result.runs:,} runs"
    more = f"{spent}. More: --details (all budgets, the time), --html FILE (a page)"
    _print_framed(
        result,
        console=console,
        board=lambda listed: BUDGETS.terminal(_nearest(result, listed)),
        rows=len(result.budgets),
        notes=[RULE_OF_BUDGETS] if details else [RULE_OF_BUDGETS, more],
        details=details,
    )
    if details:
        _print_how(result, spent, console=console)


def _nearest(result: SmallestResult, listed: int) -> Sequence[BudgetJudged]:
    """Return `listed` budgets; of more those nearest to the answer."""
    items = result.budgets
    found = len(items) if result.smallest is None else items.index(result.smallest) + 1
    start = max(0, min(found - listed + 1, len(items) - listed))
    return items[start : start + listed]


def _print_framed(
    result: RaceResult | SmallestResult,
    *,
    console: Console,
    board: Callable[[int], Table],
    rows: int,
    notes: Sequence[str],
    details: bool,
) -> int:
    """Print title, what raced, the answer, the `board` of so many of at most `rows` rows, and the `notes`.

    Return how many rows it has: in the answer, without `details`, as many as fit, `LEAST` at least.
    """
    width = console.width
    above = [
        *wrapped(f"A race of {result.field}", width),
        *wrapped(data_words(result.base), width),
        *labelled([pair for pair in result.made if pair[1]], width),
        "",
    ]
    answer = wrapped(result.verdict, width)
    end = [line for note in notes for line in wrapped(note, width)]
    room = LINES - 1 - len(above) - len(answer) - len(end)
    listed = rows if details else min(rows, max(room, LEAST))
    # A long name takes several lines.
    while not details and listed > LEAST and len(console.render_lines(board(listed))) > room:
        listed -= 1
    print_lines([result.title], console=console, style="bold")
    print_lines(above, console=console)
    print_lines(answer, console=console, style="bold")
    console.print(board(listed))
    print_lines(end, console=console, style="muted")
    return listed


def _print_how(result: RaceResult | SmallestResult, spent: str, *, console: Console) -> None:
    """Print what was spent, by which engine and in what time."""

    print_lines(
        wrapped(f"{spent}; {provenance_line(result.how)}.", console.width), console=console, style="muted"
    )
