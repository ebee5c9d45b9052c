"""Curves with bands over steps or epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np

from trainlab.draw.axes import (
    Numbers,
    Scale,
    axis_label,
    floats,
    legend,
    linear_scale,
    log_scale,
    needs_log,
    room_for_ticks,
    scale_of,
    swatch,
    x_axis,
    y_axis,
)
from trainlab.draw.formats import counted, format_number, without_noise
from trainlab.draw.palette import series_role
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import SMALL, WIDTH, FloatArray, band, dash, group, line, rule, runs, text, text_width
from trainlab.draw.table import Cell
from trainlab.errors import TrainlabError

# The data of a picture of curves: checked numbers, also in words and as rows of a table.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Band:
    """A lower and an upper edge around a curve, and what lies between them, such as ``5–95 % of seeds``."""

    label: str
    low: Numbers
    high: Numbers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """A median over x, of equal length n, and bands around it, the widest first. NaN is a gap."""

    label: str
    x: Numbers
    median: Numbers
    bands: Sequence[Band] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CheckedCurve:
    """A checked curve: arrays of one length, infinities made NaN."""

    label: str
    x: FloatArray
    median: FloatArray
    bands: list[tuple[str, FloatArray, FloatArray]]

    def heights(self) -> list[FloatArray]:
        """Return everything that has to fit on the y axis."""
        return [self.median, *(edge for _, low, high in self.bands for edge in (low, high))]


def checked_curve(curve: Curve) -> CheckedCurve:
    """Return the curve as arrays of one length.

    Raises:
        TrainlabError: if the lengths differ, or a place on the x axis isn't finite.
    """
    name = f"curve {curve.label!r}"
    x = floats(f"{name}, x", curve.x)

    def edge(part: str, values: Numbers) -> FloatArray:
        numbers = floats(f"{name}, {part}", values, length=x.size)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    bands = [
        (b.label, edge(f"low of {b.label}", b.low), edge(f"high of {b.label}", b.high)) for b in curve.bands
    ]
    if not np.isfinite(x).all():
        raise TrainlabError(f"{name}, x: not all values are finite; give a finite place for each value.")
    return CheckedCurve(curve.label, x, edge("median", curve.median), bands)


def signed(curves: Sequence[CheckedCurve]) -> list[CheckedCurve]:
    """Return curves on a linear axis without noise, if they go both above 0 and below it: sums do."""
    everything = np.concatenate([np.empty(0), *(edge for curve in curves for edge in curve.heights())])
    finite = without_noise(everything[np.isfinite(everything)])
    if not ((finite < 0).any() and (finite > 0).any()):
        return list(curves)
    size = float(np.abs(finite).max())

    def shown(values: FloatArray) -> FloatArray:
        return without_noise(values, size=size)

    return [
        CheckedCurve(
            curve.label,
            without_noise(curve.x),
            shown(curve.median),
            [(label, shown(low), shown(high)) for label, low, high in curve.bands],
        )
        for curve in curves
    ]


def summary_of(checked: Sequence[CheckedCurve], x_label: str, y_label: str) -> str:
    """Return what is drawn, in one sentence."""
    return f"{y_label} against {x_label}, {counted(len(checked), 'curve')}."


def in_words(curve: CheckedCurve, middle: str = "median") -> str:
    """Return where the curve begins and ends and its least value, with the bands at its end."""
    finite = np.flatnonzero(np.isfinite(curve.median))
    if not finite.size:
        return f"{curve.label}: no finite value."
    first, last = int(finite[0]), int(finite[-1])
    least = int(np.nanargmin(curve.median))
    number = format_number
    ends = "; ".join(
        f"{label} {number(float(low[last]))} to {number(float(high[last]))}"
        for label, low, high in curve.bands
    )

    def at(index: int) -> str:
        return f"{number(float(curve.median[index]))} at {number(float(curve.x[index]))}"

    return (
        f"{curve.label}: {middle} {at(first)}, {at(last)}{f' ({ends})' if ends else ''}; least {at(least)}."
    )


def band_labels(checked: Sequence[CheckedCurve]) -> list[str]:
    """Return the names of all bands, once each, in order."""
    return list(dict.fromkeys(label for curve in checked for label, _, _ in curve.bands))


def band_headers(checked: Sequence[CheckedCurve]) -> list[str]:
    """Return two column names for each band."""
    return [f"{label}, {side}" for label in band_labels(checked) for side in ("low", "high")]


def rows_of(checked: Sequence[CheckedCurve]) -> list[list[Cell]]:
    """Return one row for each point of each curve; ``None`` where a curve lacks a band."""
    rows: list[list[Cell]] = []
    for curve in checked:
        edges = {label: (low, high) for label, low, high in curve.bands}
        for i in range(curve.x.size):
            row: list[Cell] = [curve.label, float(curve.x[i]), float(curve.median[i])]
            for label in band_labels(checked):
                row += [float(edge[i]) for edge in edges[label]] if label in edges else [None, None]
            rows.append(row)
    return rows


# Fewer points that look the same: a page holds thirty pictures, a screen a few hundred columns.


BUCKETS: Final = 110
Keep: TypeAlias = Literal["both", "low", "high"]


def downsample(points: FloatArray, *, keep: Keep = "both") -> FloatArray:
    """Return a subset of `points` (shape [n, 2], finite, in drawing order) that looks the same.

    The points are cut into `BUCKETS` stretches. Of each, the lowest and the highest on the page stay (or, for
    the edge of a band, the one that `keep` names), as do the very first and last. Short lines stay whole. On
    a page a greater y is lower.
    """
    if len(points) <= 2 * BUCKETS:
        return points
    edges = np.linspace(0, len(points), BUCKETS + 1).astype(np.int64)
    chosen = {0, len(points) - 1}
    for start, stop in pairwise(edges):
        heights = points[start:stop, 1]
        if keep != "high":
            chosen.add(int(start) + int(heights.argmax()))
        if keep != "low":
            chosen.add(int(start) + int(heights.argmin()))
    return points[sorted(chosen)]


# Lines over time with bands: the loss of a population, or the gradients of its layers.


_PLOT = 190.0
_LABEL = 92.0
_ENOUGH = 25
"""With fewer values, 4 % can't be left out."""
_LOG_NOTE = (
    "The axis is logarithmic: on a linear one more than half of the values would lie flat on its edge."
)
_OPACITIES = ("0.16", "0.22", "0.3")


