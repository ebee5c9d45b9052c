"""A neuron over the plane of two inputs: where it is on, and the line or curve between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trainlab.draw import Contour, HeatAxis, HeatScale, Picture, Spot, contour_lines, format_number, heat_map
from trainlab.draw.marks import Shape
from trainlab.engine.network_pass import Array

SIDE: Final = 81
MOST_POINTS: Final = 60
_SHAPES: Final[tuple[Shape, ...]] = ("circle", "up", "diamond", "down")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlaneView:
    """The output of a unit over two inputs: ``x [k]``, ``y [k]``, ``outputs [y, x]``.

    The unit is *on* where its output is above `level`; `on` is the share of the plane. ``line`` holds the two
    ends ``[2, 2]`` of w·x + b = 0 within the plane, for a unit of the first layer whose line crosses it.
    """

    x: Array
    y: Array
    outputs: Array
    level: float
    on: float
    line: Array | None

    def to_dict(self) -> dict[str, Any]:
        """Return the plane ready for JSON, without its grid, which the picture has."""
        return {
            "x": [float(self.x[0]), float(self.x[-1])],
            "y": [float(self.y[0]), float(self.y[-1])],
            "level": self.level,
            "on": self.on,
            "line": None if self.line is None else self.line.tolist(),
        }


def plane_view(
    points: Array,
    output: Callable[[Array], Array],
    *,
    weights: Array | None,
    bias: float,
    level: float | None = None,
) -> PlaneView:
    """Look at ``output`` of ``[n, 2]`` inputs over the plane around ``points [n, 2]``.

    With ``weights [2]``, those of a unit of the first layer, its line is w·x + b = 0. Without `level` the
    unit is on above the middle between its least and its greatest output in the plane.
    """
    x, y = (_axis(points[:, place]) for place in (0, 1))
    across, up = np.meshgrid(x, y)
    outputs = output(np.column_stack([across.ravel(), up.ravel()])).reshape(len(y), len(x))
    middle = float(outputs.min() / 2 + outputs.max() / 2) if level is None else level
    return PlaneView(
        x=x,
        y=y,
        outputs=outputs,
        level=middle,
        on=float(np.mean(outputs > middle)),
        line=None if weights is None else line_within(weights, bias, x, y),
    )


def line_within(weights: Array, bias: float, x: Array, y: Array) -> Array | None:
    """Return where w₁x + w₂y + b = 0 enters and leaves the rectangle of the axes, None if it doesn't."""
    first, second = float(weights[0]), float(weights[1])
    ends: list[tuple[float, float]] = []
    if second:
        ends += [(at, -(first * at + bias) / second) for at in (float(x[0]), float(x[-1]))]
    if first:
        ends += [(-(second * at + bias) / first, at) for at in (float(y[0]), float(y[-1]))]
    room_x, room_y = 1e-9 * float(x[-1] - x[0]), 1e-9 * float(y[-1] - y[0])
    inside = [
        (a, b)
        for a, b in ends
        if x[0] - room_x <= a <= x[-1] + room_x and y[0] - room_y <= b <= y[-1] + room_y
    ]
    if len(inside) < 2:
        return None
    # Through a corner it meets two sides at once: the two places furthest apart are its ends.
    found = np.array(inside)
    gaps = np.linalg.norm(found[:, None] - found[None], axis=2)
    a, b = np.unravel_index(int(gaps.argmax()), gaps.shape)
    return found[[a, b]] if gaps.max() > 0 else None


def plane_picture(
    view: PlaneView,
    *,
    names: tuple[str, str],
    points: Array,
    labels: list[str],
    line_words: str,
    title: str,
) -> Picture:
    """Draw the plane with its line and the data points; points with equal labels share a marker."""
    if view.line is not None:
        lines = [view.line]
    else:
        at = np.arange(SIDE, dtype=np.float64)
        lines = [
            np.column_stack([np.interp(part[:, 0], at, view.x), np.interp(part[:, 1], at, view.y)])
            for part in contour_lines(view.outputs, view.level)
        ]
    low, high = float(view.outputs.min()), float(view.outputs.max())
    kinds = list(dict.fromkeys(labels))
    many = np.linspace(0, len(points) - 1, min(len(points), MOST_POINTS))
    kept: list[int] = sorted({round(float(place)) for place in many})
    return heat_map(
        HeatAxis(values=view.x, label=names[0]),
        HeatAxis(values=view.y, label=names[1]),
        view.outputs,
        HeatScale(label="output of the unit", low=low, high=high if high > low else low + 1.0),
        title=title,
        levels=[Contour(label=line_words, lines=lines)],
        places=[
            Spot(
                x=float(points[place, 0]),
                y=float(points[place, 1]),
                label=labels[place],
                shape=_SHAPES[kinds.index(labels[place]) % len(_SHAPES)],
            )
            for place in kept
        ],
    )


def line_formula(weights: Array, bias: float | None, names: tuple[str, str]) -> str:
    """Return a line as ``0.5 x₁ − 2 x₂ + 1 = 0``."""
    parts = [f"{format_number(float(w))} {name}" for w, name in zip(weights, names, strict=True)]
    parts += [] if bias is None else [format_number(bias)]
    return f"{' + '.join(parts)} = 0".replace("+ −", "− ")


def _axis(values: Array) -> Array:
    low, high = float(values.min()), float(values.max())
    room = 0.4 * (high - low) if high > low else 1.0
    return np.linspace(low - room, high + room, SIDE)
