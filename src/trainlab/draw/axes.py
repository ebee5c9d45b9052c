"""Axes, the frame around a chart, and rows with labels."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from trainlab.draw.formats import format_fixed, format_number, format_power
from trainlab.draw.svg import (
    SIZE,
    SMALL,
    WIDTH,
    FloatArray,
    element,
    fit,
    group,
    line,
    paint,
    rule,
    short,
    text,
    text_width,
    tooltip,
)
from trainlab.errors import TrainlabError

# Scales from numbers to positions, linear and logarithmic, with round ticks.


Numbers: TypeAlias = Sequence[float] | npt.NDArray[np.float64]

_MOST: Final = sys.float_info.max
DECADES: Final = 16
"""A log axis spans at most this many decades below its greatest value; smaller values lie on its edge."""
_SPIKE: Final = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Maps numbers ``low … high`` to positions ``start … end``; `low` < `high`, both above 0 if `log`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the position of one number."""
        return float(self.map(np.array([value]))[0])

    def map(self, values: FloatArray) -> FloatArray:
        """Return the positions of numbers, in the same shape; numbers off the scale go to its ends."""
        inside = np.clip(values, self.low, self.high)
        if self.log:
            low, high, inside = math.log10(self.low), math.log10(self.high), np.log10(inside)
        else:
            low, high = self.low, self.high
        # Halves keep the difference finite even between the largest floats of either sign.
        share = (inside / 2 - low / 2) / (high / 2 - low / 2)
        return np.asarray(self.start + share * (self.end - self.start), dtype=np.float64)

    def ticks(self, most: int = 6) -> tuple[float, ...]:
        """Return at most about `most` round numbers on the scale, ascending."""
        return _log_ticks(self.low, self.high, most) if self.log else _linear_ticks(self.low, self.high, most)


def linear_scale(
    values: Iterable[float] | FloatArray, *, start: float, end: float, nice: bool = False
) -> Scale:
    """Return the linear scale that holds all finite `values`; `nice` widens it to the ticks around them.

    No finite value gives 0 … 1; values that are all the same get room around them.
    """
    low, high = _bounds(_finite(values), fallback=(0.0, 1.0))
    if high / 2 - low / 2 <= 1e-9 * max(abs(low), abs(high)):
        room = abs(low) * 0.1
        low, high = (max(low - room, -_MOST), min(high + room, _MOST)) if room > 0 else (0.0, 1.0)
    if nice:
        step = _step(low, high, 6)
        if step > 0 and math.isfinite(step):
            low, high = _round_out(low, high, step)
    return Scale(low=low, high=high, start=start, end=end)


def log_scale(values: Iterable[float] | FloatArray, *, start: float, end: float) -> Scale:
    """Return the log scale, of whole decades, that holds the positive finite `values`.

    It reaches at most `DECADES` decades down, so that one underflow doesn't flatten all the rest. No positive
    value gives 0.1 … 1.
    """
    finite = _finite(values)
    low, high = _bounds(finite[finite > 0], fallback=(0.1, 1.0))
    top = min(max(math.ceil(math.log10(high) - 1e-9), -300), 308)
    bottom = min(max(math.floor(math.log10(low) + 1e-9), top - DECADES), top - 1)
    return Scale(low=10.0**bottom, high=10.0**top, start=start, end=end, log=True)


def scale_of(values: FloatArray, *, start: float, end: float, log: bool) -> Scale:
    """Return the scale of an axis of the one kind or the other, with round numbers at its ends."""
    return (
        log_scale(values, start=start, end=end)
        if log
        else linear_scale(values, start=start, end=end, nice=True)
    )


def needs_log(values: Iterable[float] | FloatArray) -> bool:
    """Return whether a linear axis would flatten most of the values, and a log one wouldn't.

    That is so if the greatest is over 1,000 times the median, as when a loss jumps to 10¹² once, and all but
    4 % are above 0.
    """
    finite = _finite(values)
    positive = finite[finite > 0]
    if len(positive) < max(3, 0.96 * len(finite)):
        return False
    return float(positive.max()) > _SPIKE * float(np.median(positive))


def axis_label(words: str, *, log: bool = False) -> str:
    """Return an axis label that says so if the axis is logarithmic.

    >>> axis_label("Loss", log=True), axis_label("Time (s)", log=True)
    ('Loss (log scale)', 'Time (s, log scale)')
    """
    if not log:
        return words
    return f"{words[:-1]}, log scale)" if words.endswith(")") else f"{words} (log scale)"


