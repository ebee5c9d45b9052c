"""A network as a picture: nodes, and links as thick as their weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np

from trainlab.draw.axes import legend, swatch
from trainlab.draw.formats import format_number
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import WIDTH, FloatArray, caption, element, group, paint, short, tooltip
from trainlab.draw.table import Cell
from trainlab.errors import TrainlabError

# The data of a picture of a network: checked weights, also in words and as rows of a table.


Weights: TypeAlias = Sequence[FloatArray]
Biases: TypeAlias = Sequence[FloatArray | None]


def checked_network(
    widths: Sequence[int], weights: Weights, biases: Biases
) -> tuple[list[FloatArray], list[FloatArray | None]]:
    """Return weights and biases as float arrays.

    Raises:
        TrainlabError: if the shapes don't fit the widths.
    """
    if len(widths) < 2 or min(widths) < 1:
        raise TrainlabError(f"widths: {list(widths)}; give at least two layers of at least one unit each.")
    for name, given in (("weights", weights), ("biases", biases)):
        if len(given) != len(widths) - 1:
            raise TrainlabError(
                f"{name}: {len(given)} entries for {len(widths)} widths; give one for each later layer."
            )
    arrays = [np.asarray(weight, dtype=np.float64) for weight in weights]
    offsets = [None if bias is None else np.asarray(bias, dtype=np.float64) for bias in biases]
    for place, (weight, bias) in enumerate(zip(arrays, offsets, strict=True)):
        if weight.shape != (widths[place + 1], widths[place]):
            raise TrainlabError(
                f"weights: layer {place + 1} has shape {weight.shape}; the widths {list(widths)} need "
                f"{(widths[place + 1], widths[place])} (units out, units in)."
            )
        if bias is not None and bias.shape != (widths[place + 1],):
            raise TrainlabError(
                f"biases: layer {place + 1} has shape {bias.shape}; the widths {list(widths)} need "
                f"{(widths[place + 1],)}, or None for no biases."
            )
    return arrays, offsets


def source(layer: int, unit: int) -> str:
    """Return the name of a unit, or input, that a link comes from."""
    return f"input {unit + 1}" if layer == 0 else f"layer {layer}, unit {unit + 1}"


def parameter_count(arrays: Sequence[FloatArray], offsets: Biases) -> int:
    """Return the number of all weights and biases."""
    return sum(array.size for array in arrays) + sum(bias.size for bias in offsets if bias is not None)


def in_words(place: int, weight: FloatArray, bias: FloatArray | None) -> str:
    """Return the numbers of one layer, or their range if they are more than 64."""
    if weight.size > 64:
        finite = weight[np.isfinite(weight)]
        ends = "none of them finite"
        if finite.size:
            ends = f"from {format_number(float(finite.min()))} to {format_number(float(finite.max()))}"
        offsets = f"{'no ' if bias is None else ''}biases"
        return f"Layer {place + 1}: {weight.size:,} weights, {ends}; {offsets}."
    units = [f"[{', '.join(format_number(float(value)) for value in unit)}]" for unit in weight]
    offsets = (
        "no biases" if bias is None else f"biases {', '.join(format_number(float(value)) for value in bias)}"
    )
    return f"Layer {place + 1}: weights into each unit {', '.join(units)}; {offsets}."


def rows_of(arrays: Sequence[FloatArray], offsets: Biases) -> list[list[Cell]]:
    """Return one row for each weight and each bias."""
    rows: list[list[Cell]] = []
    for layer, (weight, bias) in enumerate(zip(arrays, offsets, strict=True)):
        for out in range(weight.shape[0]):
            for into in range(weight.shape[1]):
                value = float(weight[out, into])
                rows.append([layer + 1, out + 1, source(layer, into), value])
            if bias is not None:
                rows.append([layer + 1, out + 1, "bias", float(bias[out])])
    return rows


# A trained network as nodes and links: what it learnt, weight by weight.


_UNITS: Final = 16
_LINKS: Final = 200
_DENSE: Final = 80
_THIN, _THICK = 0.7, 5.0

_Node: TypeAlias = tuple[float, float]


def network_graph(widths: Sequence[int], weights: Weights, biases: Biases, *, title: str) -> Picture:
    """Draw a network from its inputs at the left to its outputs at the right.

    ``weights[l]`` has shape [widths[l + 1], widths[l]], ``biases[l]`` has [widths[l + 1]] or is ``None``. A
    link is as thick as its weight is large; positive ones are solid, negative ones dashed and of another hue.
    The same holds for the ring of a unit and its bias. In a wide layer only the first 16 units are drawn, and
    of very many links only the largest; a note says so, and the data hold them all.

    Raises:
        TrainlabError: if the shapes don't fit the widths.
    """
    arrays, offsets = checked_network(widths, weights, biases)
    nodes, height = _layout(widths)
    radius = _radius(len(widths))
    largest = _largest([*arrays, *(bias for bias in offsets if bias is not None)])
    links, left_out = _links(arrays, nodes)
    # Where links are dense, thinner ones: `full` is the value of the thickest line there could be.
    full = largest if len(links) <= _DENSE else 2 * largest
    body = [
        _drawn_links(links, arrays, nodes, full),
        *(
            _layer(place, nodes[place], offsets[place - 1] if place else None, radius, full)
            for place in range(len(nodes))
        ),
        captions(widths, nodes, height + 8),
    ]
    key, taken = legend(sign_entries([*arrays, *(b for b in offsets if b is not None)]), y=height + 20)
    notes = [f"Thickest line: ±{format_number(largest)}. Rings of units: biases, in the same way."]
    if any(width > _UNITS for width in widths):
        notes.append(f"Of layers wider than {_UNITS} units, the first {_UNITS} are drawn.")
    if left_out:
        notes.append(f"Of the links, the {_LINKS} with the largest weights are drawn.")
    size = f"{parameter_count(arrays, offsets):,} weights and biases"
    return compose(
        "".join(body) + key,
        height=height + 20 + taken,
        title=title,
        summary=f"Network {'-'.join(map(str, widths))}, {size}.",
        details=[in_words(place, array, offsets[place]) for place, array in enumerate(arrays)],
        notes=notes,
        headers=["Layer", "To unit", "From", "Value"],
        rows=rows_of(arrays, offsets),
    )


def _radius(layers: int) -> float:
    return min(9.0, (WIDTH - 60) / max(layers - 1, 1) / 4.5)


def _layout(widths: Sequence[int]) -> tuple[list[list[_Node]], float]:
    """Return the positions of the drawn units, layer by layer, and the lower edge."""
    shown = [min(width, _UNITS) for width in widths]
    tallest = max(shown)
    height = max(64.0, min(200.0, 44.0 * (tallest - 1)), 21.0 * (tallest - 1)) + 44
    gaps = [min(64.0, (height - 44) / max(count - 1, 1)) for count in shown]
    left, right = 34.0, WIDTH - 34.0
    step = (right - left) / (len(widths) - 1)
    return [
        [(left + step * place, height / 2 + gaps[place] * (unit - (count - 1) / 2)) for unit in range(count)]
        for place, count in enumerate(shown)
    ], height


def _largest(arrays: Sequence[FloatArray]) -> float:
    sizes = [np.abs(array[np.isfinite(array)]) for array in arrays]
    return max((float(size.max()) for size in sizes if size.size), default=0.0)


def _links(
    arrays: Sequence[FloatArray], nodes: Sequence[Sequence[_Node]]
) -> tuple[list[tuple[int, int, int]], bool]:
    """Return (layer, out, in) of the links to draw, thin ones first so that thick ones lie above them."""
    every = [
        (layer, out, into)
        for layer in range(len(arrays))
        for out in range(len(nodes[layer + 1]))
        for into in range(len(nodes[layer]))
    ]
    every.sort(key=lambda link: _size(float(arrays[link[0]][link[1], link[2]])))
    return every[-_LINKS:], len(every) > _LINKS


def _size(value: float) -> float:
    return abs(value) if math.isfinite(value) else math.inf


def _drawn_links(
    links: Sequence[tuple[int, int, int]],
    arrays: Sequence[FloatArray],
    nodes: Sequence[Sequence[_Node]],
    full: float,
) -> str:
    """Return the links in the given order, neighbours of one sign in one group."""
    drawn: list[tuple[str, str]] = []
    for layer, out, into in links:
        value = float(arrays[layer][out, into])
        (x1, y1), (x2, y2) = nodes[layer][into], nodes[layer + 1][out]
        words = f"Layer {layer + 1}, unit {out + 1} from {source(layer, into)}: {format_number(value)}"
        path = f"M{short(x1)} {short(y1)}L{short(x2)} {short(y2)}"
        link = element("path", tooltip(words), d=path, stroke_width=link_width(value, full))
        drawn.append((sign_role(value), link))
    return "".join(
        group((link for _, link in same), **sign_dashes(role), **paint(fill="none", stroke=role))
        for role, same in groupby(drawn, key=lambda pair: pair[0])
    )


def sign_role(value: float) -> str:
    """Return the palette role of a number by its sign."""
    if not math.isfinite(value) or value == 0:
        return "neutral"
    return "s1" if value > 0 else "s2"


def sign_dashes(role: str) -> dict[str, str]:
    """Return the dash pattern that goes with a sign's role."""
    return {"s1": {}, "s2": {"stroke_dasharray": "5 3"}, "neutral": {"stroke_dasharray": "1 3"}}[role]


