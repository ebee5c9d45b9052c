"""How often values fall where, as bars of area 1, with a density drawn over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.errors import TrainlabError

from .axes import Numbers, floats, linear_scale
from .formats import counted, format_number
from .frame import legend, x_axis, y_axis
from .marks import cell, line
from .palette import series_role
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, text_width, tooltip

_PLOT = 150.0
_MOST_BARS = 60


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Density:
    """A density to compare the bars with: heights `y` at positions `x`, and what it is the density of."""

    label: str
    x: Numbers
    y: Numbers


def histogram(
    values: Numbers,
    *,
    title: str,
    x_label: str,
    densities: Sequence[Density] = (),
    value_label: str = "drawn values",
) -> Picture:
    """Draw a bar for each of up to 60 equal bins, as many as √n; the area of all bars is 1.

    Raises:
        TrainlabError: there is no value, or one isn't finite, or a density isn't one number a place.
    """
    drawn = floats("values", values)
    if not drawn.size or not np.isfinite(drawn).all():
        raise TrainlabError(f"values: {drawn.size} numbers, not all finite; give one or more finite numbers.")
    lines = [(each.label, floats("x", each.x), floats("y", each.y, length=len(each.x))) for each in densities]
    counts, edges = np.histogram(drawn, bins=min(_MOST_BARS, max(1, round(drawn.size**0.5))))
    heights = counts / drawn.size / np.diff(edges)
    columns = (edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), heights.tolist())
    bins: list[tuple[float, float, int, float]] = list(zip(*columns, strict=True))
    top, bottom = 24.0, 24.0 + _PLOT
    tallest = [0.0, float(heights.max()), *(float(y.max()) for _, _, y in lines if y.size)]
    y = linear_scale(tallest, start=bottom, end=top, nice=True)
    left = 12 + max(text_width(format_number(tick), SMALL) for tick in y.ticks(6))
    places = np.concatenate([edges, *(x for _, x, _ in lines)])
    x = linear_scale(places, start=left, end=WIDTH - 12)
    bars = [
        element(
            "rect",
            tooltip(f"{_number(low)} to {_number(high)}: {count:,}"),
            x=x(low),
            y=y(height),
            width=max(x(high) - x(low) - 0.6, 0.4),
            height=bottom - y(height),
        )
        for low, high, count, height in bins
        if count
    ]
    over = [
        line(np.column_stack([x.map(across), y.map(up)]), role=series_role(i + 1))
        for i, (_, across, up) in enumerate(lines)
    ]
    swatches = [(cell(3, -5, 16, 10, role="h4"), value_label)] + [
        (line(np.array([[0.0, 0.0], [22.0, 0.0]]), role=series_role(i + 1)), name)
        for i, (name, _, _) in enumerate(lines)
    ]
    key, taken = legend(swatches, y=bottom + 38)
    return compose(
        "".join(
            [
                y_axis(y, left=left, right=WIDTH - 12, label="density"),
                x_axis(x, stretches=[(top, bottom)], bottom=bottom, label=x_label),
                group(bars, **paint(fill="h4")),
                *over,
                key,
            ]
        ),
        height=bottom + 38 + taken,
        title=title,
        summary=f"{counted(drawn.size, 'value')} of {x_label} in {counted(len(counts), 'bin')}, from "
        f"{_number(drawn.min())} to {_number(drawn.max())}.",
        details=[f"Mean {_number(drawn.mean())}, deviation {_number(drawn.std())}."],
        notes=[],
        headers=["From", "To", "Count", "Density"],
        rows=[list(row) for row in bins],
    )


def _number(value: float) -> str:
    return format_number(float(value))
