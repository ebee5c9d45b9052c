"""A study's answer in the terminal: a sentence, what is what, one table, what helps, where the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, counted, wrapped
from trainlab.report.chosen import cell_words, ends_of, networks_of
from trainlab.report.text_lines import LINES, labelled
from trainlab.report.why_words import USUAL, shares_of
from trainlab.studies.answer import MOST_NETWORKS, Answer, answer_of, named
from trainlab.studies.result import StudyResult
from trainlab.studies.score_columns import tells_solved
from trainlab.studies.side_words import held_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MOST_CHANGES = 8
"""So many changes are said in full."""
_STYLES = {"Helps": "good", "Hurts": "bad", "Upheld": "good", "Refuted": "bad"}


def print_answer(result: StudyResult, *, console: Console) -> None:
    """Print the answer of a study in at most 30 lines of 80 columns, as wide as `console` is."""
    from rich.text import Text

    found, width = answer_of(result), console.width
    above = [result.study.title or "A study", *wrapped(found.sentence, width), ""]
    defined = _definitions(result, found, width)
    table = _table(found, width)
    below = wrapped(" ".join(found.remarks), width)
    title = wrapped(f"{found.effects_title}:", width) if found.effects else []
    end = [
        line
        for words in (*_why(result), *_fidelity(result), *_sides(result), *_notes(result), _rest(result))
        for line in wrapped(words, width)
    ]
    taken = len(above) + len(defined) + 1 + table.row_count + 2 + len(below) + len(title) + len(end)
    lines = labelled([*found.effects, *found.asked], width, most=LINES - taken)
    for line in above:
        console.print(Text(line, style="bold"))
    for line in (*defined, found.title):
        console.print(Text(line))
    console.print(table)
    for line in below:
        console.print(Text(line, style=TERMINAL["muted"]))
    for line in title:
        console.print(Text(line))
    for line in lines:
        console.print(_marked(line))
    for line in end:
        console.print(Text(line, style=TERMINAL["muted"]))


def _fidelity(result: StudyResult) -> list[str]:
    return [result.fidelity.short] if result.fidelity else []


def _sides(result: StudyResult) -> list[str]:
    """Say how many verdicts hold where cells were trained again, and where these are solved otherwise."""
    held = held_words(result.verdicts, [each.words for each in result.retrained]) if result.retrained else ""
    differing = [each.sentence for each in result.retrained if each.differing or not held]
    return [held, *differing] if held else differing


def _definitions(result: StudyResult, found: Answer, width: int) -> list[str]:
    """Say what networks and changes are, before the table names them."""
    study = result.study
    networks = [
        words
        for name in networks_of(result)[:MOST_NETWORKS]
        if (words := named(study, name)) != name and words not in found.sentence
    ]
    lines = wrapped(f"Networks: {', '.join(networks)}", width) if networks else []
    told = [(change.name, change.label) for change in study.changes if change.label]
    lines += labelled(told[:MOST_CHANGES], width)
    if len(told) > MOST_CHANGES:
        lines.append(f"{len(told) - MOST_CHANGES} more changes: --details says what they are.")
    return [*lines, ""] if lines else []


def _marked(line: str) -> Text:
    """Return a line with its first word coloured, if it begins one."""
    from rich.text import Text

    text = Text(line)
    word = line.split()[0]
    if line[1:2] != " " and word in _STYLES:
        text.stylize(TERMINAL[_STYLES[word]], 1, 1 + len(word))
    return text


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
        table.add_column(Text(head), justify="left" if place == 0 or head == "Changes" else "right")
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
    """Say where the rest is."""
    failed = any(item.solved.k < item.solved.n for item in result.cells)
    told = result.measure is None or tells_solved(result.cells)
    offer = failed and told and all(item.why is None for item in result.cells)
    why = f" --why {USUAL} (why runs failed)," if offer else ""
    return f"More: --details (everything),{why} --html FILE (a page)"
