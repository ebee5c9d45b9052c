"""SVG as text: elements, escaping, short coordinates, colours by role, and the estimated width of words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape as _html_escape
from typing import Final, NewType

from .palette import LIGHT

Html = NewType("Html", str)
"""Text that a browser may read as HTML: escaped, or made of what is. Other text isn't taken for it."""

WIDTH: Final = 400.0
"""Width of every picture in its own units. On a phone a unit is 0.9 pixels: text of 12 stays readable."""

SIZE: Final = 12.0
SMALL: Final = 11.0
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(words: object) -> str:
    """Return text with ``�`` for what XML forbids: control characters and lone surrogates."""
    return _FORBIDDEN.sub("\ufffd", str(words))


def escape(words: object) -> Html:
    """Return `words` safe inside an element or a quoted attribute, of HTML and of XML."""
    return Html(_html_escape(clean(words), quote=True))


def short(value: float) -> str:
    """Return a coordinate rounded to a tenth of a unit, as short as it goes: ``3``, ``0.5``."""
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def element(tag: str, *children: str, **attributes: str | float) -> Html:
    """Return one element of escaped children; attributes are escaped here, ``_`` becomes ``-``."""
    written = "".join(
        f' {name.replace("_", "-")}="{escape(value) if isinstance(value, str) else short(value)}"'
        for name, value in attributes.items()
    )
    return Html(f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>")


def paint(*, fill: str = "", stroke: str = "") -> dict[str, str]:
    """Return attributes that paint in the colours of palette roles (or ``none``).

    The style follows the page's theme; its fallback, and the plain attribute for viewers that know no custom
    properties, are the light theme, so that a picture saved alone looks right.
    """
    painted: dict[str, str] = {}
    style: list[str] = []
    for name, role in (("fill", fill), ("stroke", stroke)):
        if role:
            painted[name] = LIGHT.get(role, role)
            if role in LIGHT:
                style.append(f"{name}:var(--tl-{role},{LIGHT[role]})")
    return painted | ({"style": ";".join(style)} if style else {})


def tooltip(words: str) -> str:
    """Return a ``<title>``: what a pointer over the mark shows."""
    return f"<title>{escape(words)}</title>"


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: float = SIZE,
    role: str = "",
    bold: bool = False,
) -> str:
    """Return words with their baseline at (x, y)."""
    attributes: dict[str, str | float] = {"x": x, "y": y}
    if anchor != "start":
        attributes["text_anchor"] = anchor
    if size != SIZE:
        attributes["font_size"] = size
    if bold:
        attributes["font_weight"] = "600"
    return element("text", escape(words), **attributes, **paint(fill=role))


def text_width(words: str, size: float = SIZE) -> float:
    """Return about how wide `words` are, rather too wide than too narrow, since the font isn't known."""
    return size * sum(_advance(character) for character in words)


def _advance(character: str) -> float:
    if character in "iljtfrI.,:;'|!()[] /":
        return 0.36
    if character in "mwMW%@—":
        return 0.92
    if character in "+−×=<>±≤≥→":
        return 0.84
    if ord(character) >= 0x2E80:
        return 1.0
    return 0.7 if character.isupper() else 0.6


def fit(words: str, width: float, size: float = SIZE) -> str:
    """Return `words`, cut with an ellipsis if they are wider than `width`."""
    words = " ".join(clean(words).split())
    if text_width(words, size) <= width:
        return words
    while words and text_width(words + "…", size) > width:
        words = words[:-1]
    return words.rstrip() + "…"


def wrap(words: str, width: float, size: float = SIZE, *, lines: int = 99) -> list[str]:
    """Return `words` broken into at most `lines` lines no wider than `width`; what is left over is cut."""
    wrapped: list[str] = []
    rest = clean(words).split()
    while rest and len(wrapped) < lines:
        taken = 1
        while taken < len(rest) and text_width(" ".join(rest[: taken + 1]), size) <= width:
            taken += 1
        last = len(wrapped) == lines - 1
        wrapped.append(fit(" ".join(rest if last else rest[:taken]), width, size))
        rest = [] if last else rest[taken:]
    return wrapped


def group(children: Iterable[str], **attributes: str | float) -> str:
    """Return the children in one ``<g>``, or nothing at all if there are none."""
    inside = "".join(children)
    return element("g", inside, **attributes) if inside else ""
