"""HTML made of HTML: text gets in only through `escape`, as the type `Html` makes sure."""

from __future__ import annotations

from collections.abc import Iterable

from trainlab.draw.svg import Html, escape

NOTHING = Html("")
SPACE = Html(" ")
BREAK = Html("<br>")
LINE = Html("\n")
"""Between blocks, so that the source of a page can be read."""


def tag(name: str, /, *inside: Html, **attributes: str) -> Html:
    """Return an element; attributes are escaped here and empty ones left out, ``_`` in their names is ``-``.

    A name that Python keeps for itself ends with ``_``: ``class_``.
    """
    return Html(f"{empty_tag(name, **attributes)}{''.join(inside)}</{name}>")


def empty_tag(name: str, /, **attributes: str) -> Html:
    """Return an element that never has anything inside, as an ``input``; attributes are as in `tag`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Html(f"<{name}{written}>")


def joined(*parts: Html) -> Html:
    """Return the parts one after the other."""
    return Html("".join(parts))


def join_html(parts: Iterable[Html], between: Html = NOTHING) -> Html:
    """Return the parts one after the other, with `between` between them."""
    return Html(between.join(parts))
