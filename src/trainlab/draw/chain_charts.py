"""The chain rule as pictures: values of a network's nodes, and the factors of a path."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

import numpy as np

from trainlab.draw.axes import legend, swatch
from trainlab.draw.formats import counted, format_number
from trainlab.draw.network_chart import (
    captions,
    checked_network,
    link_width,
    sign_dashes,
    sign_entries,
    sign_role,
    source,
)
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import (
    SIZE,
    SMALL,
    WIDTH,
    FloatArray,
    caption,
    element,
    fit,
    group,
    paint,
    rule,
    short,
    text,
    text_width,
    tooltip,
)
from trainlab.draw.table import Cell
from trainlab.errors import TrainlabError

# A small network with numbers in its units: what each computed, or what came back to it.


MOST_UNITS: Final = 8
MOST_COLUMNS: Final = 5
_BOX: Final = 64.0
_LINE: Final = 15.0
_GAP: Final = 14.0

Values: TypeAlias = Sequence[Sequence[Sequence[tuple[str, float]]]]
"""``values[column][unit]``: the one or two names and numbers in a unit; column 0 are the inputs."""
NodeLink: TypeAlias = tuple[int, int, int]
"""Layer, unit out, unit in, all from 0."""
_Node: TypeAlias = tuple[float, float]


def can_show_values(widths: Sequence[int]) -> bool:
    """Return whether a network is small enough for numbers in its units: 5 columns of 8 units at most."""
    return len(widths) <= MOST_COLUMNS and max(widths) <= MOST_UNITS


def value_graph(
    widths: Sequence[int],
    weights: Sequence[FloatArray],
    values: Values,
    *,
    title: str,
    marked: Collection[NodeLink] = (),
    marked_label: str = "",
) -> Picture:
    """Draw a network from inputs to outputs with `values` in its units and its weights as links.

    ``weights[l]`` is ``[widths[l + 1], widths[l]]``; links look as in `network_graph`, those `marked` in a
    hue of their own.

    Raises:
        TrainlabError: if the network is too large for numbers, or the shapes don't fit the widths.
    """
    if not can_show_values(widths):
        raise TrainlabError(
            f"widths: {list(widths)}; numbers fit into at most {MOST_COLUMNS} columns of {MOST_UNITS} units."
        )
    arrays, _ = checked_network(widths, weights, [None] * len(weights))
    if [len(column) for column in values] != list(widths):
        raise TrainlabError(
            f"values: {[len(column) for column in values]} units in the columns; the widths need "
            f"{list(widths)}."
        )
    lines = max(len(unit) for column in values for unit in column)
    nodes, height = _layout(widths, _LINE * lines + 6)
    largest = max((float(np.abs(a[np.isfinite(a)]).max(initial=0.0)) for a in arrays), default=0.0)
    key, taken = legend(_entries(arrays, marked_label if marked else ""), y=height + 20)
    boxes = (
        _box(place, unit, nodes[place][unit], values[place][unit])
        for place in range(len(widths))
        for unit in range(widths[place])
    )
    return compose(
        "".join(
            [
                _links(arrays, nodes, largest, marked),
                *boxes,
                captions(widths, nodes, height + 10, "layer "),
                key,
            ]
        ),
        height=height + 20 + taken,
        title=title,
        summary=f"Network {'-'.join(map(str, widths))} with numbers in its units.",
        details=[_in_words(place, column) for place, column in enumerate(values)],
        notes=[f"Units count from the top. Thickest line: a weight of ±{format_number(largest)}."],
        headers=["Layer", "Unit", "What", "Value"],
        rows=_rows(values),
    )


def _layout(widths: Sequence[int], box: float) -> tuple[list[list[_Node]], float]:
    """Return the middles of the units, column by column, and the lower edge."""
    left, right = 8 + _BOX / 2, WIDTH - 8 - _BOX / 2
    height = max(widths) * (box + _GAP)
    step = (right - left) / (len(widths) - 1)
    return [
        [(left + step * place, height / 2 + (box + _GAP) * (unit - (count - 1) / 2)) for unit in range(count)]
        for place, count in enumerate(widths)
    ], height


def _links(
    arrays: Sequence[FloatArray],
    nodes: Sequence[Sequence[_Node]],
    largest: float,
    marked: Collection[NodeLink],
) -> str:
    """Return the links, the marked ones above the others."""
    plain: list[str] = []
    above: list[str] = []
    for layer, array in enumerate(arrays):
        for out, into in product(range(array.shape[0]), range(array.shape[1])):
            value = float(array[out, into])
            (x1, y1), (x2, y2) = nodes[layer][into], nodes[layer + 1][out]
            words = f"Layer {layer + 1}, unit {out + 1} from {source(layer, into)}: {format_number(value)}"
            role, chosen = sign_role(value), (layer, out, into) in marked
            link = element(
                "path",
                tooltip(words),
                d=f"M{short(x1)} {short(y1)}L{short(x2)} {short(y2)}",
                stroke_width=max(link_width(value, largest), 2.0 if chosen else 0.0),
                **sign_dashes(role),
                **paint(fill="none", stroke="s3" if chosen else role),
            )
            (above if chosen else plain).append(link)
    return group([*plain, *above])


def _box(place: int, unit: int, middle: _Node, numbers: Sequence[tuple[str, float]]) -> str:
    x, y = middle
    height = _LINE * len(numbers) + 6
    words = "; ".join(f"{name} = {format_number(value, digits=6)}" for name, value in numbers)
    frame = element(
        "rect",
        tooltip(f"{_column(place)}, {unit + 1}: {words}"),
        x=x - _BOX / 2,
        y=y - height / 2,
        width=_BOX,
        height=height,
        rx=6.0,
        stroke_width=1.2,
        **paint(fill="bg", stroke="muted"),
    )
    shown = [
        text(
            x,
            y - height / 2 + _LINE * (row + 1) - 1,
            fit(_number(name, value), _BOX - 2, SMALL),
            anchor="middle",
            size=SMALL,
            role="" if row == len(numbers) - 1 else "muted",
        )
        for row, (name, value) in enumerate(numbers)
    ]
    return frame + "".join(shown)


def _number(name: str, value: float) -> str:
    """Return name and number, or the number alone if there is no room for both."""
    number = format_number(value, digits=3)
    words = f"{name} {number}"
    if text_width(words, SMALL) <= _BOX - 2:
        return words
    short_number = format_number(value, digits=2)
    words = f"{name} {short_number}"
    return words if text_width(words, SMALL) <= _BOX - 2 else short_number


def _column(place: int) -> str:
    return "Input" if place == 0 else f"Layer {place}, unit"


def _entries(arrays: Sequence[FloatArray], marked: str) -> list[tuple[str, str]]:
    entries = sign_entries(arrays)
    if marked:
        entries.append((swatch("s3", width=2.6), marked))
    return entries


def _in_words(place: int, column: Sequence[Sequence[tuple[str, float]]]) -> str:
    name = "Inputs" if place == 0 else f"Layer {place}"
    units = [", ".join(f"{what} {format_number(value)}" for what, value in unit) for unit in column]
    return f"{name}: {'; '.join(units)}."


def _rows(values: Values) -> list[list[Cell]]:
    return [
        [place, unit + 1, what, value]
        for place, column in enumerate(values)
        for unit, numbers in enumerate(column)
        for what, value in numbers
    ]


# Boxes in sequence, over several lines: the way from an input to a loss, or layers as declared.


_CHAIN_BOX: Final = 42.0
_CHAIN_GAP: Final = 24.0
_MOST: Final = 240.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A box: its name, a remark, and whether something is wrong there."""

    label: str
    note: str = ""
    wrong: bool = False


