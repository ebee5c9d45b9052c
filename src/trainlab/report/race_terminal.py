"""A race in the terminal: its answer, or all details: the leaderboard, the rounds, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, terminal_table, wrapped
from trainlab.report.method_part import time_words
from trainlab.report.race_words import saved_words
from trainlab.report.text_lines import LINES, labelled
from trainlab.spec import data_words
from trainlab.studies.race_result import RaceResult
from trainlab.studies.race_show import HEADERS, board_row

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LISTED = 12
"""So many candidates are listed at most."""
LEAST = 3
"""So many candidates are listed in the answer, whatever stands beside them."""
RULE = "Ranks and intervals hold at once, with 95 % confidence. Out: in which round a candidate was dropped."


def print_race(result: RaceResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a race, or with `details` its rounds as well, as wide as `console` is."""
    from rich.text import Text

    width = console.width
    above = [
        *wrapped(f"A race of {result.field}", width),
        *wrapped(data_words(result.base), width),
        *labelled([pair for pair in result.made if pair[1]], width),
        "",
    ]
    answer = wrapped(result.verdict, width)
    more = "" if details else f"{saved_words(result)}. More: --details (the rounds), --html FILE (a page)"
    end = [*wrapped(RULE, width), *wrapped(more, width)]
    room = LINES - 1 - len(above) - len(answer) - len(end)
    listed = LISTED
    # A long name takes several lines.
    while not details and listed > LEAST and len(console.render_lines(_board(result, listed))) > room:
        listed -= 1
    console.print(Text(result.title, style="bold"))
    for line in above:
        console.print(Text(line))
    for line in answer:
        console.print(Text(line, style="bold"))
    console.print(_board(result, listed))
    for line in end:
        console.print(Text(line, style=TERMINAL["muted"]))
    left = len(result.candidates) - listed
    if details:
        if left > 0:
            console.print(f"… and {left:,} more; the HTML report and the JSON have all.")
        _rounds(result, console)


def _board(result: RaceResult, listed: int) -> Table:
    """Return the first candidates as a table."""
    rows = [board_row(item) for item in result.candidates[:listed]]
    return terminal_table(HEADERS, rows, align=["right", "left", "right", "right", "right"])


def _rounds(result: RaceResult, console: Console) -> None:
    from rich.text import Text

    rounds = [
        [place, item.seeds, item.candidates, item.dropped, item.runs, item.leader]
        for place, item in enumerate(result.rounds, 1)
    ]
    heads = ["Round", "Seeds each", "In the race", "Dropped", "Runs added", "Leader"]
    console.print()
    console.print(terminal_table(heads, rounds, title="Rounds"))
    engine = f"{result.how.engine} engine, trainlab {result.how.versions.get('trainlab', '')}".rstrip()
    for line in wrapped(f"{saved_words(result)}; {engine}; {time_words(result.how)}.", console.width):
        console.print(Text(line, style=TERMINAL["muted"]))
