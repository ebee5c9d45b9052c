"""How a page is answered: with a policy of its own, or one line that says why there is none."""

from __future__ import annotations

from typing import Final

from starlette.responses import HTMLResponse, Response

from trainlab.draw.svg import Html, escape
from trainlab.page.document import document, paragraph
from trainlab.page.files import security_policy
from trainlab.page.html import joined, tag

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
    items = (tag("li", tag("a", escape(words), href=address)) for address, words in LINKS)
    return tag("nav", tag("ul", *items), aria_label="Lab")
