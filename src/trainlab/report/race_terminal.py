"""A race in the terminal: its answer, or all details: the leaderboard, the rounds, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import terminal_table
from trainlab.report.race_frame import print_framed, print_how
from trainlab.report.race_words import saved_words
from trainlab.studies.race_result import RaceResult
from trainlab.studies.race_show import HEADERS, board_row

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LISTED = 12
"""So many candidates are listed at most."""
RULE = "Ranks and intervals hold at once, with 95 % confidence. Out: in which round a candidate was dropped."


def print_race(result: RaceResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a race, or with `details` its rounds as well, as wide as `console` is."""
    more = f"{saved_words(result)}. More: --details (the rounds), --html FILE (a page)"
    listed = print_framed(
        result,
        console=console,
        board=lambda listed: _board(result, listed),
        rows=LISTED,
        notes=[RULE] if details else [RULE, more],
        details=details,
    )
    left = len(result.candidates) - listed
    if details:
        if left > 0:
            console.print(f"… and {left:,} more; the HTML report and the JSON have all.")
        _rounds(result, console)
        print_how(result, saved_words(result), console=console)


def _board(result: RaceResult, listed: int) -> Table:
    """Return the first candidates as a table."""
    rows = [board_row(item) for item in result.candidates[:listed]]
    return terminal_table(HEADERS, rows, align=["right", "left", "right", "right", "right"])


def _rounds(result: RaceResult, console: Console) -> None:
    rounds = [
        [place, item.seeds, item.candidates, item.dropped, item.runs, item.leader]
        for place, item in enumerate(result.rounds, 1)
    ]
    heads = ["Round", "Seeds each", "In the race", "Dropped", "Runs added", "Leader"]
    console.print()
    console.print(terminal_table(heads, rounds, title="Rounds"))
