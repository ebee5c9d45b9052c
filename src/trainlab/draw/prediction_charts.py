"""What networks answer beside what is right: predictions of data points, and measured values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trainlab.draw.axes import (
    Numbers,
    Scale,
    axis_label,
    by_group,
    floats,
    label_text,
    label_width,
    legend,
    linear_scale,
    room_for_ticks,
    scale_of,
    swatch,
    x_axis,
    y_axis,
)
from trainlab.draw.formats import counted, format_number, format_percent, without_noise
from trainlab.draw.palette import series_role
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import (
    SMALL,
    WIDTH,
    FloatArray,
    Shape,
    dash,
    element,
    group,
    line,
    paint,
    point,
    rule,
    short,
    text,
    tooltip,
)
from trainlab.draw.table import Cell

# What a population of networks answers for each data point, beside what it should answer.


_BINS: Final = 50
_BARS: Final = 26.0
_ROW: Final = 40.0
_HEADING: Final = 24.0
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answers:
    """The predictions of all seeds for one data point, such as ``(0, 1)``, and its target."""

    label: str
    target: float
    predictions: Numbers
    group: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A checked row: its finite predictions, how many there were in all, and how many are near the target."""

    label: str
    group: str
    target: float
    finite: FloatArray
    total: int
    near: int


def predictions(points: Sequence[Answers], *, title: str, tolerance: float) -> Picture:
    """Draw, for each data point, the histogram of its predictions over seeds above a mark at its target.

    Bars are shares of all seeds, to one scale in the whole picture. The shaded strip, and the percentage at
    the right, are the predictions less than `tolerance` from the target. Predictions far outside lie in the
    outermost bars, and a note counts them.

    Raises:
        TrainlabError: if the predictions of a point aren't one dimension of numbers.
    """
    rows = [_checked(point, tolerance) for point in points]
    left = 8 + label_width([row.label for row in rows], 90) + 10
    x, outside = _scale(rows, tolerance, left, WIDTH - 52)
    counts = [_histogram(row, x) for row in rows]
    tallest = max((float(count.max()) for count in counts), default=0.0)
    heights = {
        id(row): count / tallest if tallest > 0 else count for row, count in zip(rows, counts, strict=True)
    }
    within = f"within ±{format_number(tolerance)}"
    drawn = [text(WIDTH - 8, 10, within, anchor="end", size=SMALL, role="muted")]
    y, stretches = 16.0, list[tuple[float, float]]()
    for name, members in by_group(rows, [row.group for row in rows]):
        if name:
            drawn.append(text(8, y + 12, name, bold=True))
            y += _HEADING - 4
        stretches.append((y, y + _ROW * len(members)))
        for row in members:
            drawn.append(_drawn(row, x, y, heights[id(row)], tolerance, left - 14))
            y += _ROW
    return compose(
        x_axis(x, stretches=stretches, bottom=y, label="Prediction") + "".join(drawn),
        height=y + 36,
        title=title,
        summary=f"Prediction over seeds for {counted(len(rows), 'data point')}, beside the target.",
        details=[_in_words(row, tolerance) for row in rows],
        notes=_notes(rows, tallest, outside, tolerance),
        headers=[
            "Group",
            "Data point",
            "Target",
            "Seeds",
            "Within tolerance",
            "Not finite",
            *_quantile_headers(),
        ],
        rows=[_numbers(row) for row in rows],
    )


def _checked(point: Answers, tolerance: float) -> _Row:
    numbers = floats(f"predictions of {point.label!r}", point.predictions)
    finite = numbers[np.isfinite(numbers)]
    near = int((np.abs(finite - point.target) < tolerance).sum())
    target = float(without_noise(point.target, size=tolerance))
    return _Row(
        point.label, point.group, target, without_noise(finite, size=tolerance), int(numbers.size), near
    )


def _scale(rows: Sequence[_Row], tolerance: float, left: float, right: float) -> tuple[Scale, int]:
    """Return the axis and how many predictions lie beyond it. Only those further out than the middle 99 % and
    half its width again are left out."""
    pooled = np.concatenate([np.empty(0), *(row.finite for row in rows)])
    marks = [end for row in rows for end in (row.target - tolerance, row.target + tolerance)]
    if not pooled.size:
        return linear_scale(marks, start=left, end=right, nice=True), 0
    low, high = (float(q) for q in np.quantile(pooled, [0.005, 0.995]))
    room = max(high - low, 2 * tolerance) / 2
    kept = pooled[(pooled >= low - room) & (pooled <= high + room)]
    scale = linear_scale([*marks, float(kept.min()), float(kept.max())], start=left, end=right, nice=True)
    return scale, int(((pooled < scale.low) | (pooled > scale.high)).sum())


def _histogram(row: _Row, x: Scale) -> FloatArray:
    """Return the share of all seeds in each of the bins of the axis."""
    counts, _ = np.histogram(np.clip(row.finite, x.low, x.high), bins=_BINS, range=(x.low, x.high))
    return counts / max(row.total, 1)