def curves(
    series: Sequence[Curve],
    *,
    x_label: str,
    y_label: str,
    title: str,
    log_x: bool = False,
    log_y: bool | None = None,
    middle: str = "median",
    hold: Numbers = (),
) -> Picture:
    """Draw each curve with its bands; `x_label` and `y_label` are words with units.

    `middle` says what a line shows where it isn't the median of something, as ``"share"``. The y axis also
    holds the numbers `hold`, such as those of a chart next to this one.
    The y axis is logarithmic if `log_y`, and if that is None where `needs_log` says so; a note tells. A
    linear one ends before single values that would press the rest flat, and a note says how far they go.
    A log x axis is for places above 0. On a log y axis, values of 0 or less lie on the lower edge, and a note
    says so. Curves differ in hue and in dash pattern. Their labels stand at the line ends where there is
    room, else in a legend.

    Raises:
        TrainlabError: if the numbers of a curve differ in length.
    """
    checked = [checked_curve(curve) for curve in series]
    everything = np.concatenate([np.empty(0), *(edge for curve in checked for edge in curve.heights())])
    direct = len(checked) <= 12 and max((text_width(c.label, SMALL) for c in checked), default=0) <= _LABEL
    right = WIDTH - 12 - (max((text_width(c.label, SMALL) for c in checked), default=0) + 28 if direct else 0)
    top, bottom = 24.0, 24.0 + _PLOT
    wanted = np.concatenate([everything, floats("hold", hold)])
    log = needs_log(everything) if log_y is None else log_y
    y = scale_of(wanted if log else _without_spikes(wanted), start=bottom, end=top, log=log)
    if not log:
        checked = signed(checked)
    left = room_for_ticks(y)
    places = np.concatenate([np.empty(0), *(curve.x for curve in checked)])
    x = (log_scale if log_x else linear_scale)(places, start=left, end=right)
    body = [
        y_axis(y, left=left, right=right, label=y_label),
        x_axis(x, stretches=[(top, bottom)], bottom=bottom, label=x_label),
        *(bands_of(curve, x, y, series_role(i), _OPACITIES) for i, curve in enumerate(checked)),
        *(_line(curve, x, y, i) for i, curve in enumerate(checked)),
    ]
    height = bottom + 38
    if direct:
        body.append(_end_labels(checked, x, y, right))
    else:
        swatches = [(swatch(series_role(i), dashes=dash(i)), curve.label) for i, curve in enumerate(checked)]
        drawn, taken = legend(swatches, y=height)
        body.append(drawn)
        height += taken + 2
    return compose(
        "".join(body),
        height=height,
        title=title,
        summary=summary_of(checked, axis_label(x_label, log=log_x), axis_label(y_label, log=log)),
        details=[in_words(curve, middle) for curve in checked],
        notes=[*_notes(checked, everything, y, middle), *([_LOG_NOTE] if log and log_y is None else [])],
        headers=["Curve", x_label, middle.capitalize(), *band_headers(checked)],
        rows=rows_of(checked),
    )


