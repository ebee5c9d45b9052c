"""A report for the terminal: the verdict first, then findings under their causes; in short, or all of it.

Terminal and page are made of the same sections (`sections.py`), and differ on purpose: a short answer has to
fit a screen, so that only the first cause has all of its evidence; and what was trained, of which it says a
line or two, stands before the findings, on a page after them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.report.lines import (
    EMPTY,
    WIDTH,
    Fields,
    Lines,
    items,
    lines_text,
    paragraph,
    print_lines,
)
from trainlab.diagnosis.report.sections import FindingSection, ReportSections, is_loss_curve, report_sections
from trainlab.draw import counted, wrapped
from trainlab.page.section import Fact
from trainlab.page.sketch import Sketch
from trainlab.page.text_picture import MOST_ROWS

if TYPE_CHECKING:
    from rich.console import Console

SCREEN = 27
"""Lines of a short report, with two more that say where the rest is."""
_LABEL = 11


def show_report(report: dict[str, Any], console: Console, *, details: bool = False) -> None:
    """Print the report, as `Report.to_dict` has it, in 80 columns; nothing is told by colour alone.

    Without `details` it is the answer, which mostly fits a screen: verdict, place, evidence, picture and
    remedy of the first cause, and a few lines of each other finding.
    """
    print_lines(report_lines(report, width=min(WIDTH, console.width), details=details), console)


def report_text(report: dict[str, Any], *, details: bool = False) -> str:
    """Return the report as plain text."""
    return f"{lines_text(report_lines(report, details=details))}\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """How much of a report is told: pieces of evidence a finding, and rows a picture; of all or the first."""

    evidence: int | None = None
    rows: int = MOST_ROWS
    whole: bool = False


SHORTER = (Extent(), Extent(rows=5), Extent(rows=5, evidence=2), Extent(rows=4, evidence=1))
"""A short report is told by the first of these with which it fits a screen, or else by the last."""


def report_lines(report: dict[str, Any], *, width: int = WIDTH, details: bool = False) -> Lines:
    """Return the lines with their styles: a role of the palette, ``bold`` or nothing."""
    sections = report_sections(report)
    if details:
        return _lines(sections, width, Extent(whole=True))
    told: Lines = []
    for extent in SHORTER:
        told = _lines(sections, width, extent)
        if len(told) <= SCREEN:
            break
    return told


def rest_line(report: dict[str, Any], *, has_page: bool = False) -> str:
    """Return what else `details` would tell, for the command; a page is offered where none was made."""
    found, notes = len(report["findings"]), len(report["notes"])
    parts = ["what was trained", "the loss curve"] if report.get("picture") else ["what was trained"]
    parts += ["each finding with its picture"] if found > 1 else ["all of the evidence"] if found else []
    parts += [f"{counted(notes, 'note')} with numbers"] if notes else []
    page = "" if has_page else " With --html FILE: a page with all pictures."
    return f"More with --details: {', '.join(parts)}.{page}"


def _lines(report: ReportSections, width: int, extent: Extent) -> Lines:
    looked_at, ending = report.looked.text
    told = paragraph(report.verdict, width, "bold")
    told += items(report.trainings, width)
    told += [] if report.findings else paragraph(looked_at, width)
    told += paragraph(report.tried, width, "bold") if report.tried else []
    told += EMPTY
    fields = Fields(width=width, room=_LABEL)
    told += fields.facts(report.card.facts if extent.whole else report.card.brief)
    if report.curve and extent.whole:
        told += fields.sketch("loss curve", report.curve)
    if told[-1:] != EMPTY:
        told += EMPTY
    training = ""
    for finding, depth in _nested(report.findings):
        if finding.training != training:
            training = finding.training
            told += paragraph(f"{training}:", width, "bold")
        fields = Fields(width=width, room=_LABEL, indent="   " * min(depth + 1, 4))
        heading = f"{finding.number}. {finding.name}: {finding.heading}"
        lines = wrapped(heading, width, first=fields.indent[:-3], rest=fields.indent)
        told += [(line, "bold") for line in lines]
        if extent.whole or finding.number == 1:
            told += _finding(finding, fields, extent, report.curve)
        else:
            told += _in_short(finding, fields)
        told += EMPTY
    told += _notes(report.notes, width, whole=extent.whole)
    told += paragraph(ending, width)
    for aside in report.looked.asides:
        told += paragraph(aside, width, "muted")
    return told


def _nested(findings: Sequence[FindingSection], depth: int = 0) -> Iterator[tuple[FindingSection, int]]:
    """Yield findings with their depth, each under what explains it."""
    for finding in findings:
        yield finding, depth
        yield from _nested(finding.consequences, depth + 1)


def _finding(finding: FindingSection, fields: Fields, extent: Extent, curve: Sketch | None) -> Lines:
    told: Lines = []
    if finding.consequence_of:
        told += fields.field("explained", f"by {finding.consequence_of}: {finding.because}")
    told += fields.facts(finding.facts, most=extent.evidence)
    if extent.whole and is_loss_curve(finding.sketches, curve):
        told += fields.field("picture", "the same as the loss curve above")
    elif finding.sketches and finding.same_as:
        told += fields.field("picture", f"the same as that of {finding.same_as}")
    else:
        for sketch in finding.sketches:
            told += fields.sketch("picture", sketch, most=extent.rows)
    told += _remedy(finding, fields, code=finding.code)
    return told + fields.field("more", f"trainlab faults {finding.name}", "muted")


def _in_short(finding: FindingSection, fields: Fields) -> Lines:
    """Return a finding after the first: of a cause the remedy, of a consequence what explains it."""
    if finding.consequence_of:
        return fields.field("explained", f"by {finding.consequence_of}")
    return fields.facts(finding.brief) + _remedy(finding, fields)


def _remedy(finding: FindingSection, fields: Fields, *, code: str = "") -> Lines:
    """Return what to change, as `code` too, and what trying it came to."""
    told = fields.field("remedy", finding.remedy)
    told += [(f"{fields.indent}{' ' * fields.room}{line}", "s1") for line in code.splitlines()]
    return told + fields.facts([Fact("tried", finding.tried)])


def _notes(notes: Sequence[FindingSection], width: int, *, whole: bool) -> Lines:
    if not notes:
        return []
    if not whole:
        names = "; ".join(f"{_of(note)}{note.heading} ({note.name})" for note in notes)
        return paragraph(f"Worth knowing, no faults: {names}.", width)
    told: Lines = [("Worth knowing (no faults):", "bold")]
    fields = Fields(width=width, room=_LABEL, indent="  ")
    for note in notes:
        told += items([f"{_of(note)}{note.heading} ({note.name})"], width)
        told += fields.facts(note.facts)
        told += fields.field("if meant", f"nothing to do; else: {note.remedy}")
    return told + EMPTY


def _of(note: FindingSection) -> str:
    return f"{note.training}: " if note.training else ""
