"""How a page is answered: its policy, links, tables whose cells are links, and a line where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import HTMLResponse, Response

from trainlab.draw.svg import Html, escape
from trainlab.draw.table import Cell, alignment, cell_words
from trainlab.page.document import NOTHING, document, join_html, joined, paragraph, security_policy, tag

# How a page is answered: with a policy of its own, or one line that says why there is none.


UNFRAMED: Final = "frame-ancestors 'none'"
"""No other page may show a page in itself; browsers take that from a header alone."""

LINKS: Final = (("/", "The lab"), ("/studies", "Studies"), ("/diagnoses", "Diagnoses"))


def page_answer(html: str, *, status: int = 200, refresh: int | None = None) -> Response:
    """Return a page of trainlab as an answer; after `refresh` seconds the browser asks for it again.

    Such a page has its script and style in itself, and is let have these by their digests, nothing else.
    """
    headers = {"content-security-policy": f"{security_policy()}; {UNFRAMED}"}
    if refresh is not None:
        headers["refresh"] = str(refresh)
    return HTMLResponse(html, status_code=status, headers=headers)


def refused(message: str, *, status: int) -> Response:
    """Return a page that says in a line why there is no other."""
    body = joined(
        tag("h1", escape("No such page" if status == 404 else "Not now")), paragraph(message), links()
    )
    return page_answer(document("trainlab", body), status=status)


def links() -> Html:
    """Return the links between the lab and the pages beside it."""
    return listed_links(((words, address) for address, words in LINKS), label="Lab")


def listed_links(ways: Iterable[tuple[str, str]], *, label: str) -> Html:
    """Return a list of words that lead to addresses; `label` says of what, to screen readers."""
    items = (tag("li", tag("a", escape(words), href=address)) for words, address in ways)
    return tag("nav", tag("ul", *items), aria_label=label)


# A table of a page whose cells may be links.


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