def tick_labels(ticks: Sequence[float], *, log: bool = False) -> list[str]:
    """Return the ticks as text: all with the same decimals, or on a wide log axis all as powers of ten."""
    if log and any(not 1e-3 <= tick <= 1e4 for tick in ticks):
        return [format_power(tick) for tick in ticks]
    if log or len(ticks) < 2:
        return [format_number(tick) for tick in ticks]
    step = min(right - left for left, right in pairwise(ticks))
    largest = max(abs(tick) for tick in ticks)
    if not 1e-3 <= largest < 1e7:
        digits = max(3, math.ceil(math.log10(largest / step)) + 1) if step > 0 else 3
        return [format_number(tick, digits=digits) for tick in ticks]
    # Steps are 1, 2 or 5 × 10ᵏ, so that this many decimals write them exactly.
    return [format_fixed(tick, max(0, -math.floor(math.log10(step) + 1e-9))) for tick in ticks]


def floats(name: str, values: Numbers, *, length: int | None = None) -> FloatArray:
    """Return `values` as a one-dimensional float array.

    Raises:
        TrainlabError: if they aren't numbers in one dimension, or not `length` of them.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TrainlabError(f"{name}: {values!r} isn't a sequence of numbers; give numbers only.") from error
    if numbers.ndim != 1:
        raise TrainlabError(f"{name}: an array of shape {numbers.shape}; give one dimension of numbers.")
    if length is not None and numbers.size != length:
        raise TrainlabError(f"{name}: {numbers.size} values where there must be {length}; give one for each.")
    return numbers


def _finite(values: Iterable[float] | FloatArray) -> FloatArray:
    numbers = np.asarray(values if isinstance(values, np.ndarray) else list(values), dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _bounds(finite: FloatArray, *, fallback: tuple[float, float]) -> tuple[float, float]:
    return (float(finite.min()), float(finite.max())) if finite.size else fallback


def _step(low: float, high: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 × 10ᵏ that gives at most `most` steps between `low` and `high`."""
    raw = high / most - low / most
    if not raw > 0 or not math.isfinite(raw):
        return 0.0
    exponent = math.floor(math.log10(raw))
    for factor in (1, 2, 5, 10):
        step = float(f"{factor}e{exponent}")
        if step >= raw * (1 - 1e-9):
            return step
    return float(f"1e{exponent + 1}")


def _round_out(low: float, high: float, step: float) -> tuple[float, float]:
    below, above = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return (below, above) if math.isfinite(below) and math.isfinite(above) else (low, high)


def _linear_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    step = _step(low, high, most)
    if step <= 0 or not math.isfinite(step):
        return (low, high)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(float(f"{count * step:.12g}") for count in range(first, last + 1))


def _log_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    bottom, top = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if top <= bottom:
        return _ticks_within_a_decade(low, high, most)
    stride = next(
        stride for stride in (1, 2, 4, 5, 10, 20, 50, 100, 200, 700) if (top - bottom) / stride < most
    )
    return tuple(float(f"1e{power}") for power in range(bottom, top + 1) if power % stride == 0)