def link_width(value: float, full: float) -> float:
    """Return how thick a link is drawn; one of size `full` is the thickest."""
    if not math.isfinite(value) or full == 0:
        return _THIN
    return _THIN + (_THICK - _THIN) * abs(value) / full


def _layer(place: int, nodes: Sequence[_Node], bias: FloatArray | None, radius: float, full: float) -> str:
    drawn: list[str] = []
    for unit, (x, y) in enumerate(nodes):
        value = None if bias is None else float(bias[unit])
        role = "muted" if value is None else sign_role(value)
        name = source(place, unit) if place == 0 else f"Layer {place}, unit {unit + 1}"
        words = name if value is None else f"{name}: bias {format_number(value)}"
        ring = 1.0 if value is None else min(link_width(value, full), radius / 2)
        dashes = {} if value is None or value > 0 else {"stroke_dasharray": "3 2"}
        drawn.append(
            element(
                "circle",
                tooltip(words),
                cx=x,
                cy=y,
                r=radius,
                stroke_width=ring,
                **dashes,
                **paint(fill="bg", stroke=role),
            )
        )
    return "".join(drawn)


def captions(widths: Sequence[int], nodes: Sequence[Sequence[_Node]], y: float, of_layer: str = "") -> str:
    """Return the names of the columns below them; of very many, those of the first and the last alone."""
    last = len(widths) - 1
    names = {0: "inputs" if widths[0] > 1 else "input", last: "outputs" if widths[last] > 1 else "output"}
    return "".join(
        caption(column[0][0], y, names.get(place, f"{of_layer}{place}"))
        for place, column in enumerate(nodes)
        if place in names or last <= 16
    )


def sign_entries(arrays: Sequence[FloatArray]) -> list[tuple[str, str]]:
    """Return the legend's entries for the signs that occur."""
    kinds = [("s1", "positive"), ("s2", "negative")]
    if any((~np.isfinite(array) | (array == 0)).any() for array in arrays):
        kinds.append(("neutral", "zero or not finite"))
    return [
        (swatch(role, dashes=sign_dashes(role).get("stroke_dasharray", "")), words) for role, words in kinds
    ]
