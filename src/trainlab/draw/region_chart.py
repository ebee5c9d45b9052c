"""A map of a plane: which of a few outcomes holds where, as coloured regions with names in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from trainlab.errors import TrainlabError

from .formats import format_number, format_percent
from .frame import legend
from .heat_data import HeatAxis, Plane, Spot, plane, sampled
from .heat_frame import Frame, cells, crisp, frame, key_entries, spots
from .marks import cell
from .picture import Picture, compose
from .svg import SMALL, element, escape, paint, text_width

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
        rows=[
            [float(a), float(b), names[int(drawn.values[i, j])]]
            for i, b in enumerate(drawn.y)
            for j, a in enumerate(drawn.x)
        ],
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
