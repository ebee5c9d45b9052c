"""A race in the terminal: its answer, or all details: the leaderboard, the rounds, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.report.races.race_frame import print_framed, print_how
from trainlab.report.races.race_words import saved_words
from trainlab.studies.races.race_board import CANDIDATES, ROUNDS
from trainlab.studies.races.race_result import RaceResult

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 12
"""So many candidates are listed at most."""
RULE = "Ranks and intervals hold at once, with 95 % confidence. Out: in which round a candidate was dropped."


def print_race(result: RaceResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a race, or with `details` its rounds as well, as wide as `console` is."""
    more = f"{saved_words(result)}. More: --details (the rounds), --html FILE (a page)"
    listed = print_framed(
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
        print_how(result, saved_words(result), console=console)
