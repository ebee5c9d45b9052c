"""SVG as text: elements, escaping, short coordinates, colours by role, the width of words, and marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape as _html_escape
from typing import Final, Literal, NewType, TypeAlias

import numpy as np
import numpy.typing as npt

from trainlab.draw.palette import LIGHT
from trainlab.errors import escaped

FloatArray: TypeAlias = npt.NDArray[np.float64]

Html = NewType("Html", str)
"""Text that a browser may read as HTML: escaped, or made of what is. Other text isn't taken for it."""

WIDTH: Final = 400.0
"""Width of every picture in its own units. On a phone a unit is 0.9 pixels: text of 12 stays readable."""

SIZE: Final = 12.0
SMALL: Final = 11.0
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(words: object) -> str:
    """Return text with ``�`` for the control characters that XML forbids; lone surrogates are escaped."""
    return _FORBIDDEN.sub("\ufffd", escaped(str(words)))


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


def caption(x: float, y: float, words: str) -> str:
    """Return small muted words centred at x, as below a part of a picture."""
    return text(x, y, words, anchor="middle", size=SMALL, role="muted")


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


# The marks that pictures are made of: lines, bands, points, interval bars, cells, rules.


DASHES: Final = ("", "7 3", "2 2.5", "9 3 2 3", "4 2", "12 4", "6 2 2 2 2 2")
"""Dash patterns in order of use, so that a picture printed in grey stays readable."""

Shape: TypeAlias = Literal["up", "down", "circle", "diamond"]


def dash(index: int) -> str:
    """Return the dash pattern of the `index`-th series. Eight hues and seven dashes repeat after 56."""
    return DASHES[index % len(DASHES)]


def line(points: FloatArray, *, role: str, dashes: str = "", width: float = 2.0) -> str:
    """Return a line through `points` of shape [n, 2]; points with NaN interrupt it, lone points are dots."""
    pieces = runs(np.isfinite(points[:, 0]) & np.isfinite(points[:, 1]))
    path = "".join(_path(points[start:stop]) for start, stop in pieces if stop - start > 1)
    dots = [
        element("circle", cx=float(points[start, 0]), cy=float(points[start, 1]), r=width, **paint(fill=role))
        for start, stop in pieces
        if stop - start == 1
    ]
    dashed: dict[str, str] = {"stroke_dasharray": dashes} if dashes else {}
    drawn = (
        element(
            "path",
            d=path,
            stroke_width=width,
            stroke_linejoin="round",
            **dashed,
            **paint(fill="none", stroke=role),
        )
        if path
        else ""
    )
    return drawn + "".join(dots)


def band(low: Iterable[FloatArray], high: Iterable[FloatArray], *, role: str, opacity: str) -> str:
    """Return the areas between pieces of a lower and an upper edge, each of shape [n, 2] and without NaN."""
    path = "".join(
        _path(np.concatenate([above, below[::-1]])) + "Z" for below, above in zip(low, high, strict=True)
    )
    return element("path", d=path, fill_opacity=opacity, **paint(fill=role)) if path else ""


def runs(present: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (start, stop) of each unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def point(x: float, y: float, *, shape: Shape, role: str, hollow: bool = False, radius: float = 4.2) -> str:
    """Return a marker around (x, y). Shapes tell meanings apart where colours don't."""
    colours = paint(fill="bg" if hollow else role, stroke=role)
    if shape == "circle":
        return element("circle", cx=x, cy=y, r=radius - 1, stroke_width=1.6, **colours)
    r = radius
    corners: dict[Shape, tuple[tuple[float, float], ...]] = {
        "up": ((0, -r), (r, r * 0.8), (-r, r * 0.8)),
        "down": ((0, r), (r, -r * 0.8), (-r, -r * 0.8)),
        "diamond": ((0, -r), (r, 0), (0, r), (-r, 0)),
    }
    return element(
        "path", d=_path(np.array([(x + dx, y + dy) for dx, dy in corners[shape]])) + "Z", **colours
    )


def interval_bar(start: float, stop: float, y: float, *, role: str) -> str:
    """Return a horizontal bar with end caps."""
    path = f"M{short(start)} {short(y - 4)}v8m0-4H{short(stop)}m0-4v8"
    return element("path", d=path, stroke_width=1.8, **paint(fill="none", stroke=role))


def cell(x: float, y: float, width: float, height: float, *, role: str, words: str = "") -> str:
    """Return a filled rectangle, with a tooltip if there are words."""
    inside = [tooltip(words)] if words else []
    return element("rect", *inside, x=x, y=y, width=width, height=height, **paint(fill=role))


def rule(
    x1: float, y1: float, x2: float, y2: float, *, role: str = "muted", width: float = 1.0, dashes: str = ""
) -> str:
    """Return a straight line: an axis, a leader, or a reference."""
    dashed: dict[str, str] = {"stroke_dasharray": dashes} if dashes else {}
    return element(
        "path",
        d=f"M{short(x1)} {short(y1)}L{short(x2)} {short(y2)}",
        stroke_width=width,
        **dashed,
        **paint(fill="none", stroke=role),
    )


def _path(points: FloatArray) -> str:
    return "M" + "L".join(f"{short(float(x))} {short(float(y))}" for x, y in points)
