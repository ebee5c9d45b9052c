"""Counts in bins, and a range to compare them with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from .axes import Numbers, floats, linear_scale
from .formats import counted, format_number
from .frame import legend, x_axis, y_axis
from .marks import cell, rule
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, text_width, tooltip

_PLOT: Final = 140.0
_LEAST: Final = 5.0


def binned(
    edges: Numbers,
    counts: Numbers,
    *,
    x_label: str,
    title: str,
    reach: tuple[float, float] | None = None,
    reach_label: str = "",
) -> Picture:
    """Draw a bar for each bin; `reach` (from, to; infinite for no end) is shaded and bounded by dashed lines.

    Raises:
        TrainlabError: if there isn't one more edge than counts.
    """
    heights = floats("counts", counts)
    places = floats("edges", edges, length=heights.size + 1)
    top, bottom = 24.0, 24.0 + _PLOT
    # Counts are whole: with few, the scale goes to 5, since its ticks would be halves otherwise.
    y = linear_scale([0.0, _LEAST, *heights.tolist()], start=bottom, end=top, nice=True)
    left = 12 + max(text_width(format_number(tick), SMALL) for tick in y.ticks(6))
    ends = [end for end in reach or () if math.isfinite(end)]
    x = linear_scale(np.asarray([*places.tolist(), *ends]), start=left, end=WIDTH - 12)
    bars = [
        element(
            "rect",
            tooltip(f"{_number(low)} to {_number(high)}: {count:,.0f}"),
            x=x(low),
            y=y(count),
            width=max(x(high) - x(low) - 0.6, 0.4),
            height=bottom - y(count),
        )
        for low, high, count in _bins(places.tolist(), heights.tolist())
        if count
    ]
    shade, key_words = "", [(cell(3, -5, 16, 10, role="h7"), "counted")]
    if reach:
        start, stop = (
            x(end) if math.isfinite(end) else edge
            for end, edge in zip(reach, (left, WIDTH - 12), strict=True)
        )
        shade = element("rect", x=start, y=top, width=max(stop - start, 1), height=_PLOT, **paint(fill="h2"))
        shade += "".join(rule(x(end), top, x(end), bottom, role="text", dashes="4 3") for end in ends)
        one = rule(11, -6, 11, 6, role="text", dashes="4 3")
        mark = one if reach[0] == reach[1] else cell(3, -5, 16, 10, role="h2")
        key_words.append((mark, f"{reach_label}: {_reach_words(reach)}"))
    key, taken = legend(key_words, y=bottom + 38)
    return compose(
        "".join(
            [
                shade,
                y_axis(y, left=left, right=WIDTH - 12, label="count"),
                x_axis(x, stretches=[(top, bottom)], bottom=bottom, label=x_label),
                group(bars, **paint(fill="h7")),
                key,
            ]
        ),
        height=bottom + 38 + taken,
        title=title,
        summary=f"{x_label}: {heights.sum():,.0f} values in {counted(heights.size, 'bin')}, from "
        f"{_number(places[0])} to {_number(places[-1])}.",
        details=[f"{reach_label}: {_reach_words(reach)}."] if reach else [],
        notes=[],
        headers=["From", "To", "Count"],
        rows=[[low, high, count] for low, high, count in _bins(places.tolist(), heights.tolist())],
    )


def _bins(places: Sequence[float], heights: Sequence[float]) -> list[tuple[float, float, float]]:
    return list(zip(places[:-1], places[1:], heights, strict=True))


def _reach_words(reach: tuple[float, float]) -> str:
    low, high = map(_number, reach)
    return low if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    return format_number(float(value))