def _ticks_within_a_decade(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return 1, 2 and 5 times powers of ten on a short log scale; if too few, evenly spaced ones."""
    first = math.floor(math.log10(low))
    round_numbers = [float(f"{factor}e{first + power}") for power in (0, 1, 2) for factor in (1, 2, 5)]
    inside = tuple(tick for tick in round_numbers if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9))
    return inside if 2 <= len(inside) <= most else _linear_ticks(low, high, most)


# What surrounds the marks: axes with grid and labels, and the legend.


def x_axis(scale: Scale, *, stretches: Sequence[tuple[float, float]], bottom: float, label: str) -> str:
    """Return grid lines, tick labels and the label of a horizontal axis; it takes 34 units below `bottom`.

    The grid runs down each of the `stretches` (from, to), so that headings between them stay clear of it.
    """
    ticks, labels = _fitting(scale)
    places = [scale(tick) for tick in ticks]
    grid = "".join(f"M{short(place)} {short(top)}V{short(end)}" for top, end in stretches for place in places)
    last = WIDTH - 4
    return "".join(
        [
            element("path", d=grid, stroke_width=1.0, **paint(fill="none", stroke="grid")) if grid else "",
            rule(scale.start, bottom, scale.end, bottom),
            group(
                (
                    text(
                        min(place, last - text_width(words, SMALL) / 2),
                        bottom + 14,
                        words,
                        anchor="middle",
                        size=SMALL,
                    )
                    for place, words in zip(places, labels, strict=True)
                ),
                **paint(fill="muted"),
            ),
            _centred((scale.start + scale.end) / 2, bottom + 30, axis_label(label, log=scale.log)),
        ]
    )


def y_axis(scale: Scale, *, left: float, right: float, label: str, top: float | None = None) -> str:
    """Return grid lines, tick labels and the label, which stands above the axis so that it needn't be turned.

    `top` is the upper edge of what is drawn, where that lies above the end of the scale.
    """
    ticks = scale.ticks(6)
    places = [scale(tick) for tick in ticks]
    grid = "".join(f"M{short(left)} {short(place)}H{short(right)}" for place in places)
    names = tick_labels(ticks, log=scale.log)
    return "".join(
        [
            element("path", d=grid, stroke_width=1.0, **paint(fill="none", stroke="grid")) if grid else "",
            group(
                (
                    text(left - 5, place + 4, words, anchor="end", size=SMALL)
                    for place, words in zip(places, names, strict=True)
                ),
                **paint(fill="muted"),
            ),
            text(
                8, (scale.end if top is None else top) - 10, fit(axis_label(label, log=scale.log), WIDTH - 16)
            ),
        ]
    )


def room_for_ticks(scale: Scale) -> float:
    """Return where a chart begins whose vertical axis has its tick labels before it."""
    return 12 + max(text_width(words, SMALL) for words in tick_labels(scale.ticks(6), log=scale.log))


def swatch(role: str, *, dashes: str = "", width: float = 2.0) -> str:
    """Return a line as `legend` shows it."""
    return line(np.array([[0.0, 0.0], [22.0, 0.0]]), role=role, dashes=dashes, width=width)


def legend(entries: Sequence[tuple[str, str]], *, y: float) -> tuple[str, float]:
    """Return swatches with their words, flowing over lines from height `y`, and the height they take.

    Each entry is (a swatch drawn from (0, −4) to (22, 4) around its middle line, words).
    """
    x, drawn, top = 8.0, list[str](), y
    for swatch, words in entries:
        width = 28 + text_width(words, SMALL) + 14
        if x > 8 and x + width > WIDTH:
            x, y = 8.0, y + 17
        drawn.append(
            group([swatch, text(27, 4, words, size=SMALL)], transform=f"translate({short(x)} {short(y + 8)})")
        )
        x += width
    return "".join(drawn), (y + 17 - top if entries else 0.0)


def _fitting(scale: Scale) -> tuple[tuple[float, ...], list[str]]:
    """Return as many ticks, at most 6, as have room for their labels."""
    for most in (6, 5, 4, 3, 2):
        ticks = scale.ticks(most)
        labels = tick_labels(ticks, log=scale.log)
        needed = sum(text_width(words, SMALL) + 12 for words in labels)
        if needed <= abs(scale.end - scale.start):
            return ticks, labels
    return ticks[:1], labels[:1]


def _centred(x: float, y: float, words: str) -> str:
    words = fit(words, WIDTH - 8)
    half = text_width(words) / 2
    return text(min(max(x, half + 4), max(WIDTH - half - 4, half + 4)), y, words, anchor="middle")


# The labels of charts with one row below the other, grouped under headings.


T = TypeVar("T")


def by_group(rows: Sequence[T], groups: Sequence[str]) -> list[tuple[str, list[T]]]:
    """Return the rows of each group together, groups in order of first appearance."""
    gathered: dict[str, list[T]] = {}
    for row, name in zip(rows, groups, strict=True):
        gathered.setdefault(name, []).append(row)
    return list(gathered.items())


def label_width(labels: Sequence[str], most: float, size: float = SIZE) -> float:
    """Return the width of a column for the labels, at most `most`."""
    return min(most, max((text_width(label, size) for label in labels), default=0.0))


def label_text(x: float, y: float, words: str, *, width: float, size: float = SIZE) -> str:
    """Return a label cut to `width`; if it had to be cut, a tooltip holds all of it."""
    shown = fit(words, width, size)
    if shown == " ".join(words.split()):
        return text(x, y, shown, size=size)
    return element("g", tooltip(words), text(x, y, shown, size=size))
