"""A population of seeds in the terminal, in 80 columns.

Causes of failure are sentences here; the page has them, and every run, as tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.report.lines import EMPTY, WIDTH, Fields, Lines, items, paragraph, print_lines
from trainlab.diagnosis.seeds.sections import seeds_sections
from trainlab.draw import counted
from trainlab.page.sketch import Sketch

if TYPE_CHECKING:
    from rich.console import Console

_LABEL = 13
FEW_CAUSES = 3


def show_seeds(data: dict[str, Any], console: Console, *, details: bool = False) -> None:
    """Print a population, as `SeedsResult.to_dict` has it; nothing is told by colour alone.

    Without `details` it is the answer: verdict, measure and histogram, the commonest causes of failure, and
    the weightiest note.
    """
    print_lines(seeds_lines(data, width=min(WIDTH, console.width), details=details), console)


def seeds_lines(data: dict[str, Any], *, width: int = WIDTH, details: bool = False) -> Lines:
    """Return the lines with their styles: a role of the palette, ``bold`` or nothing."""
    answer, failures, notes, _ = seeds_sections(data)
    (verdict,), fields = answer.text, Fields(width=width, room=_LABEL)
    lines = paragraph(verdict, width, "bold") + EMPTY
    lines += fields.facts(answer.facts if details else answer.brief)
    for sketch in answer.sketches:
        # A fact says where the training's own run stands.
        lines += fields.sketch("histogram", Sketch(sketch.numbers | {"range": None}))
    if failures.text:
        heading, *causes = failures.text
        more = [] if details or len(causes) <= FEW_CAUSES else [f"{len(causes) - FEW_CAUSES} more kinds"]
        lines += [*EMPTY, (heading, "bold")]
        lines += items([*causes[:FEW_CAUSES], *more] if more else causes, width)
        for aside in failures.asides:
            lines += paragraph(aside, width)
    if notes.text:
        lines += [*EMPTY, (f"{notes.heading}:", "bold")]
        lines += items(notes.text if details else notes.text[:1], width)
    return lines


def rest_line(data: dict[str, Any], *, has_page: bool = False) -> str:
    """Return what else `details` would tell, for the command; a page is offered where none was made."""
    parts = ["how long it took"]
    more = len(data["failures"]["causes"]) - FEW_CAUSES
    parts += ["all kinds of failure"] if more > 0 else []
    parts += [counted(len(data["notes"]) - 1, "more note")] if len(data["notes"]) > 1 else []
    page = "" if has_page else " With --html FILE: a page, every run in it."
    return f"More with --details: {', '.join(parts)}.{page}"
