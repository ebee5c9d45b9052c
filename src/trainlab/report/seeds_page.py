"""A population of seeds as one self-contained HTML page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.seeds.sections import seeds_sections
from trainlab.draw import unbroken
from trainlab.page.document import Front, fold, page, paragraph, picture
from trainlab.page.html import NOTHING, joined
from trainlab.page.section import section_html
from trainlab.report.first_sentence import first_sentence
from trainlab.report.given import check_given, check_title, read_back

if TYPE_CHECKING:
    from trainlab.diagnosis.seeds.population import SeedsResult


def seeds_html(found: SeedsResult | dict[str, Any], *, title: str = "Seeds") -> str:
    """Return a population of seeds as one HTML file that needs no network, and reads whole without a script.

    Args:
        found: what `trainlab.seeds` returned, or what ``trainlab seeds --json`` has written.
        title: the page's heading.
    """
    from trainlab.diagnosis.seeds.population import SeedsResult

    check_title(title)
    if not isinstance(found, dict):
        check_given(found, SeedsResult, made_by="trainlab.seeds")
    with read_back(found, written_by="trainlab seeds --json"):
        return _page(found if isinstance(found, dict) else found.to_dict(), title)


def _page(found: dict[str, Any], title: str) -> str:
    answer, failures, notes, runs = seeds_sections(found)
    first, rest = first_sentence(*answer.text)
    shown = (*answer.sketches, *failures.sketches)[:1]
    below = replace(failures, text=(), sketches=failures.sketches if answer.sketches else ())
    (table,) = runs.tables
    return page(
        title,
        Front(
            say=paragraph(unbroken(first), kind="question"),
            show=joined(*(picture(sketch.drawn()) for sketch in shown)),
            more=joined(
                paragraph(unbroken(rest)) if rest else NOTHING,
                section_html(replace(answer, text=(), sketches=())),
            ),
        ),
        [
            *((part.name, part.heading, section_html(part)) for part in (below, notes)),
            (runs.name, runs.heading, fold(f"{len(table.rows):,} runs", section_html(runs))),
        ],
        question=answer.heading,
    )
