"""The marks that pictures are made of: lines, bands, points, interval bars, cells, rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .axes import FloatArray
from .svg import element, paint, short, tooltip

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
