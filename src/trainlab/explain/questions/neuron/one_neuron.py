"""One neuron taken apart: its sum, its activation, its line; and the same numbers by autograd.

z = Σ wᵢxᵢ + b and a = f(z); the slope f′(z) says how much of a small change of z reaches a, and the change
of a by a weight is ∂a/∂wᵢ = f′(z) xᵢ (Rumelhart, Hinton & Williams, Nature 323, 1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import (
    Cell,
    Contour,
    HeatAxis,
    HeatScale,
    Part,
    Picture,
    Spot,
    contributions,
    counted,
    format_number,
    format_percent,
    heat_map,
)
from trainlab.draw.svg import Shape
from trainlab.engine.network_pass import Array, Layer, LayerPass
from trainlab.explain.module_copy import torch_or_none
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import pick
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neuron:
    """A neuron at one input: ``inputs [n]``, ``weights [n]``, the bias or None, and what comes of them.

    `layer` and `unit` count from 1; `place` names the layer. `sources` name its inputs.
    """

    layer: int
    unit: int
    place: str
    activation: str
    formula: str
    sources: tuple[str, ...]
    inputs: Array
    weights: Array
    bias: float | None
    sum: float
    output: float
    slope: float

    @property
    def products(self) -> Array:
        """What each input adds to the sum, wᵢxᵢ ``[n]``."""
        return self.weights * self.inputs

    @property
    def gradient(self) -> Array:
        """How the output changes with each weight, ∂a/∂wᵢ = f′(z) xᵢ ``[n]``."""
        return self.slope * self.inputs

    def to_dict(self) -> dict[str, Any]:
        """Return the neuron ready for JSON."""
        arrays = (self.inputs, self.weights, self.products, self.gradient)
        contributions = zip(self.sources, *(each.tolist() for each in arrays), strict=True)
        return {
            **pick(self, "layer unit place activation formula"),
            "contributions": [
                dict(zip(("source", "input", "weight", "product", "gradient"), each, strict=True))
                for each in contributions
            ],
            **pick(self, "bias sum output slope"),
        }


def taken_apart(
    layers: Sequence[Layer], passes: Sequence[LayerPass], *, layer: int, unit: int, names: Sequence[str]
) -> Neuron:
    """Return unit `unit` of layer `layer`, both from 1, at the first example of the passes.

    `names` are those of the network's inputs.
    """
    at, passed = layers[layer - 1], passes[layer - 1]
    activation = ACTIVATIONS[at.activation]
    sums = passed.sums[:1]
    chosen = np.zeros_like(sums)
    chosen[0, unit - 1] = 1.0
    sources = names if layer == 1 else unit_names(layer - 1, at.weight.shape[1])
    return Neuron(
        layer=layer,
        unit=unit,
        place=f"layer {layer}",
        activation=at.activation,
        formula=activation.formula,
        sources=tuple(sources),
        inputs=passed.inputs[0].copy(),
        weights=at.weight[unit - 1].copy(),
        bias=None if at.bias is None else float(at.bias[unit - 1]),
        sum=float(sums[0, unit - 1]),
        output=float(passed.outputs[0, unit - 1]),
        slope=float(activation.backward(sums, chosen)[0, unit - 1]),
    )


def unit_names(layer: int, units: int) -> list[str]:
    """Return the names of a layer's units as inputs of the next."""
    return [f"unit {unit} of layer {layer}" for unit in range(1, units + 1)]


def input_names(features: int, given: Sequence[str]) -> list[str]:
    """Return the names of a task's inputs: its own, or x₁, x₂, …"""
    subscripts = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return list(given) or [f"x{str(place).translate(subscripts)}" for place in range(1, features + 1)]


def point_words(point: Array) -> str:
    """Return an input as ``(0, 1)``; of a long one the beginning."""
    shown = [format_number(float(value)) for value in point[:6]]
    return f"({', '.join(shown)}{', …' if len(point) > 6 else ''})"


