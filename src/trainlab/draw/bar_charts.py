"""Bars: one a row, in bins, and what each adds to a sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from trainlab.draw.axes import (
    Numbers,
    Scale,
    axis_label,
    floats,
    label_text,
    label_width,
    legend,
    linear_scale,
    log_scale,
    x_axis,
    y_axis,
)
from trainlab.draw.formats import counted, format_number
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import SMALL, WIDTH, cell, element, group, paint, rule, text, text_width, tooltip
from trainlab.errors import TrainlabError

# One bar per name: sizes by layer, counts, shares; with the usual range as a band.


_ROW: Final = 32.0
_BAR: Final = 11.0
_LEFT: Final = 24.0


def bars(
    rows: Sequence[tuple[str, float]],
    *,
    x_label: str,
    title: str,
    log: bool = False,
    usual: tuple[float, float] | None = None,
) -> Picture:
    """Draw a bar for each (name, value), names above their bars; `usual` is shaded behind them.

    On a log axis bars begin at its lower end, and a value of 0 has none.

    Raises:
        TrainlabError: if a value isn't finite.
    """
    for name, value in rows:
        if not math.isfinite(value):
            raise TrainlabError(f"{name}: {value!r} isn't finite; a bar needs a finite number.")
    values = [value for _, value in rows]
    room = max((text_width(format_number(value), SMALL) for value in values), default=0.0) + 8
    bottom = 4 + _ROW * len(rows)
    x = _scale([*values, *(usual or ())], end=WIDTH - 16 - room, log=log)
    zero = x.start if log else x(0.0)
    shade = _shade(x, usual, bottom) if usual else ""
    drawn = [_row(name, value, x, zero, 4 + _ROW * place) for place, (name, value) in enumerate(rows)]
    entries = [(cell(3, -5, 16, 10, role="h2"), _range_words(usual))] if usual else []
    key, taken = legend(entries, y=bottom + 38)
    return compose(
        shade + x_axis(x, stretches=[(4, bottom)], bottom=bottom, label=x_label) + "".join(drawn) + key,
        height=bottom + 38 + taken,
        title=title,
        summary=f"{axis_label(x_label, log=log)}: {counted(len(rows), 'bar')}.",
        details=[
            *(f"{name}: {format_number(value)}." for name, value in rows),
            *([f"{_range_words(usual)}."] if usual else []),
        ],
        headers=["Name", x_label],
        rows=[[name, value] for name, value in rows],
    )


def _scale(values: list[float], *, end: float, log: bool) -> Scale:
    if log:
        # Half of the least, so that the least value has a bar as well.
        return log_scale([*values, *(value / 2 for value in values)], start=_LEFT, end=end)
    return linear_scale([0.0, *values], start=_LEFT, end=end, nice=True)


def _range_words(usual: tuple[float, float]) -> str:
    return f"Usual: {format_number(usual[0])} to {format_number(usual[1])}"


def _shade(x: Scale, usual: tuple[float, float], bottom: float) -> str:
    left, right = sorted((x(usual[0]), x(usual[1])))
    return element("rect", x=left, y=4, width=max(right - left, 1), height=bottom - 4, **paint(fill="h2"))


def _row(name: str, value: float, x: Scale, zero: float, y: float) -> str:
    reach = zero if x.log and value <= 0 else x(value)
    left, width = min(zero, reach), max(abs(reach - zero), 0.8)
    bar = cell(left, y + 17, width, _BAR, role="s1")
    return group(
        [
            tooltip(f"{name}: {format_number(value)}"),
            label_text(_LEFT, y + 13, name, width=WIDTH - _LEFT - 8, size=SMALL),
            bar,
            text(left + width + 4, y + 26, format_number(value), size=SMALL),
        ]
    )


# How often values fall where, as bars of area 1.


_PLOT = 150.0
_MOST_BARS = 60


def histogram(values: Numbers, *, title: str, x_label: str) -> Picture:
    """Draw a bar for each of up to 60 equal bins, as many as √n; the area of all bars is 1.

    Raises:
        TrainlabError: there is no value, or one isn't finite.
    """
    drawn = floats("values", values)
    if not drawn.size or not np.isfinite(drawn).all():
        raise TrainlabError(f"values: {drawn.size} numbers, not all finite; give one or more finite numbers.")
    counts, edges = np.histogram(drawn, bins=min(_MOST_BARS, max(1, round(drawn.size**0.5))))
    heights = counts / drawn.size / np.diff(edges)
    columns = (edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), heights.tolist())
    bins: list[tuple[float, float, int, float]] = list(zip(*columns, strict=True))
    top, bottom = 24.0, 24.0 + _PLOT
    y = linear_scale([0.0, float(heights.max())], start=bottom, end=top, nice=True)
    left = _left(y)
    x = linear_scale(edges, start=left, end=WIDTH - 12)
    key, taken = legend([(cell(3, -5, 16, 10, role="h4"), "drawn values")], y=bottom + 38)
    return compose(
        "".join(
            [
                y_axis(y, left=left, right=WIDTH - 12, label="density"),
                x_axis(x, stretches=[(top, bottom)], bottom=bottom, label=x_label),
                _bins(bins, x, y, role="h4"),
                key,
            ]
        ),
        height=bottom + 38 + taken,
        title=title,
        summary=f"{counted(drawn.size, 'value')} of {x_label} in {counted(len(counts), 'bin')}, from "
        f"{_number(drawn.min())} to {_number(drawn.max())}.",
        details=[f"Mean {_number(drawn.mean())}, deviation {_number(drawn.std())}."],
        headers=["From", "To", "Count", "Density"],
        rows=[list(row) for row in bins],
    )


def _left(y: Scale) -> float:
    return 12 + max(text_width(format_number(tick), SMALL) for tick in y.ticks(6))


def _bins(bins: Sequence[tuple[float, float, float, float]], x: Scale, y: Scale, *, role: str) -> str:
    """Return a bar for each bin, of its ends, its count and its height, that has something in it."""
    bars = (
        element(
            "rect",
            tooltip(f"{_number(low)} to {_number(high)}: {count:,.0f}"),
            x=x(low),
            y=y(height),
            width=max(x(high) - x(low) - 0.6, 0.4),
            height=y.start - y(height),
        )
        for low, high, count, height in bins
        if count
    )
    return group(bars, **paint(fill=role))


def _number(value: float) -> str:
    return format_number(float(value))


# Counts in bins, and a range to compare them with.


_BINNED_PLOT: Final = 140.0
_LEAST: Final = 5.0


def binned(
    edges: Numbers,
    counts: Numbers,
    *,
    x_label: str,
    title: str,
    reach: tuple[float, float] | None = None,
    reach_label: str = "",
) -> Picture:
    """Draw a bar for each bin; `reach` (from, to; infinite for no end) is shaded and bounded by dashed lines.

    Raises:
        TrainlabError: if there isn't one more edge than counts.
    """
    heights = floats("counts", counts)
    places = floats("edges", edges, length=heights.size + 1)
    top, bottom = 24.0, 24.0 + _BINNED_PLOT
    # Counts are whole: with few, the scale goes to 5, since its ticks would be halves otherwise.
    y = linear_scale([0.0, _LEAST, *heights.tolist()], start=bottom, end=top, nice=True)
    left = _left(y)
    ends = [end for end in reach or () if math.isfinite(end)]
    x = linear_scale(np.asarray([*places.tolist(), *ends]), start=left, end=WIDTH - 12)
    bins = list(zip(places[:-1].tolist(), places[1:].tolist(), heights.tolist(), strict=True))
    shade, key_words = "", [(cell(3, -5, 16, 10, role="h7"), "counted")]
    if reach:
        start, stop = (
            x(end) if math.isfinite(end) else edge
            for end, edge in zip(reach, (left, WIDTH - 12), strict=True)
        )
        shade = element(
            "rect", x=start, y=top, width=max(stop - start, 1), height=_BINNED_PLOT, **paint(fill="h2")
        )
        shade += "".join(rule(x(end), top, x(end), bottom, role="text", dashes="4 3") for end in ends)
        one = rule(11, -6, 11, 6, role="text", dashes="4 3")
        mark = one if reach[0] == reach[1] else cell(3, -5, 16, 10, role="h2")
        key_words.append((mark, f"{reach_label}: {_reach_words(reach)}"))
    key, taken = legend(key_words, y=bottom + 38)
    return compose(
        "".join(
            [
                shade,
                y_axis(y, left=left, right=WIDTH - 12, label="count"),
                x_axis(x, stretches=[(top, bottom)], bottom=bottom, label=x_label),
                _bins([(*each, each[-1]) for each in bins], x, y, role="h7"),
                key,
            ]
        ),
        height=bottom + 38 + taken,
        title=title,
        summary=f"{x_label}: {heights.sum():,.0f} values in {counted(heights.size, 'bin')}, from "
        f"{_number(places[0])} to {_number(places[-1])}.",
        details=[f"{reach_label}: {_reach_words(reach)}."] if reach else [],
        headers=["From", "To", "Count"],
        rows=[list(each) for each in bins],
    )


def _reach_words(reach: tuple[float, float]) -> str:
    low, high = map(_number, reach)
    return low if low == high else f"{low} to {high}"


# Parts that add up to a sum, as bars that each begin where the previous one ended.


_CONTRIBUTION_ROW: Final = 30.0
_CONTRIBUTION_BAR: Final = 12.0


_SHOWN = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of a sum; `how` says where it comes from, such as ``0.5 × 2``."""

    label: str
    value: float
    how: str = ""


