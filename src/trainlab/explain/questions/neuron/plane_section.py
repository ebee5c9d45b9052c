"""The section on where a neuron is on in the space of its inputs, and what such a border can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number, format_percent
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.neuron.decompose import Neuron, point_words
from trainlab.explain.questions.neuron.plane import PlaneView, line_formula, plane_picture, plane_view
from trainlab.page.section import Section, Table

MOST_DRAWN: Final = 1000
"""Of more data points so many are listed."""


def plane_section(
    neuron: Neuron,
    output: Callable[[Array], Array],
    *,
    points: Array,
    drawn: Array,
    labels: Sequence[str],
    names: Sequence[str],
    middle: float | None,
) -> tuple[Section, PlaneView | None]:
    """Return where in the space of the inputs ``points [n, in]`` the unit is on, drawn if there are two.

    Of them ``drawn [k, in]`` are drawn and listed, and `labels` say what each is; `middle` is f(0), None for
    a unit that isn't in the first layer.
    """
    first = middle is not None
    if points.shape[1] != 2:
        return Section(
            name="plane", heading="Its side of the data", text=_beyond(neuron, points, first)
        ), None
    weights = neuron.weights if first else None
    view = plane_view(points, output, weights=weights, bias=neuron.bias or 0.0, level=middle)
    pair = (names[0], names[1])
    words = (
        line_formula(neuron.weights, neuron.bias, pair) if first else f"output {format_number(view.level)}"
    )
    on = output(points) > view.level
    share = f"{format_percent(round(1000 * view.on), 1000)} % of the plane drawn"
    level = format_number(view.level)
    told = _points_on(points, on)
    if first:
        text = (
            f"In the plane of the two inputs z = 0 is the line {words}. {side_words(neuron, share, level)} "
            f"{told} {line_words(neuron)}"
        )
        text += "" if view.line is not None else " The line lies outside the plane drawn."
    else:
        why = (
            "Its output hangs on the sums of its whole layer"
            if neuron.layer == 1
            else "Its inputs are outputs of other units"
        )
        text = (
            f"{why}, so in the plane of the network's inputs its border may "
            f"bend: it is drawn where the output crosses {level}, the middle between its "
            f"least and its greatest there. Above it: {share}. {told}"
        )
    picture = plane_picture(
        view,
        names=pair,
        points=drawn,
        labels=list(labels),
        line_words=words,
        title=f"Output of unit {neuron.unit} of {neuron.place} over the two inputs",
    )
    values = output(drawn)
    table = Table(
        title="The unit at the data points",
        headers=["input", "which", "output", f"above {format_number(view.level)}"],
        rows=[
            [point_words(point), label, float(value), bool(is_on)]
            for point, label, value, is_on in zip(drawn, labels, values, values > view.level, strict=True)
        ],
        shown=8,
    )
    heading = "Its line in the input plane" if first else "Where it is on in the input plane"
    return Section(name="plane", heading=heading, text=(text,), pictures=(picture,), tables=(table,)), view


def _beyond(neuron: Neuron, points: Array, first: bool) -> tuple[str, ...]:
    """Return what can be said where there is no plane to draw."""
    count = points.shape[1]
    plural = "input" if count == 1 else "inputs"
    if not first:
        return (f"The network has {count:,} {plural}, not two, so there is no plane to draw for this unit.",)
    sums = points @ neuron.weights + (neuron.bias or 0.0)
    above = int((sums > 0).sum())
    side = f"On its upper side, where z is above 0, are {above:,} of {counted(len(points), 'data point')}."
    if count == 1:
        at = -(neuron.bias or 0.0) / float(neuron.weights[0]) if neuron.weights[0] else None
        place = (
            "z is never 0: the weight is." if at is None else f"z = 0 at the one input {format_number(at)}."
        )
        return (f"With one input there is no plane to draw. {place} {side}",)
    length = float(np.linalg.norm(neuron.weights))
    distance = f" The chosen input is {format_number(abs(neuron.sum) / length)} from it." if length else ""
    return (
        f"With {count:,} inputs there is no plane to draw: z = 0 is a flat border of {count - 1:,} "
        f"dimensions. {side}"
        f"{distance}",
    )


def _points_on(points: Array, on: npt.NDArray[np.bool_]) -> str:
    count = int(on.sum())
    if len(points) > 8:
        return f"Of {len(points):,} data points {count:,} lie there."
    if count in (0, len(points)):
        return f"{'All' if count else 'None'} of the {len(points)} data points lie there."
    there = ", ".join(point_words(point) for point, is_on in zip(points, on, strict=True) if is_on)
    return f"Of the data points {there} {'lies' if count == 1 else 'lie'} there."


_RISING: Final = (
    "linear identity tanh sigmoid logsigmoid hardtanh hardsigmoid softsign softplus "
    "relu relu6 leakyrelu elu celu selu"
)
"""Activations that never fall, by trainlab's names and PyTorch's, without case and underscores."""

_BENT: Final = ("gelu", "silu", "mish", "hardswish")
"""Those that fall somewhere and yet are above f(0) just where z is above 0."""


def falls(neuron: Neuron) -> bool | None:
    """Return whether the activation falls somewhere; None if that isn't known."""
    name = _plain(neuron.activation)
    if name in _BENT or _seen_falling(neuron):
        return True
    return False if name in _RISING.split() else None


def side_words(neuron: Neuron, share: str, level: str) -> str:
    """Return where the output is above `level`, f(0), on `share` of the plane."""
    if falls(neuron) is False or _plain(neuron.activation) in _BENT:
        return f"On one side of it, {share}, z is above 0 and the output above {level}."
    return f"The output is above {level} on {share}, which need not be one side of that line."


def line_words(neuron: Neuron) -> str:
    """Return what one such neuron can tell apart."""
    found = falls(neuron)
    if found is False:
        return "One neuron can tell apart only what one straight line can."
    if found:
        return (
            f"Since {neuron.activation} both rises and falls, one such neuron can tell apart what no single "
            "straight line can."
        )
    return (
        f"Whether {neuron.activation} ever falls isn't known here; only if it never does, one such neuron "
        "can tell apart no more than one straight line can."
    )


def _seen_falling(neuron: Neuron) -> bool:
    """Return whether the outputs fall, by more than rounding, as z rises over the curve drawn."""
    values = neuron.curve[1]
    return bool((np.diff(values) < -1e-9 * max(1.0, float(np.abs(values).max()))).any())


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
