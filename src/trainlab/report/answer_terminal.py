"""A study's answer in the terminal: a sentence, what is what, one table, what helps, and where the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, counted
from trainlab.report.chosen import cell_words, ends_of, networks_of
from trainlab.report.why_words import USUAL, shares_of
from trainlab.report.words import unbroken
from trainlab.studies.answer import MOST_NETWORKS, Answer, answer_of, named
from trainlab.studies.result import StudyResult
from trainlab.studies.score_columns import tells_solved

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_CHANGES = 8
"""So many changes are said in full."""
_STYLES = {"Helps": "good", "Hurts": "bad", "Upheld": "good", "Refuted": "bad"}


def print_answer(result: StudyResult, *, console: Console) -> None:
    """Print the answer of a study in at most 30 lines of 80 columns, as wide as `console` is."""
    from rich.text import Text

    found = answer_of(result)
    console.print(Text(result.study.title or "A study", style="bold"))
    console.print(Text(unbroken(found.sentence), style="bold"))
    console.print()
    _definitions(result, found, console)
    console.print(Text(found.title))
    console.print(_table(found, console.width))
    for remark in found.remarks:
        console.print(Text(unbroken(remark), style=TERMINAL["muted"]))
    for title, lines in ((found.effects_title, found.effects), ("Asked of it", found.asked)):
        if lines:
            console.print(Text(f"{title}:"))
            console.print(_labelled(lines))
    for words in (*_why(result), *_notes(result), _rest(result)):
        console.print(Text(unbroken(words), style=TERMINAL["muted"]))


def _definitions(result: StudyResult, found: Answer, console: Console) -> None:
    """Say what networks and changes are, before the table names them."""
    from rich.text import Text

    study = result.study
    networks = [
        words
        for name in networks_of(result)[:MOST_NETWORKS]
        if (words := named(study, name)) != name and words not in found.sentence
    ]
    if networks:
        console.print(Text(f"Networks: {', '.join(networks)}"))
    told = [(change.name, change.label) for change in study.changes if change.label]
    if told:
        console.print(_labelled(told[:MOST_CHANGES], plain=True))
    if len(told) > MOST_CHANGES:
        console.print(Text(f"{len(told) - MOST_CHANGES} more changes: --details says what they are."))
    if networks or told:
        console.print()


def _labelled(lines: Sequence[tuple[str, str]], *, plain: bool = False) -> Table:
    """Return lines that begin with a word, set off from what they say."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for word, text in lines:
        style = "default" if plain else TERMINAL[_STYLES.get(word, "neutral")]
        grid.add_row(Text(word, style=style), Text(unbroken(text)))
    return grid


def _table(found: Answer, width: int) -> Table:
    """Return the table, without intervals where they don't fit beside each other."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    def needed(rows: Sequence[Sequence[str]]) -> int:
        return sum(max(map(len, column)) + 3 for column in zip(found.headers, *rows, strict=True))

    rows = found.rows if needed(found.rows) <= width else found.narrow
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, border_style=TERMINAL["muted"])
    for place, head in enumerate(found.headers):
        table.add_column(Text(head), justify="left" if place == 0 else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _why(result: StudyResult) -> list[str]:
    """Say what the failed runs of each network's first and last cell are blamed on, if that was asked."""
    told: list[str] = []
    for network in networks_of(result)[:MOST_NETWORKS]:
        for item in ends_of(result, network):
            parts = [f"{row.cause} {row.failed.k:,} of {row.failed.n:,}" for row in shares_of(item)[:3]]
            if parts:
                words = cell_words(result, item.cell.changes)
                told.append(f"Why runs of {network} failed ({words}): {', '.join(parts)}.")
    return told


def _notes(result: StudyResult) -> list[str]:
    notes = result.notes
    more = f" {counted(len(notes) - 1, 'more note')}: --details." if len(notes) > 1 else ""
    return [f"Note: {notes[0]}{more}"] if notes else []


def _rest(result: StudyResult) -> str:
    """Say how large the study was, and where the rest is."""
    size = f"{counted(len(result.cells), 'cell')} × {counted(result.how.seeds, 'seed')}"
    cells = "every cell, verdict and effect" if len(result.cells) > 1 else "every number"
    failed = any(item.solved.k < item.solved.n for item in result.cells)
    told = result.measure is None or tells_solved(result.cells)
    offer = failed and told and all(item.why is None for item in result.cells)
    why = f"; --why {USUAL}: why runs failed" if offer else ""
    return f"{size} in {result.how.seconds:.1f} s. --details: {cells}; --html FILE: the page{why}."