def contributions(
    parts: Sequence[Part], *, total: float, total_label: str, x_label: str, title: str
) -> Picture:
    """Draw one bar for each part, from the sum of those above it to its own end, and one for the total.

    Positive parts are filled, negative ones dashed in outline and of another hue. If there are more than
    12 parts, the largest are drawn, in order, and the others together.

    Raises:
        TrainlabError: if a number isn't finite.
    """
    for part in [*parts, Part(label=total_label, value=total)]:
        if not math.isfinite(part.value):
            raise TrainlabError(f"{part.label}: {part.value!r} isn't finite; parts of a sum must be numbers.")
    drawn_parts = _largest(parts)
    ends = [0.0]
    for part in drawn_parts:
        ends.append(ends[-1] + part.value)
    words = [part.how for part in drawn_parts]
    left = 20 + max(
        label_width([part.label for part in drawn_parts] + [total_label], 150), label_width(words, 150, SMALL)
    )
    numbers = [format_number(part.value) for part in drawn_parts] + [format_number(total)]
    room = max(text_width(number, SMALL) for number in numbers) + 6
    x = linear_scale([*ends, total, 0.0], start=left + room, end=WIDTH - 10 - room, nice=True)
    drawn: list[str] = []
    y = 2.0
    for part, how, start, end in zip(drawn_parts, words, ends[:-1], ends[1:], strict=True):
        drawn.append(_contribution_row(part.label, how, part.value, x(start), x(end), y, left - 14))
        drawn.append(
            rule(
                x(end),
                y + 15 + _CONTRIBUTION_BAR / 2,
                x(end),
                y + _CONTRIBUTION_ROW + 15 - _CONTRIBUTION_BAR / 2,
                dashes="2 2",
            )
        )
        y += _CONTRIBUTION_ROW
    drawn.append(_contribution_row(total_label, "", total, x(0.0), x(total), y, left - 14, role="text"))
    y += _CONTRIBUTION_ROW
    zero = rule(x(0.0), 0, x(0.0), y, role="text", width=1.2)
    kinds = [(1.0, "adds"), (-1.0, "takes away")]
    key, taken = legend([(_bar(0, 22, 0, sign=sign, role=""), name) for sign, name in kinds], y=y + 38)
    return compose(
        x_axis(x, stretches=[(0, y)], bottom=y, label=x_label) + zero + "".join(drawn) + key,
        height=y + 38 + taken,
        title=title,
        summary=f"{counted(len(parts), 'part')} that add up to {total_label} {format_number(total)}.",
        details=[
            f"{part.label}: {f'{part.how} = ' if part.how else ''}{format_number(part.value)}."
            for part in drawn_parts
        ],
        headers=["Part", "How", "Value"],
        rows=[[part.label, part.how, part.value] for part in parts] + [[total_label, "", total]],
    )


