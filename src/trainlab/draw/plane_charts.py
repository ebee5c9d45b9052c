"""A plane as regions with borders, and in characters of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw.axes import Scale, axis_label, legend, tick_labels
from trainlab.draw.formats import format_number, format_percent
from trainlab.draw.heat_charts import (
    Frame,
    HeatAxis,
    Plane,
    Spot,
    cell_scale,
    cells,
    crisp,
    frame,
    key_entries,
    plane,
    sampled,
    spots,
)
from trainlab.draw.palette import TERMINAL
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import SMALL, cell, element, escape, paint, text_width
from trainlab.errors import TrainlabError

if TYPE_CHECKING:
    from rich.text import Text


# Contours: the lines along which a grid of values has a given level.


Floats = npt.NDArray[np.float64]


def contour_lines(values: Floats, level: float) -> list[Floats]:
    """Return the lines along which `values` ``[rows, columns]`` are `level`.

    Each line is ``[points, 2]``: column and row, between 0 and their numbers − 1; a closed one ends where it
    begins. Between neighbours values are linear; where one is NaN there is no line.

    Raises:
        TrainlabError: `values` isn't a grid of at least two rows and columns.
    """
    if values.ndim != 2 or min(values.shape) < 2:
        raise TrainlabError(
            f"values: an array of shape {list(values.shape)}; contours need two rows and columns or more."
        )
    from contourpy import LineType, contour_generator

    masked = np.ma.masked_invalid(values)
    # Without corner_mask a square with one unknown corner would get half a line.
    found = contour_generator(z=masked, corner_mask=False, name="serial", line_type=LineType.Separate)
    return [np.asarray(line, dtype=np.float64) for line in found.lines(level)]


# A map of a plane: which of a few outcomes holds where, as coloured regions with names in them.


_CLEAR: Final = 15.0
"""How far names keep from markers, in units of the picture."""

Bools = npt.NDArray[np.bool_]


def region_map(
    x: HeatAxis,
    y: HeatAxis,
    codes: npt.ArrayLike,
    *,
    names: Sequence[str],
    roles: Sequence[str],
    title: str,
    places: Sequence[Spot] = (),
) -> Picture:
    """Draw ``codes[y, x]``, indices into `names`, each in the colour of its palette role.

    Raises:
        TrainlabError: if the axes aren't ascending, the codes don't fit them, or a code has no name or role.
    """
    drawn = plane(x, y, codes)
    known = np.unique(drawn.values)
    if len(roles) != len(names) or not np.isin(known, np.arange(len(names))).all():
        raise TrainlabError(
            f"codes: {known.tolist()} for {len(names)} names and {len(roles)} roles; "
            "give whole numbers from 0, and a name and a role for each."
        )
    laid = frame(drawn)
    masks = [drawn.values == code for code in range(len(names))]
    free = _free(laid, places)
    swatches = [
        (cell(3, -5, 16, 10, role=role), f"{name} ({format_percent(int(mask.sum()), mask.size)} %)")
        for name, role, mask in zip(names, roles, masks, strict=True)
    ]
    key, taken = legend([*swatches, *key_entries((), places)], y=laid.bottom + 44)
    return compose(
        "".join(
            [
                laid.axes,
                crisp([cells(laid, mask, role=role) for mask, role in zip(masks, roles, strict=True)]),
                *(_name(laid, mask & free, name) for mask, name in zip(masks, names, strict=True)),
                spots(laid, places),
                key,
            ]
        ),
        height=laid.bottom + 44 + taken,
        title=title,
        summary=_summary(drawn, names, masks),
        details=_in_words(drawn, names),
        notes=drawn.notes,
        headers=[x.label, y.label, "what holds"],
        rows=drawn.rows(lambda code: names[int(code)]),
    )


def _free(laid: Frame, places: Sequence[Spot]) -> Bools:
    """Return the cells ``[y, x]`` where a name may go: none near a marker."""
    x, y = (laid.x_edges[:-1] + laid.x_edges[1:]) / 2, (laid.y_edges[:-1] + laid.y_edges[1:]) / 2
    free = np.ones((len(y), len(x)), dtype=np.bool_)
    for spot in places:
        near_x, near_y = np.abs(x - laid.x(spot.x)) < _CLEAR, np.abs(y - laid.y(spot.y)) < _CLEAR
        free &= ~(near_y[:, None] & near_x)
    return free


def _name(laid: Frame, mask: Bools, name: str) -> str:
    """Return the name of a region at its deepest point, if there is room for it."""
    row, column, depth = _deepest(mask)
    if not depth:
        return ""
    x = float(laid.x_edges[column] + laid.x_edges[column + 1]) / 2
    y = float(laid.y_edges[row] + laid.y_edges[row + 1]) / 2
    left, right = column, column
    while left > 0 and mask[row, left - 1]:
        left -= 1
    while right < mask.shape[1] - 1 and mask[row, right + 1]:
        right += 1
    half = text_width(name, SMALL) / 2 + 3
    low, high = float(laid.x_edges[left]) + half, float(laid.x_edges[right + 1]) - half
    if low > high:
        return ""
    halo = {"paint_order": "stroke", "stroke_width": 3.0, "stroke_linejoin": "round"}
    return element(
        "text",
        escape(name),
        x=min(max(x, low), high),
        y=y + 4,
        text_anchor="middle",
        font_size=SMALL,
        **halo,
        **paint(fill="text", stroke="bg"),
    )


def _deepest(mask: Bools) -> tuple[int, int, int]:
    """Return row, column and depth of the cell furthest from anything else, in cells; depth 0 is none."""
    left, row, column, depth = mask.copy(), 0, 0, 0
    while left.any():
        depth += 1
        places = np.argwhere(left)
        row, column = (int(place) for place in places[len(places) // 2])
        padded = np.pad(left, 1, constant_values=False)
        left = left & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return row, column, depth


def _summary(drawn: Plane, names: Sequence[str], masks: Sequence[Bools]) -> str:
    rows, columns = drawn.values.shape
    shares = ", ".join(
        f"{name} {format_percent(int(mask.sum()), mask.size)} %"
        for name, mask in zip(names, masks, strict=True)
    )
    return f"{columns} values of {drawn.across.label} by {rows} of {drawn.up.label}: {shares}."


def _in_words(drawn: Plane, names: Sequence[str]) -> list[str]:
    """Return a line for each of a few rows: which outcome holds from where to where."""
    lines: list[str] = []
    for row in sampled(len(drawn.y))[::-1]:
        told: list[str] = []
        for code, places in groupby(range(len(drawn.x)), key=lambda j, row=row: int(drawn.values[row, j])):
            held = list(places)
            first, last = (format_number(float(drawn.x[j])) for j in (held[0], held[-1]))
            told.append(f"{names[code]} {f'at {first}' if first == last else f'from {first} to {last}'}")
        at = f"{drawn.up.label} {format_number(float(drawn.y[row]))}, by {drawn.across.label}"
        lines.append(f"{at}: {', '.join(told)}.")
    return lines


# A map of a plane in characters: each shows two points, one above the other, or is one glyph.


_WIDE: Final = 64
"""The columns that a map is stretched or cut down to."""
_HALF: Final = "▀"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shade:
    """How a code is shown: a colour (``#rrggbb``), a glyph if there are no colours, and words for the key."""

    colour: str
    glyph: str
    words: str = ""


def heat_text(
    x: HeatAxis,
    y: HeatAxis,
    codes: npt.NDArray[np.int64],
    shades: Sequence[Shade],
    *,
    width: int,
    coloured: bool,
    most: int = _WIDE,
) -> Text:
    """Return ``codes[y, x]``, places among `shades`, as lines of at most `width` characters with both axes.

    The plane itself has at most `most` lines; axes and key are four more, five where points are left out.

    Raises:
        TrainlabError: if the axes aren't ascending or the codes don't fit them.
    """
    from rich.text import Text

    drawn = plane(x, y, codes)
    labels = _labels(cell_scale(drawn.y, y.log, 0, 1))
    left = max((len(words) for _, words in labels), default=0)
    columns = _columns(len(drawn.x), max(8, min(_WIDE, width - left - 3)))
    across = _places(len(drawn.x), columns)
    # A colour cell shows two points, one above the other; a glyph shows one.
    each = 2 if coloured else 1
    lines = _lines(len(drawn.y), across=len(drawn.x), columns=columns)
    if lines > most:
        lines = math.ceil(_columns(len(drawn.y), each * most) / each)
    up = _places(len(drawn.y), each * lines)[::-1]
    pixels = drawn.values.astype(np.int64)[np.ix_(up, across)]
    text = Text(no_wrap=True)
    text.append(f"{' ' * (left + 1)}{axis_label(y.label, log=y.log)}\n")
    named = {_row(share, lines): words for share, words in labels}
    for row in range(lines):
        text.append(f"{named.get(row, ''):>{left}} ", style=TERMINAL["muted"])
        text.append("┤" if row in named else "│", style=TERMINAL["muted"])
        _append_row(text, pixels[each * row : each * (row + 1)], shades)
        text.append("\n")
    for line in _below(cell_scale(drawn.x, x.log, 0, 1), columns):
        text.append(f"{' ' * (left + 1)}{line}\n", style=TERMINAL["muted"])
    text.append(f"{' ' * (left + 2)}{axis_label(x.label, log=x.log).center(columns).rstrip()}\n")
    text.append(_key(shades, left + 2, coloured=coloured))
    shown, points = (len(np.unique(up)), len(np.unique(across))), (len(drawn.y), len(drawn.x))
    if shown != points:
        text.append(
            f"\n{' ' * (left + 2)}{shown[0]} of {points[0]} rows, {shown[1]} of {points[1]} columns shown"
        )
    return text


def _append_row(text: Text, pixels: npt.NDArray[np.int64], shades: Sequence[Shade]) -> None:
    """Append a line: of two rows of points, coloured halves; of one, a glyph each."""
    for column in pixels.T.tolist():
        if len(column) == 2:
            upper, lower = (shades[int(place)].colour for place in column)
            text.append(_HALF, style=f"{upper} on {lower}")
        else:
            text.append(shades[int(column[0])].glyph)


def _places(count: int, wanted: int) -> npt.NDArray[np.intp]:
    """Return which of `count` points goes into each of `wanted` positions, spread evenly."""
    return ((np.arange(wanted) + 0.5) * count / wanted).astype(np.intp)


def _columns(count: int, room: int) -> int:
    """Return how many columns to draw: each point equally often, or fewer points if there is no room."""
    return count * (room // count) if count <= room else room


def _lines(count: int, *, across: int, columns: int) -> int:
    """Return how many lines to draw, stretched like the columns: a line is as high as two are wide."""
    wanted = min(_WIDE, max(2, round(count * columns / across)))
    return (wanted + 1) // 2


def _labels(scale: Scale) -> list[tuple[float, str]]:
    """Return the ticks as shares of the axis, with their labels."""
    ticks = scale.ticks(6)
    return [
        (scale(tick), words) for tick, words in zip(ticks, tick_labels(ticks, log=scale.log), strict=True)
    ]


def _row(share: float, lines: int) -> int:
    return min(lines - 1, max(0, int((1 - share) * lines)))


def _below(scale: Scale, width: int) -> tuple[str, str]:
    """Return the line under the plane with its ticks, and the line of their labels."""
    axis, names = ["─"] * width, [" "] * (width + 12)
    free = 0
    for share, words in _labels(scale):
        place = min(width - 1, max(0, int(share * width)))
        start = max(0, place - len(words) // 2)
        if start >= free:
            axis[place] = "┬"
            names[start : start + len(words)] = list(words)
            free = start + len(words) + 2
    return f"└{''.join(axis)}", f" {''.join(names).rstrip()}"


def _key(shades: Sequence[Shade], indent: int, *, coloured: bool) -> Text:
    from rich.text import Text

    text = Text(" " * indent, no_wrap=True)
    for shade in shades:
        if shade.words:
            sample = ("██", shade.colour) if coloured else (shade.glyph * 2, "")
            text.append(*sample).append(f" {shade.words}   ")
    return text