def slope_words(neuron: Neuron) -> str:
    """Return what the slope means."""
    slope = neuron.slope
    if neuron.activation == "linear":
        return (
            "There is no activation: the sum is passed on unchanged, and so is every change of it (slope 1)."
        )
    number = format_number(slope)
    if slope == 0:
        return (
            "Its slope there is 0: no small change of a weight or input gets through, and nothing can be "
            "learnt from this point."
        )
    if abs(slope) < 0.05:
        return (
            f"Its slope there is {number}: the activation is nearly flat (saturated), and of a small "
            "change of the sum "
            f"only {format_number(100 * abs(slope))} % gets through."
        )
    if math.isclose(slope, 1.0, rel_tol=1e-3):
        return f"Its slope there is {number}: a small change of the sum gets through in full."
    return (
        f"Its slope there is {number}: a small change of the sum reaches the output {number} times as large."
    )


# The section on one neuron taken apart: its sum and its activation.


MOST_ROWS: Final = 24
"""Of a neuron with more inputs the table has the largest parts; `numbers` has all."""


def apart_section(neuron: Neuron, *, where: str) -> Section:
    """Return the neuron as a table and a picture; `where` says which network, weights and input."""
    number = format_number
    triples = _triples(neuron)
    parts = [
        Part(label=source, value=product, how=f"{number(w)} × {number(x)}")
        for source, w, x, product in triples
    ]
    parts += [] if neuron.bias is None else [Part(label="bias", value=neuron.bias)]
    return Section(
        name="apart",
        heading="The neuron taken apart",
        text=paragraphs(
            f"{where} It adds up weight × input over {counted(len(triples), 'input')}"
            f"{' and its bias' if neuron.bias is not None else ', without a bias'}: z = "
            f"{number(neuron.sum)}. Its activation, {neuron.formula}, turns that into "
            f"{number(neuron.output)}.",
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


def _function(neuron: Neuron) -> str:
    return "z" if neuron.activation == "linear" else f"{neuron.activation}(z)"


# A neuron's numbers held against those of torch's autograd, in float64, and the section that says so.


def autograd_difference(
    experiment: Experiment, layers: Sequence[Layer], point: Array, neuron: Neuron
) -> float | None:
    """Return the largest difference of sum, output, slope and ∂a/∂w to autograd's; None without torch."""
    torch = torch_or_none()
    if torch is None:
        return None
    from trainlab.engine.reference import build_module

    module = build_module(torch, experiment, 0, "float64")
    linears = list(module)[::2]
    with torch.no_grad():
        for linear, layer in zip(linears, layers, strict=True):
            linear.weight.copy_(torch.from_numpy(layer.weight))
            if layer.bias is not None:
                linear.bias.copy_(torch.from_numpy(layer.bias))
    values = torch.from_numpy(point.copy())[None]
    parts = list(module)[: 2 * neuron.layer]
    for part in parts[:-1]:
        values = part(values)
    values.retain_grad()
    output = parts[-1](values)[0, neuron.unit - 1]
    output.backward()
    chosen = neuron.unit - 1
    slope, gradient = values.grad, linears[neuron.layer - 1].weight.grad
    assert slope is not None
    assert gradient is not None
    return max(
        abs(float(values[0, chosen].detach()) - neuron.sum),
        abs(float(output.detach()) - neuron.output),
        abs(float(slope[0, chosen]) - neuron.slope),
        float(np.abs(gradient[chosen].numpy() - neuron.gradient).max()),
    )


def check_section(difference: float | None) -> Section:
    """Return how far the neuron's numbers are from autograd's."""
    words = (
        "torch isn't installed, so these numbers weren't compared with autograd."
        if difference is None
        else "Sum, output, slope and the change by each weight, computed again by torch's autograd in "
        f"float64: the largest difference is {format_number(difference)}."
    )
    return Section(name="check", heading="Checked against autograd", text=(words,))


# A neuron of the first layer over the plane of two inputs: where it is on, and the line between.


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


# The section on where a neuron is on in the space of its inputs, and what such a border can tell apart.


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
