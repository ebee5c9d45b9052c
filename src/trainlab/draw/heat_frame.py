"""The plane of a map on the page: axes, cells grouped by colour, contours, marked points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .axes import FloatArray, Scale, tick_labels
from .frame import x_axis, y_axis
from .heat_data import Contour, Plane, Spot, Track
from .marks import Shape, line, point, rule, runs
from .svg import SMALL, WIDTH, element, group, paint, text_width

TOP: Final = 24.0
_PLOT: Final = 296.0
_DASHES: Final = ("4 2.5", "", "1.5 2", "8 3")
"""Dashes of contours, from the lowest level up; the second, the one that matters, is solid."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """Scales of both axes and the edges of the cells, in units of the picture."""

    x: Scale
    y: Scale
    x_edges: FloatArray
    y_edges: FloatArray
    bottom: float
    axes: str


def frame(drawn: Plane) -> Frame:
    """Lay out the plane: each value has a cell that reaches halfway to its neighbours."""
    bottom = TOP + _PLOT
    y = _scale(drawn.y, drawn.up.log, bottom, TOP)
    left = 12 + max(text_width(words, SMALL) for words in tick_labels(y.ticks(6), log=y.log))
    x = _scale(drawn.x, drawn.across.log, left, WIDTH - 10)
    x_edges, y_edges = _edges(x, drawn.x, left, WIDTH - 10), _edges(y, drawn.y, bottom, TOP)
    marks = [rule(x(tick), bottom, x(tick), bottom + 4) for tick in x.ticks(6)]
    marks += [rule(left - 4, y(tick), left, y(tick)) for tick in y.ticks(6)]
    axes = (
        y_axis(y, left=left - 4, right=left, label=drawn.up.label, top=TOP)
        + x_axis(x, stretches=[], bottom=bottom + 2, label=drawn.across.label)
        + "".join(marks)
    )
    return Frame(x=x, y=y, x_edges=x_edges, y_edges=y_edges, bottom=bottom, axes=axes)


def cells(laid: Frame, mask: npt.NDArray[np.bool_], *, role: str) -> str:
    """Return the cells where `mask` ``[y, x]`` is true as one path: neighbours in a row are one rectangle.

    It is in tenths of a unit, since whole numbers are shorter; `crisp` scales it.
    """
    across, up = (np.round(10 * edges).astype(int).tolist() for edges in (laid.x_edges, laid.y_edges))
    path: list[str] = []
    for row, present in enumerate(mask):
        high, height = up[row + 1], up[row] - up[row + 1]
        for start, stop in runs(present):
            width = across[stop] - across[start]
            path.append(f"M{across[start]} {high}h{width}v{height}h-{width}z")
    return element("path", d="".join(path), **paint(fill=role)) if path else ""


def crisp(parts: Sequence[str]) -> str:
    """Return cells in their real size, without the hairlines that antialiasing leaves between neighbours."""
    return group(parts, shape_rendering="crispEdges", transform="scale(0.1)")


def contours(laid: Frame, levels: Sequence[Contour]) -> str:
    """Return the lines of each level, over a halo that sets them off from any colour."""
    drawn: list[str] = []
    for index, level in enumerate(levels):
        pieces = [_places(laid, part) for part in level.lines]
        gap = np.full((1, 2), np.nan)
        points = np.concatenate([row for piece in pieces for row in (piece, gap)] or [gap])
        drawn.append(line(points, role="bg", width=3.4))
        drawn.append(line(points, role="s2", width=1.8, dashes=_DASHES[index % len(_DASHES)]))
    return group(drawn)


def tracks(laid: Frame, ways: Sequence[Track]) -> str:
    """Return each path as a line over a halo, with a dot at every distinguishable step."""
    drawn: list[str] = []
    for way in ways:
        points = _places(laid, way.points)
        drawn.append(line(points, role="bg", width=4.2))
        drawn.append(line(points, role="text", width=1.4))
        drawn += [_dot(x, y) for x, y in _apart(points, 5.0)]
    return group(drawn)


def spots(laid: Frame, places: Sequence[Spot]) -> str:
    """Return a marker for each point, with a halo."""
    drawn: list[str] = []
    for spot in places:
        x, y = laid.x(spot.x), laid.y(spot.y)
        drawn.append(point(x, y, shape=spot.shape, role="bg", radius=8.0))
        drawn.append(point(x, y, shape=spot.shape, role="text", hollow=True, radius=5.5))
    return group(drawn)


def key_entries(
    levels: Sequence[Contour], places: Sequence[Spot], ways: Sequence[Track] = ()
) -> list[tuple[str, str]]:
    """Return the legend's entries for contours, paths and points; equal points share one."""
    across = np.array([[0.0, 0.0], [22.0, 0.0]])
    lines = [
        (
            line(across, role="s2", width=1.8, dashes=_DASHES[index % len(_DASHES)]),
            level.label if level.lines else f"{level.label}: nowhere",
        )
        for index, level in enumerate(levels)
    ]
    lines += [(line(across, role="text", width=1.4) + _dot(11.0, 0.0), way.label) for way in ways]
    kinds: dict[tuple[Shape, str], None] = dict.fromkeys((spot.shape, spot.label) for spot in places)
    return lines + [
        (point(11, 0, shape=shape, role="text", hollow=True, radius=5.5), label) for shape, label in kinds
    ]


def _dot(x: float, y: float) -> str:
    return element("circle", cx=x, cy=y, r=2.0, **paint(fill="text"))


def _apart(points: FloatArray, gap: float) -> list[tuple[float, float]]:
    """Return the points without those closer than `gap` to the last one kept; the final one always stays."""
    kept: list[tuple[float, float]] = []
    for place, (x, y) in enumerate(points.tolist()):
        if not kept or place == len(points) - 1 or np.hypot(x - kept[-1][0], y - kept[-1][1]) >= gap:
            kept.append((x, y))
    return kept


def _places(laid: Frame, part: FloatArray) -> FloatArray:
    points = np.column_stack([laid.x.map(part[:, 0]), laid.y.map(part[:, 1])])
    # Steps of less than a third of a unit can't be seen.
    kept = [0]
    for place in range(1, len(points)):
        if np.abs(points[place] - points[kept[-1]]).max() > 0.3 or place == len(points) - 1:
            kept.append(place)
    return points[kept]


def _scale(values: FloatArray, log: bool, start: float, end: float) -> Scale:
    """Return the scale that leaves the first and last value room for half a cell."""
    room = (end - start) / len(values) / 2
    return Scale(low=float(values[0]), high=float(values[-1]), start=start + room, end=end - room, log=log)


def _edges(scale: Scale, values: FloatArray, start: float, end: float) -> FloatArray:
    places = scale.map(values)
    return np.concatenate([[start], (places[:-1] + places[1:]) / 2, [end]])
