"""A map of a plane: numbers as shades of one hue, with contours, marked points and a key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .axes import FloatArray, axis_label
from .formats import format_number
from .frame import legend
from .heat_data import Contour, HeatAxis, HeatScale, Plane, Spot, Track, plane, sampled
from .heat_frame import cells, contours, crisp, frame, key_entries, spots, tracks
from .marks import cell
from .palette import STEPS
from .picture import Picture, compose
from .svg import SMALL, WIDTH, fit, text, text_width


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
    drawn = plane(x, y, values)
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
        rows=[
            [float(a), float(b), float(drawn.values[i, j])]
            for i, b in enumerate(drawn.y)
            for j, a in enumerate(drawn.x)
        ],
    )


def _steps(values: FloatArray, scale: HeatScale) -> npt.NDArray[np.int64]:
    """Return the step of the ramp for each value, −1 if it isn't finite."""
    known, low, high = np.isfinite(values), scale.low, scale.high
    inside = np.clip(np.where(known, values, low), low, high)
    share = np.log(inside / low) / np.log(high / low) if scale.log else (inside - low) / (high - low)
    return np.where(known, np.round(share * (STEPS - 1)), -1).astype(np.int64)


def _key(y: float, scale: HeatScale) -> tuple[str, float]:
    """Return the ramp with its ends in numbers below height `y`, and its lower edge."""
    first, last = format_number(scale.low), format_number(scale.high)
    width, start = 10.0, 14 + text_width(first, SMALL)
    end = start + width * STEPS
    ramp = [cell(start + width * step, y, width, 10, role=f"h{step}") for step in range(STEPS)]
    after = end + 12 + text_width(last, SMALL) + 6
    words = fit(axis_label(scale.label, log=scale.log), WIDTH - 8 - after, SMALL)
    return "".join(
        [
            *ramp,
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
