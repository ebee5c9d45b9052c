"""A function of one number with its current point, and the slope there."""

from __future__ import annotations

from typing import Final

import numpy as np

from trainlab.errors import TrainlabError

from .axes import FloatArray, Numbers, floats, linear_scale, tick_labels
from .formats import format_number
from .frame import legend, x_axis, y_axis
from .marks import line, point, rule
from .picture import Picture, compose
from .svg import SMALL, WIDTH, text_width

_PLOT: Final = 170.0


def tangent(
    x: Numbers,
    y: Numbers,
    *,
    at: tuple[float, float],
    slope: float,
    name: str,
    x_label: str,
    y_label: str,
    title: str,
) -> Picture:
    """Draw the curve ``y [n]`` over ascending ``x [n]``, called `name`, the point `at` and the line that
    touches it there.

    Raises:
        TrainlabError: if the numbers differ in length, or the point or slope isn't finite.
    """
    across = floats("x", x)
    heights = floats("y", y, length=across.size)
    if not np.isfinite([*at, slope]).all():
        raise TrainlabError(f"at = {at!r}, slope = {slope!r}: must be finite numbers.")
    top, bottom = 24.0, 24.0 + _PLOT
    up = linear_scale([*heights.tolist(), at[1], 0.0], start=bottom, end=top, nice=True)
    left = 12 + max(text_width(words, SMALL) for words in tick_labels(up.ticks(6)))
    over = linear_scale([*across.tolist(), at[0]], start=left, end=WIDTH - 12)
    touching = _touching(at, slope, (over.low, over.high), (up.low, up.high))
    places = np.column_stack([over.map(across), up.map(heights)])
    ends = np.column_stack([over.map(touching[:, 0]), up.map(touching[:, 1])])
    a, b = over(at[0]), up(at[1])
    across_key = np.array([[0.0, 0.0], [22.0, 0.0]])
    number = format_number
    key, taken = legend(
        [
            (line(across_key, role="s1"), name),
            (line(across_key, role="s2", dashes="7 3"), f"slope {number(slope)}"),
            (point(11, 0, shape="circle", role="text", radius=5.0), f"({number(at[0])}, {number(at[1])})"),
        ],
        y=bottom + 38,
    )
    return compose(
        "".join(
            [
                y_axis(up, left=left, right=WIDTH - 12, label=y_label),
                x_axis(over, stretches=[(top, bottom)], bottom=bottom, label=x_label),
                rule(left, up(0.0), WIDTH - 12, up(0.0)),
                line(places, role="s1"),
                line(ends, role="s2", dashes="7 3"),
                rule(a, bottom, a, b, role="text", dashes="2 2"),
                rule(left, b, a, b, role="text", dashes="2 2"),
                point(a, b, shape="circle", role="text", radius=5.0),
                key,
            ]
        ),
        height=bottom + 38 + taken,
        title=title,
        summary=f"{name}: at {x_label} {number(at[0])}, {y_label} {number(at[1])}, slope {number(slope)}.",
        details=[f"{x_label} {number(float(across[i]))}: {number(float(heights[i]))}." for i in _few(across)],
        notes=[],
        headers=[x_label, y_label],
        rows=[[float(p), float(q)] for p, q in zip(across, heights, strict=True)],
    )


def _touching(
    at: tuple[float, float], slope: float, across: tuple[float, float], up: tuple[float, float]
) -> FloatArray:
    """Return the ends of the tangent: a sixth of the width to either side, and within the height."""
    reach = (across[1] - across[0]) / 6
    ends: list[tuple[float, float]] = []
    for side in (-1.0, 1.0):
        step = side * reach
        room = (up[1] - at[1]) if side * slope > 0 else (at[1] - up[0])
        if slope and abs(slope * step) > room:
            step = side * max(room, 0.0) / abs(slope)
        x = min(max(at[0] + step, across[0]), across[1])
        ends.append((x, at[1] + slope * (x - at[0])))
    return np.array(ends)


def _few(values: FloatArray) -> list[int]:
    return (
        [int(place) for place in np.unique(np.linspace(0, values.size - 1, 9).round())] if values.size else []
    )
