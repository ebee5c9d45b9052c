"""A report for the terminal: the verdict, the card of facts, findings under their causes, notes apart."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.facts import card_rows, ending_line, looked_at_line, tried_lines
from trainlab.diagnosis.text_picture import in_text
from trainlab.diagnosis.verdict import confidence_words
from trainlab.draw import TERMINAL

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
_LABEL = 11


def show_report(report: dict[str, Any], console: Console) -> None:
    """Print the report, as `Report.to_dict` has it, in 80 columns; nothing is told by colour alone."""
    from rich.text import Text

    for text, style in report_lines(report, width=min(WIDTH, console.width)):
        console.print(Text(text, style=TERMINAL.get(style, style)), soft_wrap=True)


def report_text(report: dict[str, Any]) -> str:
    """Return the report as plain text."""
    from rich.console import Console

    out = io.StringIO()
    show_report(report, Console(file=out, width=WIDTH, color_system=None))
    return out.getvalue()


Lines = list[tuple[str, str]]


def report_lines(report: dict[str, Any], *, width: int = WIDTH) -> Lines:
    """Return the lines with their styles: a role of the palette, ``bold`` or nothing."""
    told: Lines = [(line, "bold") for line in _wrapped(report["verdict"], width)]
    if not report["findings"]:
        told += [(line, "") for line in _wrapped(looked_at_line(report), width)]
    if report["tried"] is not None:
        told += [(line, "bold") for line in _wrapped(report["tried"]["words"], width)]
    told.append(("", ""))
    for label, text in card_rows(report):
        told += _field(label, text, width)
    curve = report.get("picture")
    if curve:
        told += [(line, "") for line in in_text(curve, width=width, label="loss curve".ljust(_LABEL))]
    told.append(("", ""))
    drawn: list[Any] = []
    for place, (finding, depth) in enumerate(_nested(report["findings"]), 1):
        same = drawn.index(finding["picture"]) + 1 if finding["picture"] in drawn else None
        told += _finding(finding, f"{place}.", depth, width, same_as=same)
        drawn.append(finding["picture"])
    if report["notes"]:
        told.append(("Worth knowing (no faults):", "bold"))
        for note in report["notes"]:
            told += _note(note, width)
        told.append(("", ""))
    told += [(line, "") for line in _wrapped(ending_line(report["ended"]), width)]
    for trouble in report["troubles"]:
        words = f"The doctor itself stumbled, which did the training no harm: {trouble}"
        told += [(line, "muted") for line in _wrapped(words, width)]
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


def _finding(finding: dict[str, Any], number: str, depth: int, width: int, *, same_as: int | None) -> Lines:
    margin = "   " * min(depth, 3)
    indent = f"{margin}   "
    told: Lines = [
        (line, "bold")
        for line in _wrapped(
            f"{number} {finding['fault']}: {finding['title']}", width, first=margin, rest=indent
        )
    ]
    if finding["consequence_of"]:
        told += _field(
            "explained", f"by {finding['consequence_of']}: {finding['because']}", width, indent=indent
        )
    sure = f"{confidence_words(finding['confidence'])} ({finding['confidence']:.2f})"
    told += _field("confidence", sure, width, indent=indent)
    told += _body(finding, width, indent, same_as)
    told.append(("", ""))
    return told


def _body(finding: dict[str, Any], width: int, indent: str, same_as: int | None) -> Lines:
    told = _field("where", finding["where"], width, indent=indent)
    for place, text in enumerate(finding["evidence"]):
        told += _field("evidence" if place == 0 else "", text, width, indent=indent)
    if finding["picture"] and same_as is not None:
        told += _field("picture", f"the same as that of {same_as}", width, indent=indent)
    elif finding["picture"]:
        label = f"{indent}{'picture'.ljust(_LABEL)}"
        told += [(line, "") for line in in_text(finding["picture"], width=width, label=label)]
    told += _field("remedy", finding["remedy"]["text"], width, indent=indent)
    for line in finding["remedy"]["code"].splitlines():
        told.append((f"{indent}{' ' * _LABEL}{line}", "s1"))
    for place, text in enumerate(tried_lines(finding)):
        told += _field("tried" if place == 0 else "", text, width, indent=indent)
    told += _field("more", finding["link"], width, indent=indent, style="muted")
    return told


def _note(note: dict[str, Any], width: int) -> Lines:
    told: Lines = [
        (line, "") for line in _wrapped(f"{note['title']} ({note['fault']})", width, first="- ", rest="  ")
    ]
    told += _field("where", note["where"], width, indent="  ")
    for place, text in enumerate(note["evidence"]):
        told += _field("seen" if place == 0 else "", text, width, indent="  ")
    told += _field("if meant", "nothing to do; else: " + note["remedy"]["text"], width, indent="  ")
    return told


def _field(label: str, text: str, width: int, *, indent: str = "", style: str = "") -> Lines:
    first = f"{indent}{label.ljust(_LABEL)}"
    lines = _wrapped(text, width, first=first, rest=f"{indent}{' ' * _LABEL}")
    return [(line, style) for line in lines]


def _wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Break at spaces; a name that is longer than a line stays whole, however far it reaches."""
    return textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
