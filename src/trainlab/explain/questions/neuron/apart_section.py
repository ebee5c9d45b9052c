"""The sections on one neuron: its sum and activation, its place in the input plane, the check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import Cell, Part, contributions, counted, format_number, format_percent, tangent
from trainlab.explain.explanation import Section, Table, paragraphs
from trainlab.explain.questions.neuron.apart import Neuron, output_words, point_words, slope_words
from trainlab.explain.questions.neuron.plane import PlaneView, line_formula, plane_picture, plane_view
from trainlab.explain.questions.neuron.rising import line_words, side_words
from trainlab.explain.subject.network import Array

MOST_ROWS: Final = 24
"""Of a neuron with more inputs the table has the largest parts; `numbers` has all."""

MOST_DRAWN: Final = 1000
"""Of more data points so many are listed."""


def apart_section(neuron: Neuron, *, where: str) -> Section:
    """Return the neuron as a table and two pictures; `where` says which network, weights and input."""
    number = format_number
    triples = _triples(neuron)
    parts = [
        Part(label=source, value=product, how=f"{number(w)} × {number(x)}")
        for source, w, x, product in triples
    ]
    parts += [] if neuron.bias is None else [Part(label="bias", value=neuron.bias)]
    grid, values = neuron.curve
    return Section(
        name="apart",
        heading="The neuron taken apart",
        text=paragraphs(
            f"{where} It adds up weight × input over {counted(len(triples), 'input')}"
            f"{' and its bias' if neuron.bias is not None else ', without a bias'}: z = "
            f"{number(neuron.sum)}. "
            f"{output_words(neuron)}",
            slope_words(neuron),
        ),
        pictures=(
            contributions(
                parts,
                total=neuron.sum,
                total_label="sum z",
                x_label="sum so far",
                title=f"What adds up to z in unit {neuron.unit} of {neuron.place}",
            ),
            tangent(
                grid,
                values,
                at=(neuron.sum, neuron.output),
                slope=neuron.slope,
                name=neuron.activation,
                x_label="sum z",
                y_label="output f(z)",
                title=f"What the activation makes of z = {number(neuron.sum)}",
            ),
        ),
        tables=(apart_table(neuron, most=MOST_ROWS),),
    )


def apart_table(neuron: Neuron, *, most: int) -> Table:
    """Return what each input adds to the sum, the bias, the sum and the output; at most so many inputs."""
    rows: list[list[Cell]] = [
        [source, w, x, product, float(g)]
        for (source, w, x, product), g in zip(_triples(neuron), neuron.gradient, strict=True)
    ]
    ends: list[list[Cell]] = (
        [["bias", neuron.bias, 1, neuron.bias, neuron.slope]] if neuron.bias is not None else []
    )
    ends.append(["sum z", None, None, neuron.sum, None])
    ends.append([f"output {_function(neuron)}", None, None, neuron.output, None])
    few = len(rows) <= most
    return Table(
        title=f"Unit {neuron.unit} of {neuron.place}"
        f"{'' if few else f': the {most} largest of {len(rows):,} parts'}",
        headers=["from", "weight", "input", "weight × input", "change of output by weight"],
        rows=[*(rows if few else sorted(rows, key=lambda row: -abs(float(row[3] or 0.0)))[:most]), *ends],
        shown=most + 3,
    )


def _triples(neuron: Neuron) -> list[tuple[str, float, float, float]]:
    """Return source, weight, input and product of each input."""
    products = neuron.products.tolist()
    return list(zip(neuron.sources, neuron.weights.tolist(), neuron.inputs.tolist(), products, strict=True))


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


def check_section(difference: float | None) -> Section:
    """Return how far the neuron's numbers are from autograd's."""
    words = (
        "torch isn't installed, so these numbers weren't compared with autograd; "
        "pip install 'trainlab[torch]' and ask again."
        if difference is None
        else "Sum, output, slope and the change by each weight, computed again by torch's autograd in "
        f"float64: the largest difference is {format_number(difference)}."
    )
    return Section(name="check", heading="Checked against autograd", text=(words,))


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


def _function(neuron: Neuron) -> str:
    return "z" if neuron.activation == "linear" else f"{neuron.activation}(z)"
