"""A trained network as nodes and links: what it learnt, weight by weight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np

from .axes import FloatArray
from .formats import format_number
from .frame import legend
from .marks import line
from .network_data import Biases, Weights, checked_network, in_words, parameter_count, rows_of, source
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, short, text, tooltip

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
        _captions(widths, nodes, height),
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


def _captions(widths: Sequence[int], nodes: Sequence[Sequence[_Node]], height: float) -> str:
    last = len(widths) - 1
    names = {0: "inputs" if widths[0] > 1 else "input", last: "outputs" if widths[last] > 1 else "output"}
    drawn = [
        text(
            nodes[place][0][0],
            height + 8,
            names.get(place, str(place)),
            anchor="middle",
            size=SMALL,
            role="muted",
        )
        for place in range(last + 1)
        if place in names or last <= 16
    ]
    return "".join(drawn)


def sign_entries(arrays: Sequence[FloatArray]) -> list[tuple[str, str]]:
    """Return the legend's entries for the signs that occur."""

    def swatch(role: str) -> str:
        return line(
            np.array([[0.0, 0.0], [22.0, 0.0]]),
            role=role,
            dashes=sign_dashes(role).get("stroke_dasharray", ""),
        )

    entries = [(swatch("s1"), "positive"), (swatch("s2"), "negative")]
    if any((~np.isfinite(array) | (array == 0)).any() for array in arrays):
        entries.append((swatch("neutral"), "zero or not finite"))
    return entries