def chain(links: Sequence[Link], *, title: str, arrows: bool = True) -> Picture:
    """Draw the boxes from left to right, line after line; wrong ones have a dashed double edge and a ✗.

    `arrows` says that each leads to the next.
    """
    drawn: list[str] = []
    x, y = 8.0, 4.0
    for place, link in enumerate(links):
        width = _width(link)
        if x > 8 and x + width > WIDTH - 8:
            x, y = 8.0, y + _CHAIN_BOX + 16
        drawn.append(_chain_box(link, x, y, width))
        if arrows and place < len(links) - 1:
            drawn.append(_arrow(x + width + 3, y + _CHAIN_BOX / 2))
        x += width + _CHAIN_GAP
    wrong = [link.label for link in links if link.wrong]
    return compose(
        "".join(drawn),
        height=y + _CHAIN_BOX + 8,
        title=title,
        summary=f"{counted(len(links), 'box')[:-1]}es" if len(links) != 1 else "1 box",
        details=[
            f"{link.label}{f' ({link.note})' if link.note else ''}{': wrong' if link.wrong else ''}."
            for link in links
        ],
        notes=[f"✗ marks where it goes wrong: {', '.join(wrong)}."] if wrong else [],
        headers=["Box", "Note", "Wrong"],
        rows=[[link.label, link.note, link.wrong] for link in links],
    )


def _width(link: Link) -> float:
    words = max(text_width(_name(link)) * 1.08, text_width(link.note, SMALL))
    return min(max(words + 18, 56.0), _MOST)


def _name(link: Link) -> str:
    return f"✗ {link.label}" if link.wrong else link.label


def _chain_box(link: Link, x: float, y: float, width: float) -> str:
    role = "bad" if link.wrong else "muted"
    dashed: dict[str, str | float] = {"stroke_dasharray": "5 3"} if link.wrong else {}
    frame = element(
        "rect",
        x=x,
        y=y,
        width=width,
        height=_CHAIN_BOX,
        rx=6.0,
        stroke_width=2.4 if link.wrong else 1.2,
        **dashed,
        **paint(fill="bg", stroke=role),
    )
    middle = x + width / 2
    shown = [
        text(
            middle,
            y + (18 if link.note else 26),
            fit(_name(link), width - 8),
            anchor="middle",
            bold=link.wrong,
        ),
        caption(middle, y + 33, fit(link.note, width - 8, SMALL)) if link.note else "",
    ]
    return group([tooltip(f"{link.label} {link.note}".strip()), frame, *shown], font_size=SIZE)


def _arrow(x: float, y: float) -> str:
    end = x + _CHAIN_GAP - 8
    head = element(
        "path",
        d=f"M{end - 5:.1f} {y - 4:.1f}L{end:.1f} {y:.1f}L{end - 5:.1f} {y + 4:.1f}",
        stroke_width=1.4,
        **paint(fill="none", stroke="muted"),
    )
    return rule(x, y, end, y, width=1.4) + head
