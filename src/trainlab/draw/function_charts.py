"""Functions as curves in panels beside each other, and shapes of tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from trainlab.draw.axes import Scale, axis_label, linear_scale, tick_labels
from trainlab.draw.curve_charts import (
    CheckedCurve,
    Curve,
    band_headers,
    band_labels,
    bands_of,
    checked_curve,
    downsample,
    in_words,
    rows_of,
    summary_of,
)
from trainlab.draw.formats import counted
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import (
    SMALL,
    WIDTH,
    caption,
    element,
    fit,
    group,
    line,
    paint,
    rule,
    runs,
    short,
    text,
    text_width,
    tooltip,
)

# Small multiples: one curve per panel, all on the same axes, to compare shapes at a glance.


COLUMNS: Final = 2
_PLOT: Final = 52.0
_HEAD: Final = 18.0
_GAP: Final = 12.0
_ROLE: Final = "s1"


def panels(
    series: Sequence[Curve], *, x_label: str, y_label: str, title: str, middle: str = "median"
) -> Picture:
    """Draw each curve, with its bands, in a panel of its own under its label; all share their axes.

    `x_label` and `y_label` are words with units, `middle` what a line shows; the y axis holds 0.

    Raises:
        TrainlabError: if the numbers of a curve differ in length.
    """
    checked = [checked_curve(curve) for curve in series]
    heights = np.concatenate([np.zeros(1), *(edge for curve in checked for edge in curve.heights())])
    y = linear_scale(heights, start=_PLOT, end=0.0, nice=True)
    ticks = y.ticks(3)
    names = tick_labels(ticks)
    left = 12 + max(text_width(words, SMALL) for words in names)
    width = (WIDTH - left - 12 - _GAP * (COLUMNS - 1)) / COLUMNS
    x = linear_scale(np.concatenate([np.empty(0), *(c.x for c in checked)]), start=0.0, end=width)
    body = [text(8, 14, fit(axis_label(y_label), WIDTH - 16))]
    rows = -(-len(checked) // COLUMNS)
    for index, curve in enumerate(checked):
        row, column = divmod(index, COLUMNS)
        start, top = left + column * (width + _GAP), 22 + row * (_HEAD + _PLOT + _GAP) + _HEAD
        last = index + COLUMNS >= len(checked)
        shown = [
            text(start, top - 5, fit(curve.label, width, SMALL), size=SMALL),
            _frame(x, y, start, top, ticks, names if column == 0 else [], last=last),
            _curve(curve, _moved(x, start), _moved(y, top)),
        ]
        body.append(group(shown))
    bottom = 22 + rows * (_HEAD + _PLOT + _GAP)
    body.append(text(left + (WIDTH - 12 - left) / 2, bottom + 20, fit(x_label, WIDTH - 16), anchor="middle"))
    labels = band_labels(checked)
    return compose(
        "".join(body),
        height=bottom + 28,
        title=title,
        summary=f"{summary_of(checked, x_label, y_label)[:-1]}, each in a panel of its own.",
        details=[in_words(curve, middle) for curve in checked],
        notes=[f"Lines: {middle}s. Bands: {', '.join(labels)}."] if labels else [],
        headers=["Curve", x_label, middle.capitalize(), *band_headers(checked)],
        rows=rows_of(checked),
    )


def _moved(scale: Scale, by: float) -> Scale:
    return replace(scale, start=scale.start + by, end=scale.end + by)


def _frame(
    x: Scale, y: Scale, left: float, top: float, ticks: Sequence[float], names: Sequence[str], *, last: bool
) -> str:
    """Return grid lines and base line; tick labels on the left if there are `names`, below if `last`."""
    right, bottom = left + x.end, top + y.start
    grid = "".join(f"M{short(left)} {short(top + y(tick))}H{short(right)}" for tick in ticks)
    drawn = [
        element("path", d=grid, stroke_width=1.0, **paint(fill="none", stroke="grid")),
        rule(left, bottom, right, bottom),
    ]
    marks = [
        text(left - 5, top + y(tick) + 4, name, anchor="end", size=SMALL)
        for tick, name in zip(ticks, names, strict=bool(names))
    ]
    if last:
        below = [tick for tick in x.ticks(4) if left + x(tick) <= right]
        marks += [
            text(left + x(tick), bottom + 13, name, anchor="middle", size=SMALL)
            for tick, name in zip(below, tick_labels(below), strict=True)
        ]
    return "".join([*drawn, group(marks, **paint(fill="muted"))])


def _curve(curve: CheckedCurve, x: Scale, y: Scale) -> str:
    middle = np.column_stack([x.map(curve.x), y.map(curve.median)])
    drawn = [
        line(downsample(middle[start:stop]), role=_ROLE, width=1.8)
        for start, stop in runs(np.isfinite(curve.median))
    ]
    return bands_of(curve, x, y, _ROLE, ("0.2",)) + "".join(drawn)


# Shapes of tensors as rectangles: rows down, columns across.


_SIDE: Final = 96.0
_LEAST: Final = 14.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A tensor's name and shape, and whether the shape is wrong."""

    label: str
    shape: tuple[int, ...]
    wrong: bool = False

    @property
    def words(self) -> str:
        """``50 × 1``."""
        return " × ".join(f"{extent:,}" for extent in self.shape) or "a number"


def shapes(drawn: Sequence[Shape], *, title: str) -> Picture:
    """Draw the shapes side by side; sides grow with the logarithm, one of 1 is a line of boxes.

    The last axis runs across, all others down; a shape of one axis runs down.
    """
    width = (WIDTH - 16) / max(1, len(drawn))
    most = max((extent for each in drawn for extent in _sides(each.shape)), default=1)
    height = _SIDE + 44
    listed = "; ".join(f"{each.label} {each.words}" for each in drawn)
    return compose(
        "".join(_one(each, 8 + width * place, width, most) for place, each in enumerate(drawn)),
        height=height,
        title=title,
        summary=f"{counted(len(drawn), 'shape')}: {listed}.",
        notes=["Sides grow with the logarithm of the size; ✗ marks what is wrong."],
        headers=["Tensor", "Shape", "Values", "Wrong"],
        rows=[[each.label, each.words, math.prod(each.shape), each.wrong] for each in drawn],
    )


def _sides(shape: Sequence[int]) -> tuple[int, int]:
    """Return the size down and the size across."""
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    return math.prod(shape[:-1]), shape[-1]


def _one(each: Shape, left: float, width: float, most: int) -> str:
    down, across = (_length(extent, most) for extent in _sides(each.shape))
    x, y = left + (width - across) / 2, 4 + _SIDE - down
    dashed: dict[str, str | float] = {"stroke_dasharray": "5 3"} if each.wrong else {}
    rectangle = element(
        "rect",
        x=x,
        y=y,
        width=across,
        height=down,
        stroke_width=2.4 if each.wrong else 1.4,
        **dashed,
        **paint(fill="h1", stroke="bad" if each.wrong else "s1"),
    )
    middle = left + width / 2
    name = f"✗ {each.label}" if each.wrong else each.label
    return group(
        [
            tooltip(f"{each.label}: {each.words}"),
            rectangle,
            text(middle, _SIDE + 22, fit(name, width - 6), anchor="middle", bold=each.wrong),
            caption(middle, _SIDE + 37, fit(each.words, width - 6, SMALL)),
        ]
    )


def _length(extent: int, most: int) -> float:
    share = math.log(max(extent, 1)) / math.log(most) if most > 1 else 0.0
    return _LEAST + (_SIDE - _LEAST) * share
