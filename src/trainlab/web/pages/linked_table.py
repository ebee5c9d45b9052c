"""A table of a page whose cells may be links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.draw.svg import Html, escape
from trainlab.draw.table import Cell, alignment, cell_words
from trainlab.page.html import NOTHING, join_html, tag


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an address."""

    words: str
    address: str


def linked_table(headings: Sequence[str], rows: Sequence[Sequence[Cell | Link]]) -> Html:
    """Return a table like `html_table`'s; the first cell of a row is its heading."""
    if not rows:
        return NOTHING
    plain = [[cell.words if isinstance(cell, Link) else cell for cell in row] for row in rows]
    sides = [f"text-align:{side}" for side in alignment(headings, plain)]
    head = (
        tag("th", escape(words), scope="col", style=side) for words, side in zip(headings, sides, strict=True)
    )
    body = (
        tag(
            "tr",
            *(
                _cell(cell, side, first=not at)
                for at, (cell, side) in enumerate(zip(row, sides, strict=True))
            ),
        )
        for row in rows
    )
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", join_html(body)), class_="tl-table")
    return tag("div", table, class_="tl-scroll", tabindex="0", role="region", aria_label=", ".join(headings))


def _cell(cell: Cell | Link, side: str, *, first: bool) -> Html:
    inside = (
        tag("a", escape(cell.words), href=cell.address)
        if isinstance(cell, Link)
        else escape(cell_words(cell))
    )
    return (
        tag("th", inside, scope="row", style=f"{side};font-weight:400")
        if first
        else tag("td", inside, style=side)
    )