def _largest(parts: Sequence[Part]) -> list[Part]:
    if len(parts) <= _SHOWN:
        return list(parts)
    kept = sorted(sorted(range(len(parts)), key=lambda at: -abs(parts[at].value))[: _SHOWN - 1])
    rest = [part for at, part in enumerate(parts) if at not in set(kept)]
    others = Part(label=f"{len(rest):,} others", value=math.fsum(part.value for part in rest))
    return [*(parts[at] for at in kept), others]


def _contribution_row(
    label: str, how: str, value: float, start: float, end: float, y: float, width: float, *, role: str = ""
) -> str:
    middle = y + 15
    number = format_number(value)
    side = "start" if value >= 0 else "end"
    return group(
        [
            tooltip(f"{label}: {f'{how} = ' if how else ''}{number}"),
            label_text(8, y + 13 if how else y + 19, label, width=width),
            text(8, y + 26, how, size=SMALL, role="muted") if how else "",
            _bar(start, end, middle, sign=value, role=role),
            text(end + (4 if value >= 0 else -4), middle + 4, number, anchor=side, size=SMALL),
        ]
    )


def _bar(start: float, end: float, middle: float, *, sign: float, role: str) -> str:
    low, width = min(start, end), max(abs(end - start), 0.8)
    if sign >= 0 or role:
        return cell(low, middle - _CONTRIBUTION_BAR / 2, width, _CONTRIBUTION_BAR, role=role or "s1")
    return element(
        "rect",
        x=low,
        y=middle - _CONTRIBUTION_BAR / 2,
        width=width,
        height=_CONTRIBUTION_BAR,
        stroke_width=1.6,
        stroke_dasharray="4 2",
        fill_opacity="0.3",
        **paint(fill="s2", stroke="s2"),
    )
