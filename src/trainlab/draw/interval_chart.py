"""Estimates with their intervals around a reference: a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from trainlab.errors import TrainlabError, listing, nearest

from .axes import Scale, linear_scale
from .formats import counted, decimals_for, format_fixed, format_number
from .frame import legend, x_axis
from .labelled_rows import by_group, label_text, label_width
from .marks import Shape, interval_bar, point, rule
from .picture import Picture, compose
from .svg import SMALL, WIDTH, group, text, tooltip, wrap

Emphasis: TypeAlias = Literal["helps", "hurts", "small", "none"]
_STYLE: Final[dict[Emphasis, tuple[Shape, str, str]]] = {
    "helps": ("up", "good", "helps"),
    "hurts": ("down", "bad", "hurts"),
    "small": ("diamond", "neutral", "shown to be small"),
    "none": ("circle", "neutral", "no difference seen"),
}
_KINDS: Final[tuple[Emphasis, ...]] = ("helps", "hurts", "small", "none")
_ROW: Final = 34.0
_LINE: Final = 14.0
_HEADING: Final = 24.0
_LABELS: Final = 190.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """An estimate between `low` and `high`, in the unit of the chart's axis, and its verdict."""

    label: str
    estimate: float
    low: float
    high: float
    group: str = ""
    emphasis: Emphasis = "none"


def intervals(
    rows: Sequence[Interval],
    *,
    x_label: str,
    title: str,
    reference: float | None = 0.0,
    hold: Sequence[float] = (),
    beside: Sequence[Interval] = (),
    notes: Sequence[str] = (),
) -> Picture:
    """Draw one row for each interval, grouped, against a line at `reference`; `x_label` is words with unit.

    Differences have a sign, and their `reference` is 0; shares have none, or that of one of them.
    A triangle up helps, one down hurts, a diamond is shown to be small, a hollow circle is none of these:
    shape says what colour says. Numbers that aren't finite are said in words. The axis also holds the numbers
    `hold`, and what is in `beside`, the rows of a chart next to this one: drawn with each other's rows, both
    have the same scale in the same place. `notes` are sentences below.

    Raises:
        TrainlabError: if a `low` is above its `high`, or an `emphasis` isn't one of the four.
    """
    for row in rows:
        _check(row)
    both = [*rows, *beside]
    numbers = [value for row in both for value in (row.estimate, row.low, row.high)]
    words = [words for row in both for words in (row.label, _figures(row, numbers, reference))]
    left = 8 + 12 + label_width(words, _LABELS)
    at = [] if reference is None else [reference]
    x = linear_scale([*numbers, *hold, *at], start=left, end=WIDTH - 14, nice=True)
    y, drawn, stretches = 4.0, list[str](), list[tuple[float, float]]()
    for name, members in by_group(rows, [row.group for row in rows]):
        if name:
            drawn.append(text(8, y + 16, name, bold=True))
            y += _HEADING
        top = y
        for row in members:
            label = wrap(row.label, left - 16, lines=2) or [""]
            drawn.append(_row(row, label, x, y, left - 16, _figures(row, numbers, reference)))
            y += _ROW + _LINE * (len(label) - 1)
        stretches.append((top, y))
    lines = [rule(x(v), top, x(v), end, role="text", width=1.2) for v in at for top, end in stretches]
    body = x_axis(x, stretches=stretches, bottom=y, label=x_label) + "".join(lines + drawn)
    used: list[Emphasis] = [kind for kind in _KINDS if any(row.emphasis == kind for row in rows)]
    entries = [(_marker(11, 0, kind), _STYLE[kind][2]) for kind in used] if used != ["none"] else []
    key, taken = legend(entries, y=y + 40)
    return compose(
        body + key,
        height=y + 38 + taken,
        title=title,
        summary=f"{x_label}: {counted(len(rows), 'estimate')}"
        + "".join(f" and the reference {format_number(value)}" for value in at)
        + ".",
        details=[_in_words(row, numbers, reference, verdict=used != ["none"]) for row in rows],
        notes=notes if rows else ["There is nothing to show."],
        headers=["Group", "Row", "Estimate", "Low", "High", "Verdict"],
        rows=[[row.group, row.label, row.estimate, row.low, row.high, row.emphasis] for row in rows],
    )


def _check(row: Interval) -> None:
    if row.emphasis not in _STYLE:
        raise TrainlabError(
            f"emphasis: {row.emphasis!r} of row {row.label!r} isn't {listing(_STYLE)}."
            f"{nearest(row.emphasis, _STYLE)}"
        )
    if row.low > row.high:
        raise TrainlabError(
            f"low: {row.low!r} of row {row.label!r} is above high ({row.high!r}); exchange them."
        )


def _row(row: Interval, label: Sequence[str], x: Scale, y: float, width: float, figures: str) -> str:
    below = _LINE * (len(label) - 1)
    middle = y + (_ROW + below) / 2
    role = _STYLE[row.emphasis][1]
    drawn = [
        tooltip(f"{row.label}: {figures}"),
        *(label_text(8, y + 14 + _LINE * place, line, width=width) for place, line in enumerate(label)),
        text(8, y + 28 + below, figures, size=SMALL, role="muted"),
    ]
    if math.isfinite(row.low) and math.isfinite(row.high):
        drawn.append(interval_bar(x(row.low), x(row.high), middle, role=role))
    if math.isfinite(row.estimate):
        drawn.append(_marker(x(row.estimate), middle, row.emphasis))
    return group(drawn)


def _marker(x: float, y: float, kind: Emphasis) -> str:
    shape, role, _ = _STYLE[kind]
    return point(x, y, shape=shape, role=role, hollow=kind == "none")


def _figures(row: Interval, numbers: Sequence[float], reference: float | None) -> str:
    finite = [abs(value - (reference or 0.0)) for value in numbers if math.isfinite(value)]
    decimals = decimals_for(max(finite, default=0.0))
    estimate, low, high = (
        format_fixed(v, decimals, sign=reference == 0) for v in (row.estimate, row.low, row.high)
    )
    if not math.isfinite(row.estimate):
        return "no estimate"
    if not (math.isfinite(row.low) and math.isfinite(row.high)):
        return f"{estimate} (no interval)"
    return f"{estimate} ({low} to {high})"


def _in_words(row: Interval, numbers: Sequence[float], reference: float | None, *, verdict: bool) -> str:
    place = f"{row.group}, {row.label}" if row.group else row.label
    return f"{place}: {_figures(row, numbers, reference)}{f', {_STYLE[row.emphasis][2]}' if verdict else ''}."
