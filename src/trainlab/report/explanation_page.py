"""An explanation as one self-contained HTML page: the answer and its picture, then its sections."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trainlab.draw import unbroken
from trainlab.draw.svg import escape
from trainlab.explain import Explanation
from trainlab.page.document import Front, page, paragraph, picture
from trainlab.page.html import NOTHING, joined, tag
from trainlab.page.section import Section, section_html
from trainlab.report.first_sentence import first_sentence
from trainlab.report.given import check_given

_TELLING: Final = {
    "neuron": ("plane", "apart"),
    "learning-rate": ("effects",),
    "init": ("learning", "sizes", "signals", "network"),
    "loss": ("population", "shapes"),
    "chain-rule": ("paths", "layers"),
}
"""Of each question the sections whose first picture shows the answer, the best first."""


def explanation_html(result: Explanation) -> str:
    """Return an explanation as one HTML file that needs no network, and reads whole without a script."""
    check_given(result, Explanation, made_by="trainlab.explain")
    first, rest = first_sentence(result.verdict)
    # A page of some parts has no answer that a picture could stand beside.
    chosen = _chosen(result) if result.verdict else None
    sections = [_without_first(part) if part is chosen else part for part in result.sections]
    top = tag("a", escape("top of the page"), href="#answer")
    moved = tag("p", escape("The picture at the "), top, escape(" belongs here."), class_="muted")
    return page(
        result.title,
        Front(
            say=paragraph(unbroken(first), kind="question") if first else NOTHING,
            show=picture(chosen.pictures[0]) if chosen is not None else NOTHING,
            more=paragraph(unbroken(rest)) if rest else NOTHING,
        ),
        [
            (part.name, part.heading, joined(section_html(part), moved if before is chosen else NOTHING))
            for part, before in zip(sections, result.sections, strict=True)
        ],
        question=f"Shown on {result.subject}" if result.subject else "",
    )


def _chosen(result: Explanation) -> Section | None:
    """Return the section whose first picture is the answer's: the one that tells most, else any."""
    drawn = {part.name: part for part in result.sections if part.pictures}
    wanted = (drawn[name] for name in _TELLING.get(result.question, ()) if name in drawn)
    return next(wanted, next(iter(drawn.values()), None))


def _without_first(part: Section) -> Section:
    return replace(part, pictures=part.pictures[1:])
