"""The smallest budget in the terminal: the answer and the best network of each budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, terminal_table, wrapped
from trainlab.report.method_part import time_words
from trainlab.report.text_lines import LINES, labelled
from trainlab.spec import data_words
from trainlab.studies.smallest_result import SmallestResult
from trainlab.studies.smallest_show import HEADERS, budget_row

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LEAST = 3
"""So many budgets are listed in the answer, whatever stands beside them."""
RULE = (
    "Of each budget the best network, picked on some seeds and judged on others; all intervals hold at once, "
    "with 95 % confidence. With this training only."
)


def print_smallest(result: SmallestResult, *, console: Console, details: bool = False) -> None:
    """Print the answer, or with `details` all budgets and what it took, as wide as `console` is."""
    from rich.text import Text

    width = console.width
    above = [
        *wrapped(f"A race of {result.field}", width),
        *wrapped(data_words(result.base), width),
        *labelled([pair for pair in result.made if pair[1]], width),
        "",
    ]
    answer = wrapped(result.verdict, width)
    spent = f"{result.runs:,} runs"
    end = wrapped(RULE, width)
    if not details:
        end += wrapped(f"{spent}. More: --details (all budgets, the time), --html FILE (a page)", width)
    room = LINES - 1 - len(above) - len(answer) - len(end)
    listed = len(result.budgets) if details else min(len(result.budgets), max(room, LEAST))
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
    if details:
        engine = f"{result.how.engine} engine, trainlab {result.how.versions.get('trainlab', '')}".rstrip()
        for line in wrapped(f"{spent}; {engine}; {time_words(result.how)}.", width):
            console.print(Text(line, style=TERMINAL["muted"]))


def _board(result: SmallestResult, listed: int) -> Table:
    """Return so many budgets as a table, those nearest to the answer where there are more."""
    items = list(result.budgets)
    found = len(items) if result.smallest is None else items.index(result.smallest) + 1
    start = max(0, min(found - listed + 1, len(items) - listed))
    rows = [budget_row(item) for item in items[start : start + listed]]
    return terminal_table(HEADERS, rows, align=["right", "right", "left", "right", "right", "left"])