def _drawn(row: _Row, x: Scale, y: float, heights: FloatArray, tolerance: float, width: float) -> str:
    base = y + _BARS + 2
    start, stop = x(row.target - tolerance), x(row.target + tolerance)
    percent = f"{format_percent(row.near, row.total)} %"
    return group(
        [
            tooltip(_in_words(row, tolerance)),
            label_text(8, base - 12, row.label, width=width),
            text(8, base + 2, f"→ {format_number(row.target)}", size=SMALL, role="muted"),
            element(
                "rect",
                x=start,
                y=y,
                width=stop - start,
                height=_BARS + 2,
                fill_opacity="0.18",
                **paint(fill="good"),
            ),
            element("path", d=_bars(x, base, heights), **paint(fill="s1")),
            rule(x.start, base, x.end, base),
            point(x(row.target), base + 6, shape="up", role="text", radius=4.5),
            text(WIDTH - 8, base - 4, percent, anchor="end"),
        ]
    )


def _bars(x: Scale, base: float, heights: FloatArray) -> str:
    """Return the outline of the bars, each as wide as a bin, as one path."""
    width = (x.end - x.start) / _BINS
    drawn: list[str] = []
    for place in np.flatnonzero(heights > 0):
        # The fewest seeds still show: a bar is at least 0.6 units high.
        up = max(float(heights[place]) * _BARS, 0.6)
        drawn.append(
            f"M{short(x.start + width * int(place))} {short(base)}v{short(-up)}h{short(width)}v{short(up)}z"
        )
    return "".join(drawn)


def _quantile_headers() -> list[str]:
    return ["Median" if share == 0.5 else f"{100 * share:g} % quantile" for share in _QUANTILES]


def _quantiles(row: _Row) -> list[float]:
    if not row.finite.size:
        return [float("nan")] * len(_QUANTILES)
    return [float(q) for q in np.quantile(row.finite, _QUANTILES)]


def _numbers(row: _Row) -> list[Cell]:
    lost = row.total - int(row.finite.size)
    return [row.group, row.label, row.target, row.total, row.near, lost, *_quantiles(row)]


def _in_words(row: _Row, tolerance: float) -> str:
    place = f"{row.group}, {row.label}" if row.group else row.label
    if not row.finite.size:
        return f"{place}: target {format_number(row.target)}, no finite prediction."
    low, quarter, median, three_quarters, high = (format_number(q) for q in _quantiles(row))
    return (
        f"{place}: target {format_number(row.target)}, median {median}, "
        f"middle half {quarter} to {three_quarters}, 5 to 95 % {low} to {high}; "
        f"{row.near:,} of {row.total:,} within ±{format_number(tolerance)}."
    )


def _notes(rows: Sequence[_Row], tallest: float, outside: int, tolerance: float) -> list[str]:
    if not any(row.finite.size for row in rows):
        return ["There is no finite prediction to show."]
    notes = [
        f"Bars: share of seeds, the tallest {format_number(100 * tallest)} %. Triangle: target; "
        f"shaded: within ±{format_number(tolerance)} of it, the share of seeds there at the right."
    ]
    if outside:
        notes.append(f"Beyond the axis: {counted(outside, 'prediction')}, drawn in the outermost bars.")
    lost = sum(row.total - int(row.finite.size) for row in rows)
    if lost:
        notes.append(f"Not finite: {counted(lost, 'prediction')}, not drawn.")
    return notes


# Theory and measurement in one picture: a line for a formula, points with intervals beside it.


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
    checked = [_measured_checked(each, log=log_y) for each in series]
    everything = np.concatenate(
        [np.empty(0), *(values for c in checked for values in (c.theory, c.measured, c.low, c.high))]
    )
    top, bottom = 24.0, 24.0 + _PLOT
    y = scale_of(everything, start=bottom, end=top, log=log_y)
    left = room_for_ticks(y)
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
        details=[_measured_in_words(each) for each in checked],
        notes=[*_line_note(checked), measured_label, *_measured_notes(series, checked, y)],
        headers=["Series", x_label, "Theory", "Measured", "Low", "High"],
        rows=[row for each in checked for row in _rows(each)],
    )


def _measured_checked(given: Measured, *, log: bool) -> _Checked:
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
    return swatch(role, dashes=dash(index), width=1.4) + point(
        11, 0, shape=_SHAPES[index % len(_SHAPES)], role=role, radius=3.4
    )


def _measured_in_words(each: _Checked) -> str:
    known = np.flatnonzero(np.isfinite(each.measured))
    if not known.size:
        return f"{each.label}: nothing to show."

    def at(index: int) -> str:
        value, place, theory = (float(column[index]) for column in (each.measured, each.x, each.theory))
        said = f" (theory {format_number(theory)})" if np.isfinite(theory) else ""
        return f"{format_number(value)} at {format_number(place)}{said}"

    return f"{each.label}: measured {at(int(known[0]))}, {at(int(known[-1]))}."


def _measured_notes(given: Sequence[Measured], checked: Sequence[_Checked], y: Scale) -> list[str]:
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
