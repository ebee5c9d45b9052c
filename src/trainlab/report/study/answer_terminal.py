"""A study's answer in the terminal: a sentence, definitions, one table, what helps, where the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, Cell, counted, wrapped
from trainlab.report.study.shown_cells import cell_words, ends_of, networks_of
from trainlab.report.study.why_failed_part import USUAL, shares_of
from trainlab.report.terminal_lines import LINES, labelled, print_lines
from trainlab.studies.answers.answer import MOST_NETWORKS, Answer, answer_of, named
from trainlab.studies.cells import any_solved
from trainlab.studies.result import StudyResult
from trainlab.studies.verdicts.robustness_words import held_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MOST_CHANGES = 8
"""So many changes are said in full."""
_STYLES = {"Helps": "good", "Hurts": "bad", "Upheld": "good", "Refuted": "bad"}


def print_answer(result: StudyResult, *, console: Console) -> None:
    """Print the answer of a study in at most 30 lines of 80 columns, as wide as `console` is."""

    found, width = answer_of(result), console.width
    above = [result.study.title or "A study", *wrapped(found.sentence, width), ""]
    defined = _definitions(result, found, width)
    brief = _needed(found.table.headings(), found.table.rows()) > width
    heading = found.title if brief else f"{found.title} ({found.range_words})"
    table = _table(found, brief=brief)
    below = wrapped(" ".join(found.remarks), width)
    title = wrapped(f"{found.effects_title}:", width) if found.effects else []
    end = [
        line
        for words in (
            *_until(result),
            *_why(result),
            *_fidelity(result),
            *_sides(result),
            *_notes(result),
            _rest(result),
        )
        for line in wrapped(words, width)
    ]
    taken = len(above) + len(defined) + 1 + table.row_count + 2 + len(below) + len(title) + len(end)
    lines = labelled([*found.effects, *found.asked], width, most=LINES - taken)
    print_lines(above, console=console, style="bold")
    print_lines((*defined, heading), console=console)
    console.print(table)
    print_lines(below, console=console, style="muted")
    print_lines(title, console=console)
    for line in lines:
        console.print(_marked(line))
    print_lines(end, console=console, style="muted")


def _until(result: StudyResult) -> list[str]:
    return [result.until.short] if result.until else []


def _fidelity(result: StudyResult) -> list[str]:
    return [result.fidelity.short] if result.fidelity else []


def _sides(result: StudyResult) -> list[str]:
    """Say how many verdicts hold for cells that were trained again, and which of these fare differently."""
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


def _needed(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    """Return how many columns of the terminal a table fills."""
    return sum(max(len(str(cell)) for cell in column) + 3 for column in zip(headings, *rows, strict=True))


def _table(found: Answer, *, brief: bool) -> Table:
    """Return the table; where it is brief, without the ranges."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, border_style=TERMINAL["muted"])
    for column in found.table.shown():
        table.add_column(Text(column.heading), justify=column.align or "left")
    for row in found.table.rows(brief=brief):
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def _why(result: StudyResult) -> list[str]:
    """Say what made the runs of each network's first and last cell fail, if that was asked."""
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
    """Name the options that show the rest."""
    failed = any(item.solved.k < item.solved.n for item in result.cells)
    told = result.measure is None or any_solved(result.cells)
    offer = failed and told and all(item.why is None for item in result.cells)
    why = f" --why {USUAL} (why runs failed)," if offer else ""
    return f"More: --details (everything),{why} --html FILE (a page)"
