"""The list of what the store holds: studies, races and maps, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw.svg import Html, escape
from trainlab.page.document import document, paragraph
from trainlab.page.html import joined, tag
from trainlab.report.stored_studies import STUDIES, counted_studies, listed
from trainlab.store import NamedStudy, StoredRuns
from trainlab.web.pages.answer import links
from trainlab.web.pages.linked_table import Link, linked_table

MOST = 500
"""So many studies stand on the page; ``trainlab show`` has all."""


def list_page(
    named: list[NamedStudy], held: list[StoredRuns], *, place: str, damage: Sequence[str] = ()
) -> Html:
    """Return the page; `damage` says what is left out, since it isn't what was saved."""
    if not named:
        body = paragraph(f"Nothing in {place} yet: 'trainlab study FILE' fills it, and so do race and map.")
    else:
        shown = listed(named[:MOST], held)
        cells = STUDIES.rows(shown)
        rows = [
            [Link(str(row[0]), study_address(one.study)), *row[1:]]
            for one, row in zip(shown, cells, strict=True)
        ]
        count = counted_studies(len(named))
        older = f", of which the newest {MOST:,}" if len(named) > MOST else ""
        body = joined(
            paragraph(f"{count} in {place}{older}. Newest first.", kind="muted"),
            linked_table(STUDIES.headings(shown), rows),
        )
    damaged = joined(*(paragraph(each, kind="question") for each in damage))
    return document("Studies", joined(tag("h1", escape("Studies")), links(), damaged, body))


def study_address(one: NamedStudy) -> str:
    """Return the address of a study's page."""
    return f"/studies/{one.key}"
