"""A plane in shades: its data, its frame and legend, and the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from trainlab.draw.axes import (
    Numbers,
    Scale,
    axis_label,
    floats,
    legend,
    room_for_ticks,
    swatch,
    x_axis,
    y_axis,
)
from trainlab.draw.formats import format_number, without_noise
from trainlab.draw.palette import STEPS
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import (
    SMALL,
    WIDTH,
    FloatArray,
    Shape,
    cell,
    element,
    fit,
    group,
    line,
    paint,
    point,
    rule,
    runs,
    text,
    text_width,
)
from trainlab.draw.table import Cell
from trainlab.errors import TrainlabError

# The data of a map of a plane: two axes, values at their crossings, contours and marked points.


MOST: Final = 160
"""The most values drawn along an axis; more couldn't be told apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatAxis:
    """At least two ascending values, above 0 if `log`; `label` is words with units."""

    values: Numbers
    label: str
    log: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatScale:
    """The values drawn faintest (`low`) and strongest (`high`), by ratio if `log`; others count as these.

    `label` is words with units; `missing` says what NaN means.
    """

    label: str
    low: float
    high: float
    log: bool = False
    missing: str = "no value"

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise TrainlabError(
                f"low = {self.low!r}, high = {self.high!r}: low must be less than high, above 0 if log."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Contour:
    """Lines of one level, each ``[points, 2]`` of x and y values; `label` says which level."""

    label: str
    lines: Sequence[FloatArray] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A point of the plane to mark; `label` is for the legend, where equal ones appear once."""

    x: float
    y: float
    label: str
    shape: Shape = "circle"


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """A path across the plane: ``points [n, 2]`` of x and y values in order; `label` is for the legend."""

    label: str
    points: FloatArray = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plane:
    """Checked and thinned: ascending `x` and `y`, and an array ``[y, x]`` of values."""

    x: FloatArray
    y: FloatArray
    values: FloatArray
    across: HeatAxis
    up: HeatAxis
    all_points: int

    @property
    def notes(self) -> list[str]:
        """What thinning left out."""
        drawn = self.values.size
        return [] if drawn == self.all_points else [f"Drawn: {drawn:,} of {self.all_points:,} points."]

    def rows(self, shown: Callable[[float], Cell]) -> list[list[Cell]]:
        """Return x, y and what the value is shown as, for each point."""
        points = np.ndindex(self.values.shape)
        return [[float(self.x[j]), float(self.y[i]), shown(float(self.values[i, j]))] for i, j in points]


def plane(x: HeatAxis, y: HeatAxis, values: npt.ArrayLike, *, signed: bool = False) -> Plane:
    """Check the numbers of a map and thin them out to what a picture can show; `signed` ones without noise.

    Raises:
        TrainlabError: an axis isn't two or more ascending finite numbers (above 0 if log), or `values` isn't
            ``[y, x]``.
    """
    across, up = _ascending("x", x), _ascending("y", y)
    grid = np.asarray(values, dtype=np.float64)
    if grid.shape != (len(up), len(across)):
        raise TrainlabError(
            f"values: an array of shape {list(grid.shape)} for {len(up)} values of y and {len(across)} of x; "
            "give a row for each y and a column for each x."
        )
    rows, columns = sampled(len(up), MOST), sampled(len(across), MOST)
    shown = grid[np.ix_(rows, columns)]
    return Plane(
        x=across[columns] if x.log else without_noise(across[columns]),
        y=up[rows] if y.log else without_noise(up[rows]),
        values=without_noise(shown) if signed else shown,
        across=x,
        up=y,
        all_points=grid.size,
    )


def sampled(count: int, most: int = 7) -> npt.NDArray[np.intp]:
    """Return at most `most` of `count` indices, evenly spaced, including the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _ascending(name: str, axis: HeatAxis) -> FloatArray:
    values = floats(name, axis.values)
    rising = values.size >= 2 and bool(np.isfinite(values).all() and (np.diff(values) > 0).all())
    if not rising or (axis.log and values[0] <= 0):
        above = ", above 0 for a log axis" if axis.log else ""
        raise TrainlabError(f"{name}: {axis.values!r}; give two or more finite ascending numbers{above}.")
    return values


# The plane of a map on the page: axes, cells grouped by colour, contours, marked points.


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
    y = cell_scale(drawn.y, drawn.up.log, bottom, TOP)
    left = room_for_ticks(y)
    x = cell_scale(drawn.x, drawn.across.log, left, WIDTH - 10)
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
    lines = [
        (
            swatch("s2", width=1.8, dashes=_DASHES[index % len(_DASHES)]),
            level.label if level.lines else f"{level.label}: nowhere",
        )
        for index, level in enumerate(levels)
    ]
    lines += [(swatch("text", width=1.4) + _dot(11.0, 0.0), way.label) for way in ways]
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


def cell_scale(values: FloatArray, log: bool, start: float, end: float) -> Scale:
    """Return the scale that leaves the first and last value room for half a cell."""
    room = (end - start) / len(values) / 2
    return Scale(low=float(values[0]), high=float(values[-1]), start=start + room, end=end - room, log=log)


def _edges(scale: Scale, values: FloatArray, start: float, end: float) -> FloatArray:
    places = scale.map(values)
    return np.concatenate([[start], (places[:-1] + places[1:]) / 2, [end]])


# A map of a plane: numbers as shades of one hue, with contours, marked points and a key.


def heat_map(
    x: HeatAxis,
    y: HeatAxis,
    values: npt.ArrayLike,
    scale: HeatScale,
    *,
    title: str,
    levels: Sequence[Contour] = (),
    places: Sequence[Spot] = (),
    ways: Sequence[Track] = (),
) -> Picture:
    """Draw ``values[y, x]`` as shades of one hue; NaN is grey.

    Raises:
        TrainlabError: if the axes aren't ascending, or the values don't fit them.
    """
    drawn = plane(x, y, values, signed=not scale.log and scale.low < 0 < scale.high)
    laid = frame(drawn)
    steps = _steps(drawn.values, scale)
    shades = [cells(laid, steps == step, role=f"h{step}") for step in range(STEPS)]
    unknown = steps < 0
    key, height = _key(laid.bottom + 46, scale)
    grey = [(cell(3, -5, 16, 10, role="grid"), scale.missing)] if unknown.any() else []
    more, taken = legend([*key_entries(levels, places, ways), *grey], y=height + 4)
    return compose(
        "".join(
            [
                laid.axes,
                crisp([*shades, cells(laid, unknown, role="grid")]),
                contours(laid, levels),
                tracks(laid, ways),
                spots(laid, places),
                key,
                more,
            ]
        ),
        height=height + 4 + taken,
        title=title,
        summary=_summary(drawn, scale),
        details=_in_words(drawn, scale.missing, places, ways),
        notes=drawn.notes,
        headers=[x.label, y.label, scale.label],
        rows=drawn.rows(float),
    )


def _steps(values: FloatArray, scale: HeatScale) -> npt.NDArray[np.int64]:
    """Return the step of the ramp for each value, −1 if it isn't finite."""
    known, low, high = np.isfinite(values), scale.low, scale.high
    inside = np.clip(np.where(known, values, low), low, high)
    share = np.log(inside / low) / np.log(high / low) if scale.log else (inside - low) / (high - low)
    return np.where(known, np.round(share * (STEPS - 1)), -1).astype(np.int64)


def ramp(start: float, y: float) -> tuple[str, float]:
    """Return all shades side by side from `start` on, and where they end."""
    width = 10.0
    shades = (cell(start + width * step, y, width, 10, role=f"h{step}") for step in range(STEPS))
    return "".join(shades), start + width * STEPS


def _key(y: float, scale: HeatScale) -> tuple[str, float]:
    """Return the ramp with its ends in numbers below height `y`, and its lower edge."""
    first, last = format_number(scale.low), format_number(scale.high)
    start = 14 + text_width(first, SMALL)
    drawn, end = ramp(start, y)
    after = end + 12 + text_width(last, SMALL) + 6
    words = fit(axis_label(scale.label, log=scale.log), WIDTH - 8 - after, SMALL)
    return "".join(
        [
            drawn,
            text(start - 5, y + 9, first, anchor="end", size=SMALL, role="muted"),
            text(end + 5, y + 9, last, size=SMALL, role="muted"),
            text(after, y + 9, words, size=SMALL),
        ]
    ), y + 16


def _summary(drawn: Plane, scale: HeatScale) -> str:
    rows, columns = drawn.values.shape
    size = f"{scale.label} at {columns} values of {drawn.across.label} by {rows} of {drawn.up.label}"
    known = np.isfinite(drawn.values)
    if not known.any():
        return f"{size}: everywhere {scale.missing}."
    least, most = (
        np.unravel_index(int(place), drawn.values.shape)
        for place in (np.nanargmin(drawn.values), np.nanargmax(drawn.values))
    )
    lost = f"; {scale.missing} at {int((~known).sum()):,}" if not known.all() else ""
    return f"{size}; least {_at(drawn, *least)}; most {_at(drawn, *most)}{lost}."


def _at(drawn: Plane, row: np.intp, column: np.intp) -> str:
    x, y = (format_number(float(value)) for value in (drawn.x[column], drawn.y[row]))
    return f"{format_number(float(drawn.values[row, column]))} at ({x}, {y})"


def _in_words(drawn: Plane, missing: str, places: Sequence[Spot], ways: Sequence[Track]) -> list[str]:
    """Return a line for each of a few rows, and one for each way and marked place."""
    rows, columns = (sampled(count) for count in (len(drawn.y), len(drawn.x)))
    lines: list[str] = []
    for row in rows[::-1]:
        told = [
            f"{format_number(float(drawn.x[column]))}: "
            f"{format_number(float(value)) if np.isfinite(value) else missing}"
            for column in columns
            for value in [drawn.values[row, column]]
        ]
        at = f"{drawn.up.label} {format_number(float(drawn.y[row]))}, by {drawn.across.label}"
        lines.append(f"{at}: {'; '.join(told)}.")
    lines += [f"{way.label}: {_way_in_words(way)}." for way in ways]
    return lines + [f"{spot.label}: ({format_number(spot.x)}, {format_number(spot.y)})." for spot in places]


def _way_in_words(way: Track) -> str:
    """Return a few of the points on the way, the first and the last among them."""
    points = way.points[sampled(len(way.points))].tolist()
    return " → ".join(f"({format_number(x)}, {format_number(y)})" for x, y in points)
