"""A map of a plane in characters: each shows two points, one above the other, or is one glyph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from .axes import FloatArray, Scale, axis_label, tick_labels
from .heat_data import HeatAxis, plane
from .palette import TERMINAL

if TYPE_CHECKING:
    from rich.text import Text

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
    labels = _labels(_scale(drawn.y, y.log))
    left = max((len(words) for _, words in labels), default=0)
    columns = _columns(len(drawn.x), max(8, min(_WIDE, width - left - 3)))
    across = _places(len(drawn.x), columns)
    # A colour cell shows two points, one above the other; a glyph shows one.
    each = 2 if coloured else 1
    lines = _lines(len(drawn.y), across=len(drawn.x), columns=columns)
    if lines > most:
        lines = _columns(len(drawn.y), each * most) // each
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
    for line in _below(_scale(drawn.x, x.log), columns):
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


def _scale(values: FloatArray, log: bool) -> Scale:
    room = 0.5 / len(values)
    return Scale(low=float(values[0]), high=float(values[-1]), start=room, end=1 - room, log=log)


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
