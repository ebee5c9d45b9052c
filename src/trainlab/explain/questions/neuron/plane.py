"""Where a neuron of the first layer is on in the plane of two inputs, and what its line there tells apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import (
    Contour,
    HeatAxis,
    HeatScale,
    Picture,
    Spot,
    counted,
    format_number,
    format_percent,
    heat_map,
)
from trainlab.draw.svg import Shape
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.neuron.one_neuron import Neuron, point_words
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section
from trainlab.plain import pick

SIDE: Final = 81
MOST_POINTS: Final = 60
_SHAPES: Final[tuple[Shape, ...]] = ("circle", "up", "diamond", "down")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PlaneView:
    """The output of a unit of the first layer over two inputs: ``x [k]``, ``y [k]``, ``outputs [y, x]``.

    The unit is *on* where its output is above `level`, f(0); `on` is the share of the plane. ``line`` holds
    the two ends ``[2, 2]`` of w·x + b = 0 within the plane, None if it lies outside.
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
            **pick(self, "level on line"),
        }


def plane_view(
    points: Array, output: Callable[[Array], Array], *, weights: Array, bias: float, level: float
) -> PlaneView:
    """Look at ``output`` of ``[n, 2]`` inputs over the plane around ``points [n, 2]``; its line is w·x + b =
    0.
    """
    x, y = (_axis(points[:, place]) for place in (0, 1))
    across, up = np.meshgrid(x, y)
    outputs = output(np.column_stack([across.ravel(), up.ravel()])).reshape(len(y), len(x))
    return PlaneView(
        x=x,
        y=y,
        outputs=outputs,
        level=level,
        on=float(np.mean(outputs > level)),
        line=line_within(weights, bias, x, y),
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
        levels=[Contour(label=line_words, lines=[] if view.line is None else [view.line])],
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


# The section on it.


_GRID: Final = np.linspace(-40, 40, 80_001)
"""Sums at which it is looked whether an activation falls: all of them are settled beyond."""


def plane_section(
    neuron: Neuron,
    output: Callable[[Array], Array],
    *,
    points: Array,
    labels: Sequence[str],
    names: Sequence[str],
) -> tuple[Section | str, PlaneView | None]:
    """Return where in the plane of the inputs ``points [n, 2]`` the unit is on, and what is drawn of it.

    `labels` say what each point is. Or why there is no plane: there aren't two inputs, or the unit's line
    isn't one in them.
    """
    if points.shape[1] != 2:
        return f"the network has {counted(points.shape[1], 'input')}, so there is no plane to draw.", None
    if neuron.layer > 1:
        return "its inputs are outputs of other units, so it has no line in the network's inputs.", None
    if not ACTIVATIONS[neuron.activation].elementwise:
        return "its output depends on the sums of its whole layer, and so on no line.", None
    level = float(ACTIVATIONS[neuron.activation].value(np.zeros(1))[0])
    view = plane_view(points, output, weights=neuron.weights, bias=neuron.bias or 0.0, level=level)
    pair = (names[0], names[1])
    words = line_formula(neuron.weights, neuron.bias, pair)
    share = f"{format_percent(round(1000 * view.on), 1000)} % of the plane drawn"
    text = (
        f"In the plane of the two inputs z = 0 is the line {words}. "
        f"{side_words(neuron, share, format_number(view.level))} "
        f"{_points_on(points, output(points) > view.level)} {line_words(neuron)}"
    )
    text += "" if view.line is not None else " The line lies outside the plane drawn."
    picture = plane_picture(
        view,
        names=pair,
        points=points,
        labels=list(labels),
        line_words=words,
        title=f"Output of unit {neuron.unit} of {neuron.place} over the two inputs",
    )
    heading = "Its line in the input plane"
    return Section(name="plane", heading=heading, text=(text,), pictures=(picture,)), view


def _points_on(points: Array, on: npt.NDArray[np.bool_]) -> str:
    count = int(on.sum())
    if len(points) > 8:
        return f"Of {len(points):,} data points {count:,} lie there."
    if count in (0, len(points)):
        return f"{'All' if count else 'None'} of the {len(points)} data points lie there."
    there = ", ".join(point_words(point) for point, is_on in zip(points, on, strict=True) if is_on)
    return f"Of the data points {there} {'lies' if count == 1 else 'lie'} there."


def falls(neuron: Neuron) -> bool:
    """Return whether the activation falls somewhere, by more than rounding."""
    return bool((np.diff(ACTIVATIONS[neuron.activation].value(_GRID)) < -1e-9).any())


def side_words(neuron: Neuron, share: str, level: str) -> str:
    """Return where the output is above `level`, f(0), on `share` of the plane."""
    activation = ACTIVATIONS[neuron.activation]
    above = activation.value(_GRID) > activation.value(np.zeros(1))
    if bool((above <= (_GRID > 0)).all()):
        return f"On one side of it, {share}, z is above 0 and the output above {level}."
    return f"The output is above {level} on {share}, which need not be one side of that line."


def line_words(neuron: Neuron) -> str:
    """Return what one such neuron can tell apart."""
    if not falls(neuron):
        return "One neuron can tell apart only what one straight line can."
    return (
        f"Since {neuron.activation} both rises and falls, one such neuron can tell apart what no single "
        "straight line can."
    )
