"""A report for the terminal: the verdict first, then findings under their causes; in short, or all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.report.card_rows import (
    card_rows,
    ending_line,
    is_loss_curve,
    looked_at_line,
    tried_lines,
)
from trainlab.diagnosis.report.lines import (
    EMPTY,
    WIDTH,
    Lines,
    field,
    item,
    lines_text,
    paragraph,
    print_lines,
)
from trainlab.diagnosis.report.text_picture import MOST_ROWS, in_text
from trainlab.diagnosis.report.verdict import blame_words, confidence_words
from trainlab.draw import counted, wrapped

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

    evidence: int = 1000
    rows: int = MOST_ROWS
    whole: bool = False


SHORTER = (Extent(), Extent(rows=5), Extent(rows=5, evidence=2), Extent(rows=4, evidence=1))
"""A short report is told by the first of these with which it fits a screen, or else by the last."""


def report_lines(report: dict[str, Any], *, width: int = WIDTH, details: bool = False) -> Lines:
    """Return the lines with their styles: a role of the palette, ``bold`` or nothing."""
    if details:
        return _lines(report, width, Extent(whole=True))
    told: Lines = []
    for extent in SHORTER:
        told = _lines(report, width, extent)
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


def _lines(report: dict[str, Any], width: int, extent: Extent) -> Lines:
    told = paragraph(report["verdict"], width, "bold")
    if not report["findings"]:
        told += paragraph(looked_at_line(report), width)
    if report["tried"] is not None:
        told += paragraph(report["tried"]["words"], width, "bold")
    told += EMPTY
    for label, text in card_rows(report):
        if extent.whole or label in ("training", "reached"):
            told += _field(label, text, width)
    curve = report.get("picture")
    if curve and extent.whole:
        told += [(line, "") for line in in_text(curve, width=width, label="loss curve".ljust(_LABEL))]
    if told[-1:] != EMPTY:
        told += EMPTY
    drawn: list[Any] = []
    for place, (finding, depth) in enumerate(_nested(report["findings"]), 1):
        same = f"that of {drawn.index(finding['picture']) + 1}" if finding["picture"] in drawn else None
        if extent.whole and is_loss_curve(finding["picture"], curve):
            same = "the loss curve above"
        if extent.whole or place == 1:
            blame = blame_words(finding, report["card"]["outcome"])
            told += _finding(finding, f"{place}.", depth, width, extent, same_as=same, blame=blame)
        else:
            told += _in_short(finding, f"{place}.", depth, width)
        drawn.append(finding["picture"])
    told += _notes(report["notes"], width, whole=extent.whole)
    told += paragraph(ending_line(report["ended"]), width)
    for trouble in report["troubles"]:
        stumbled = f"The doctor itself stumbled, which did the training no harm: {trouble}"
        told += paragraph(stumbled, width, "muted")
    return told


def _nested(findings: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Return findings with their depth, each under what explains it."""
    ordered: list[tuple[dict[str, Any], int]] = []

    def add(finding: dict[str, Any], depth: int) -> None:
        ordered.append((finding, depth))
        for other in findings:
            if other["consequence_of"] == finding["fault"]:
                add(other, depth + 1)

    names = {finding["fault"] for finding in findings}
    for finding in findings:
        if finding["consequence_of"] not in names:
            add(finding, 0)
    return ordered


def _finding(
    finding: dict[str, Any],
    number: str,
    depth: int,
    width: int,
    extent: Extent,
    *,
    same_as: str | None,
    blame: str,
) -> Lines:
    indent = f"{'   ' * min(depth, 3)}   "
    told = _heading(finding, number, width, indent)
    if finding["consequence_of"]:
        told += _field(
            "explained", f"by {finding['consequence_of']}: {finding['because']}", width, indent=indent
        )
    sure = f"{confidence_words(finding['confidence'])} ({finding['confidence']:.2f})"
    told += _field("is there", f"{sure}; {blame}" if blame else sure, width, indent=indent)
    told += _body(finding, width, indent, extent, same_as)
    return told + EMPTY


def _heading(finding: dict[str, Any], number: str, width: int, indent: str) -> Lines:
    title = f"{number} {finding['fault']}: {finding['title']}"
    return [(line, "bold") for line in wrapped(title, width, first=indent[:-3], rest=indent)]


def _in_short(finding: dict[str, Any], number: str, depth: int, width: int) -> Lines:
    """Return a finding after the first: of a cause the remedy, of a consequence what explains it."""
    indent = f"{'   ' * min(depth, 3)}   "
    told = _heading(finding, number, width, indent)
    if finding["consequence_of"]:
        told += _field("explained", f"by {finding['consequence_of']}", width, indent=indent)
    else:
        told += _field("where", finding["where"], width, indent=indent)
        told += _remedy(finding, width, indent, code=False)
    return told + EMPTY


def _body(finding: dict[str, Any], width: int, indent: str, extent: Extent, same_as: str | None) -> Lines:
    told = _field("where", finding["where"], width, indent=indent)
    for place, text in enumerate(finding["evidence"][: extent.evidence]):
        told += _field("evidence" if place == 0 else "", text, width, indent=indent)
    if finding["picture"] and same_as is not None:
        told += _field("picture", f"the same as {same_as}", width, indent=indent)
    elif finding["picture"]:
        label = f"{indent}{'picture'.ljust(_LABEL)}"
        lines = in_text(finding["picture"], width=width, label=label, most=extent.rows)
        told += [(line, "") for line in lines]
    told += _remedy(finding, width, indent)
    told += _field("more", f"trainlab faults {finding['fault']}", width, indent=indent, style="muted")
    return told


def _remedy(finding: dict[str, Any], width: int, indent: str, *, code: bool = True) -> Lines:
    """Return what to change, as `code` too, and what trying it came to."""
    told = _field("remedy", finding["remedy"]["text"], width, indent=indent)
    for line in finding["remedy"]["code"].splitlines() if code else ():
        told.append((f"{indent}{' ' * _LABEL}{line}", "s1"))
    for place, text in enumerate(tried_lines(finding)):
        told += _field("tried" if place == 0 else "", text, width, indent=indent)
    return told


def _notes(notes: list[dict[str, Any]], width: int, *, whole: bool) -> Lines:
    if not notes:
        return []
    if not whole:
        names = "; ".join(f"{note['title']} ({note['fault']})" for note in notes)
        return paragraph(f"Worth knowing, no faults: {names}.", width)
    told: Lines = [("Worth knowing (no faults):", "bold")]
    for note in notes:
        told += _note(note, width)
    return told + EMPTY


def _note(note: dict[str, Any], width: int) -> Lines:
    told = item(f"{note['title']} ({note['fault']})", width)
    told += _field("where", note["where"], width, indent="  ")
    for place, text in enumerate(note["evidence"]):
        told += _field("seen" if place == 0 else "", text, width, indent="  ")
    told += _field("if meant", "nothing to do; else: " + note["remedy"]["text"], width, indent="  ")
    return told


def _field(label: str, text: str, width: int, *, indent: str = "", style: str = "") -> Lines:
    return field(label, text, width, room=_LABEL, indent=indent, style=style)
