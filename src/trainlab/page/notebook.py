"""How results look in a notebook: a title, what they found, a picture with its numbers."""

from __future__ import annotations

from collections.abc import Iterable

from trainlab.draw import INSIDE, Picture, css
from trainlab.draw.svg import Html, escape
from trainlab.page.html import NOTHING, joined, tag


def notebook(title: str, *parts: Html) -> Html:
    """Return a result for a notebook's cell, with a style that ends with it."""
    return joined(tag("style", Html(css(scope=INSIDE))), tag("h3", escape(title)), *parts)


def style_sheet() -> Html:
    """Return the style of tables and pictures, as an element."""
    return tag("style", Html(css()))


def text_list(words: Iterable[str]) -> Html:
    """Return a list of texts; nothing if there are none."""
    items = [tag("li", escape(text)) for text in words]
    return tag("ul", *items) if items else NOTHING


def drawing(picture: Picture, table: Html) -> Html:
    """Return a picture with a table of its numbers, folded."""
    folded = tag("details", tag("summary", Html("In numbers")), table)
    return tag("figure", picture.svg, folded, class_="tl-figure")
