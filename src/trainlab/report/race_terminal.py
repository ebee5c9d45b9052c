"""A race in the terminal: the verdict, the leaderboard, the rounds, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, terminal_table
from trainlab.report.method_part import time_words
from trainlab.report.race_words import saved_words
from trainlab.spec import data_words
from trainlab.studies.race_result import RaceResult
from trainlab.studies.race_show import HEADERS, board_row

if TYPE_CHECKING:
    from rich.console import Console

LISTED = 12
"""So many candidates are listed."""


def print_race(result: RaceResult, *, console: Console) -> None:
    """Print the summary of a race, as wide as `console` is."""
    from rich.text import Text

    console.print(Text(result.title, style="bold"))
    console.print(Text(f"A race of {result.field}"))
    if data_words(result.base):
        console.print(Text(data_words(result.base)))
    console.print()
    console.print(Text(result.verdict, style="bold"))
    console.print()
    rows = [board_row(item) for item in result.candidates[:LISTED]]
    console.print(
        terminal_table(
            HEADERS,
            rows,
            title="Leaderboard (ranks and intervals hold at once, with 95 % confidence; Out: in which round)",
            align=["right", "left", "right", "right", "right"],
        )
    )
    left = len(result.candidates) - len(rows)
    if left > 0:
        console.print(f"… and {left:,} more; the HTML report and the JSON have all.")
        console.print()
    rounds = [
        [place, item.seeds, item.candidates, item.dropped, item.runs, item.leader]
        for place, item in enumerate(result.rounds, 1)
    ]
    console.print(
        terminal_table(
            ["Round", "Seeds each", "In the race", "Dropped", "Runs added", "Leader"], rounds, title="Rounds"
        )
    )
    engine = f"{result.how.engine} engine, trainlab {result.how.versions.get('trainlab', '')}".rstrip()
    console.print(
        Text(f"{saved_words(result)}; {engine}; {time_words(result.how)}.", style=TERMINAL["muted"])
    )
