"""A report in lines for the terminal, in short or whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.finding import AS_TRIED
from trainlab.diagnosis.report.sections import FindingSection, ReportSections, is_loss_curve, report_sections
from trainlab.draw import TERMINAL, counted, wrapped
from trainlab.errors import printable
from trainlab.page.section import Fact
from trainlab.page.sketch import MOST_ROWS, Sketch

if TYPE_CHECKING:
    from rich.console import Console


# Lines for the terminal with their styles: fields set off from their labels, items of a list.

WIDTH = 80
Lines = list[tuple[str, str]]
"""Each line's text and style: a role of the palette, ``bold`` or nothing."""
EMPTY: Lines = [("", "")]


def paragraph(text: str, width: int, style: str = "") -> Lines:
    """Return a paragraph."""
    return [(line, style) for line in wrapped(text, width)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """Fields of `width`: texts set off from their labels, for which there is `room`, after an `indent`."""

    width: int
    room: int
    indent: str = ""

    def field(self, label: str, text: str, style: str = "") -> Lines:
        """Return a text set off from its label."""
        first, rest = f"{self.indent}{label.ljust(self.room)}", f"{self.indent}{' ' * self.room}"
        return [(line, style) for line in wrapped(text, self.width, first=first, rest=rest)]

    def facts(self, facts: Iterable[Fact], *, most: int | None = None) -> Lines:
        """Return facts; of one with several texts the first `most`, only the first with the label."""
        return [
            line
            for fact in facts
            for place, text in enumerate([fact.said] if isinstance(fact.said, str) else fact.said[:most])
            for line in self.field("" if place else fact.label, text)
        ]

    def sketch(self, label: str, sketch: Sketch, *, most: int = MOST_ROWS) -> Lines:
        """Return a picture set off from its label."""
        drawn = sketch.lines(width=self.width, label=f"{self.indent}{label.ljust(self.room)}", most=most)
        return [(line, "") for line in drawn]


def items(texts: Iterable[str], width: int) -> Lines:
    """Return the items of a list."""
    return [(line, "") for text in texts for line in wrapped(text, width, first="- ", rest="  ")]


def print_lines(lines: Iterable[tuple[str, str]], console: Console) -> None:
    """Print the lines in their styles; nothing is told by colour alone."""
    from rich.text import Text

    for text, style in lines:
        console.print(Text(_harmless(text), style=TERMINAL.get(style, style)), soft_wrap=True)


def lines_text(lines: Iterable[tuple[str, str]]) -> str:
    """Return the lines as plain text, without a last line break."""
    return "\n".join(_harmless(text) for text, _ in lines)


def _harmless(text: str) -> str:
    """Return text that can't command a terminal; a script's words may have control characters."""
    return printable(text.expandtabs(), lines=True)


# A report for the terminal: the verdict first, then findings under their causes; in short, or all of it.
#
# Terminal and page are made of the same sections (`sections.py`), and differ on purpose: a short answer
# has to fit a screen, so that only the first cause has all of its evidence; and what was trained, of
# which it says a line or two, stands before the findings, on a page after them.

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
    """How much of a report is told: pieces of evidence a finding, and rows a picture; of all or the first.

    `proof_drawn` says whether what a trial has proven, with its numbers, has its picture as well.
    """

    evidence: int | None = None
    rows: int = MOST_ROWS
    proof_drawn: bool = True
    whole: bool = False


SHORTER = (
    Extent(),
    Extent(rows=5),
    Extent(rows=5, evidence=2),
    Extent(rows=4, evidence=1),
    Extent(rows=4, evidence=1, proof_drawn=False),
)
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
    told += [] if report.findings else paragraph(" ".join(report.recipe.text), width)
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
        in_short = not extent.whole and finding.number != 1
        if in_short and finding.consequence_of:
            heading += f"; explained by {finding.consequence_of}"
            told = told[:-1] if told[-1:] == EMPTY else told
        lines = wrapped(heading, width, first=fields.indent[:-3], rest=fields.indent)
        told += [(line, "bold") for line in lines]
        if not in_short:
            is_told = not extent.whole and finding.is_proven_by_trial and f"({finding.name})" in report.tried
            told += _finding(finding, fields, extent, report.curve, is_told=is_told)
        elif not finding.consequence_of:
            told += fields.facts(finding.brief) + _remedy(finding, fields)
        told += EMPTY
    told += _notes(report.notes, width, whole=extent.whole)
    if extent.whole and report.recipe.facts:
        told += [(f"{report.recipe.heading}:", "bold")]
        told += Fields(width=width, room=_LABEL, indent="  ").facts(report.recipe.facts) + EMPTY
    told += paragraph(ending, width)
    for aside in report.looked.asides:
        told += paragraph(aside, width, "muted")
    return told


def _nested(findings: Sequence[FindingSection], depth: int = 0) -> Iterator[tuple[FindingSection, int]]:
    """Yield findings with their depth, each under what explains it."""
    for finding in findings:
        yield finding, depth
        yield from _nested(finding.consequences, depth + 1)


def _finding(
    finding: FindingSection, fields: Fields, extent: Extent, curve: Sketch | None, *, is_told: bool
) -> Lines:
    """Return a finding with its evidence; that it's proven `is_told` above, with the numbers of the trial."""
    told: Lines = []
    if finding.consequence_of:
        told += fields.field("explained", f"by {finding.consequence_of}: {finding.because}")
    told += fields.facts(finding.facts[is_told:], most=extent.evidence)
    if extent.whole and is_loss_curve(finding.sketches, curve):
        told += fields.field("picture", "the same as the loss curve above")
    elif finding.sketches and finding.same_as:
        told += fields.field("picture", f"the same as that of {finding.same_as}")
    elif extent.proof_drawn or not is_told:
        for sketch in finding.sketches:
            told += fields.sketch("picture", sketch, most=extent.rows)
    told += _remedy(finding, fields, code=finding.code, is_told=is_told)
    return told + fields.field("more", f"trainlab faults {finding.name}", "muted")


def _remedy(finding: FindingSection, fields: Fields, *, code: str = "", is_told: bool = False) -> Lines:
    """Return what to change, as `code` too, and what trying it came to, unless what is above has told it."""
    label = f"{fields.indent}{'remedy'.ljust(fields.room)}"
    told = [] if is_told and AS_TRIED in code else fields.field("remedy", finding.remedy)
    for line in code.splitlines():
        told.append((f"{fields.indent}{' ' * fields.room}{line}" if told else f"{label}{line}", "s1"))
    if code and finding.edited:
        told += fields.field("", finding.edited)
    return told if is_told else told + fields.facts([Fact("tried", finding.tried)])


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
