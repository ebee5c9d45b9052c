"""What a population of networks answers for each data point, beside what it should answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .axes import FloatArray, Numbers, Scale, floats, linear_scale
from .formats import counted, format_number, format_percent
from .frame import x_axis
from .labelled_rows import by_group, label_text, label_width
from .marks import point, rule
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, short, text, tooltip
from .table import Cell

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


def predictions(
    points: Sequence[Answers], *, title: str, tolerance: float, x_label: str = "Prediction"
) -> Picture:
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
        x_axis(x, stretches=stretches, bottom=y, label=x_label) + "".join(drawn),
        height=y + 36,
        title=title,
        summary=f"{x_label} over seeds for {counted(len(rows), 'data point')}, beside the target.",
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
    return _Row(point.label, point.group, point.target, finite, int(numbers.size), near)


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
