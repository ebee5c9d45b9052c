"""Theory and measurement in one picture: a line for a formula, points with intervals beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .axes import FloatArray, Numbers, Scale, axis_label, floats, linear_scale, log_scale, tick_labels
from .formats import format_number
from .frame import legend, x_axis, y_axis
from .marks import Shape, dash, line, point
from .palette import series_role
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, short, text_width, tooltip
from .table import Cell

_PLOT = 190.0
_SHAPES: Final[tuple[Shape, ...]] = ("circle", "up", "diamond", "down")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measured:
    """At each `x`: what `theory` says, what was measured, and its interval; NaN where there is none."""

    label: str
    x: Numbers
    theory: Numbers
    measured: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Checked:
    label: str
    x: FloatArray
    theory: FloatArray
    measured: FloatArray
    low: FloatArray
    high: FloatArray
    to_zero: NDArray[np.bool_]


def measured_curves(
    series: Sequence[Measured],
    *,
    x_label: str,
    y_label: str,
    title: str,
    log_y: bool = False,
    measured_label: str = "Points: measured, with 95 % interval.",
) -> Picture:
    """Draw lines of theory and points of measurement; series differ in hue, dash pattern and marker.

    The points of a series without theory are joined instead.
    On a log axis, values of 0 or less are left out, and a note says of which series.

    Raises:
        TrainlabError: if the numbers of a series differ in length.
    """
    checked = [_checked(each, log=log_y) for each in series]
    everything = np.concatenate(
        [np.empty(0), *(values for c in checked for values in (c.theory, c.measured, c.low, c.high))]
    )
    top, bottom = 24.0, 24.0 + _PLOT
    if log_y:
        y = log_scale(everything, start=bottom, end=top)
    else:
        y = linear_scale(everything, start=bottom, end=top, nice=True)
    left = 12 + max(text_width(words, SMALL) for words in tick_labels(y.ticks(6), log=y.log))
    right = WIDTH - 16
    x = linear_scale(np.concatenate([np.empty(0), *(c.x for c in checked)]), start=left + 6, end=right - 6)
    key, taken = legend([(_swatch(i), each.label) for i, each in enumerate(checked)], y=bottom + 38)
    return compose(
        "".join(
            [
                y_axis(y, left=left, right=right, label=y_label),
                x_axis(x, stretches=[(top, bottom)], bottom=bottom, label=x_label),
                *(_line(each, x, y, i) for i, each in enumerate(checked)),
                *(_points(each, x, y, i) for i, each in enumerate(checked)),
                key,
            ]
        ),
        height=bottom + 38 + taken,
        title=title,
        summary=f"{axis_label(y_label, log=log_y)} against {x_label}, {len(checked)} series: "
        f"{'what theory says and ' if _line_note(checked) else ''}what was measured.",
        details=[_in_words(each) for each in checked],
        notes=[*_line_note(checked), measured_label, *_notes(series, checked, y)],
        headers=["Series", x_label, "Theory", "Measured", "Low", "High"],
        rows=[row for each in checked for row in _rows(each)],
    )


def _checked(given: Measured, *, log: bool) -> _Checked:
    name = f"series {given.label!r}"
    x = floats(f"{name}, x", given.x)

    def column(part: str, values: Numbers) -> FloatArray:
        numbers = floats(f"{name}, {part}", values, length=x.size)
        return np.where(np.isfinite(numbers) & ((numbers > 0) | (not log)), numbers, np.nan)

    measured, low, high = (column(part, getattr(given, part)) for part in ("measured", "low", "high"))
    lows = floats(f"{name}, low", given.low, length=x.size)
    to_zero = log & np.isfinite(lows) & (lows <= 0)
    return _Checked(given.label, x, column("theory", given.theory), measured, low, high, to_zero)


def _line(each: _Checked, x: Scale, y: Scale, index: int) -> str:
    heights = each.measured if np.isnan(each.theory).all() else each.theory
    points = np.column_stack([x.map(each.x), np.where(np.isnan(heights), np.nan, y.map(heights))])
    return line(points, role=series_role(index), dashes=dash(index), width=1.4)


def _points(each: _Checked, x: Scale, y: Scale, index: int) -> str:
    role, shape = series_role(index), _SHAPES[index % len(_SHAPES)]
    drawn: list[str] = []
    columns = (each.x, each.measured, each.low, each.high, each.to_zero)
    for across, value, low, high, to_zero in zip(*columns, strict=True):
        if np.isnan(value):
            continue
        place, middle = x(float(across)), y(float(value))
        bottom = y.start if to_zero else y(float(low)) if np.isfinite(low) else middle
        top = y(float(high)) if np.isfinite(high) else middle
        marks = [tooltip(f"{each.label}: {format_number(float(value))}")]
        if bottom - top > 1.5:
            path = f"M{short(place)} {short(bottom)}V{short(top)}"
            marks.append(element("path", d=path, stroke_width=1.4, **paint(fill="none", stroke=role)))
        drawn.append(group([*marks, point(place, middle, shape=shape, role=role, radius=3.4)]))
    return "".join(drawn)


def _line_note(checked: Sequence[_Checked]) -> list[str]:
    return ["Lines: theory."] if any(np.isfinite(each.theory).any() for each in checked) else []


def _swatch(index: int) -> str:
    role = series_role(index)
    rule = line(np.array([[0.0, 0.0], [22.0, 0.0]]), role=role, dashes=dash(index), width=1.4)
    return rule + point(11, 0, shape=_SHAPES[index % len(_SHAPES)], role=role, radius=3.4)


def _in_words(each: _Checked) -> str:
    known = np.flatnonzero(np.isfinite(each.measured))
    if not known.size:
        return f"{each.label}: nothing to show."

    def at(index: int) -> str:
        value, place, theory = (float(column[index]) for column in (each.measured, each.x, each.theory))
        said = f" (theory {format_number(theory)})" if np.isfinite(theory) else ""
        return f"{format_number(value)} at {format_number(place)}{said}"

    return f"{each.label}: measured {at(int(known[0]))}, {at(int(known[-1]))}."


def _notes(given: Sequence[Measured], checked: Sequence[_Checked], y: Scale) -> list[str]:
    if not y.log:
        return []
    zeros = [
        now.label
        for before, now in zip(given, checked, strict=True)
        if (np.asarray(before.measured, dtype=np.float64)[np.isnan(now.measured)] <= 0).any()
    ]
    low = [each.label for each in checked if (each.measured < y.low).any()]
    notes = [f"Exactly 0, and so not on a log axis: {', '.join(zeros)}."] if zeros else []
    return notes + ([f"Below {format_number(y.low)}, on the edge: {', '.join(low)}."] if low else [])


def _rows(each: _Checked) -> list[list[Cell]]:
    columns = (each.x, each.theory, each.measured, each.low, each.high)
    return [[each.label, *(float(value) for value in row)] for row in zip(*columns, strict=True)]