def _without_spikes(values: FloatArray) -> FloatArray:
    """Return the values, without the extreme 4 % where these reach 1,000 times as far as all the others."""
    finite = values[np.isfinite(values)]
    if len(finite) < _ENOUGH:
        return finite
    low, high = np.quantile(finite, (0.02, 0.98)).tolist()
    spiky = float(np.ptp(finite)) > 1000 * (high - low) > 0
    return finite[(finite >= low) & (finite <= high)] if spiky else finite


def bands_of(curve: CheckedCurve, x: Scale, y: Scale, role: str, opacities: Sequence[str]) -> str:
    """Return the bands of a curve, each with its opacity, the last of these for all that follow."""
    drawn: list[str] = []
    for place, (_, low, high) in enumerate(curve.bands):
        pieces = runs(np.isfinite(low) & np.isfinite(high))
        below, above = _points(x, y, curve.x, low), _points(x, y, curve.x, high)
        drawn.append(
            band(
                [downsample(below[start:stop], keep="low") for start, stop in pieces],
                [downsample(above[start:stop], keep="high") for start, stop in pieces],
                role=role,
                opacity=opacities[min(place, len(opacities) - 1)],
            )
        )
    return "".join(drawn)


def _points(x: Scale, y: Scale, across: FloatArray, heights: FloatArray) -> FloatArray:
    return np.column_stack([x.map(across), y.map(heights)])


def _line(curve: CheckedCurve, x: Scale, y: Scale, index: int) -> str:
    points = _points(x, y, curve.x, curve.median)
    gap = np.full((1, 2), np.nan)
    pieces = [
        part
        for start, stop in runs(np.isfinite(curve.median))
        for part in (downsample(points[start:stop]), gap)
    ]
    return line(np.concatenate(pieces), role=series_role(index), dashes=dash(index)) if pieces else ""


def _end_labels(checked: Sequence[CheckedCurve], x: Scale, y: Scale, right: float) -> str:
    ends: list[tuple[int, float, float]] = []
    for index, curve in enumerate(checked):
        finite = np.flatnonzero(np.isfinite(curve.median))
        if finite.size:
            last = int(finite[-1])
            ends.append((index, x(float(curve.x[last])), y(float(curve.median[last]))))
    placed = spread([height for _, _, height in ends], gap=14, low=y.end - 2, high=y.start - 6)
    drawn: list[str] = []
    for (index, across, height), label_y in zip(ends, placed, strict=True):
        role = series_role(index)
        if abs(label_y - height) > 2 or right - across > 2:
            drawn.append(rule(across, height, right + 6, label_y, role="muted", width=0.8, dashes="1 2.5"))
        short_line = line(
            np.array([[right + 6, label_y], [right + 22, label_y]]), role=role, dashes=dash(index)
        )
        drawn += [short_line, text(right + 26, label_y + 4, checked[index].label, size=SMALL)]
    return group(drawn)


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Return positions near the `wanted` ones, in the same order, `gap` apart (less if there is no room)."""
    if len(wanted) > 1:
        gap = min(gap, (high - low) / (len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    edge = low
    for index in order:
        placed[index] = max(wanted[index], edge)
        edge = placed[index] + gap
    edge = high
    for index in reversed(order):
        placed[index] = min(placed[index], edge)
        edge = placed[index] - gap
    return placed


def _notes(checked: Sequence[CheckedCurve], everything: FloatArray, y: Scale, middle: str) -> list[str]:
    notes: list[str] = []
    labels = band_labels(checked)
    if labels:
        notes.append(f"Lines: {middle}s. Bands: {', '.join(labels)}.")
    if y.log:
        below = everything[np.isfinite(everything) & (everything < y.low)]
        if (below <= 0).any():
            notes.append("Values of 0 or less, which a log axis can't hold, lie on the lower edge.")
        if (below > 0).any():
            notes.append(f"Values below {format_number(y.low)} lie on the lower edge.")
    beyond = everything[np.isfinite(everything) & ((everything > y.high) | (everything < y.low))]
    if not y.log and len(beyond):
        furthest = float(beyond[np.abs(beyond).argmax()])
        far = f"up to {format_number(furthest)}" if furthest > 0 else f"down to {format_number(furthest)}"
        notes.append(f"{counted(len(beyond), 'value')} beyond the axis, {far}, on its edge.")
    if not np.isfinite(everything).any():
        notes.append("There is no finite value to show.")
    return notes
