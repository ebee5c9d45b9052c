"""What a race and the search for the smallest budget print alike: what raced, the answer, a table, notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trainlab.draw import wrapped
from trainlab.report.how import how_line
from trainlab.report.terminal_lines import LINES, labelled, print_lines
from trainlab.spec import data_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from trainlab.studies import RaceResult, SmallestResult

LEAST = 3
"""So many rows are listed in the answer, whatever stands beside them."""


def print_framed(
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


def print_how(result: RaceResult | SmallestResult, spent: str, *, console: Console) -> None:
    """Print what was spent, by which engine and in what time."""

    print_lines(wrapped(f"{spent}; {how_line(result.how)}.", console.width), console=console, style="muted")
