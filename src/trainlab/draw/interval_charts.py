"""A row for each of several: estimates with intervals, points on a strip, before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from trainlab.draw.axes import (
    Scale,
    axis_label,
    by_group,
    label_text,
    label_width,
    legend,
    linear_scale,
    scale_of,
    x_axis,
)
from trainlab.draw.formats import counted, decimals_for, format_fixed, format_number
from trainlab.draw.palette import series_role
from trainlab.draw.picture import Picture, compose
from trainlab.draw.svg import SMALL, WIDTH, Shape, cell, group, interval_bar, point, rule, text, tooltip, wrap
from trainlab.errors import TrainlabError, listing, nearest

# Estimates with their intervals around a reference: a forest plot.


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


# Rows cut into parts: what each batch is made of.


_STRIP_ROW: Final = 17.0
_BAR: Final = 14.0


def strips(rows: Sequence[tuple[str, Sequence[int]]], parts: Sequence[str], *, title: str) -> Picture:
    """Draw a strip for each row, as long as its parts' counts; the parts are numbered as well as coloured.

    Raises:
        TrainlabError: if a row doesn't have a count for each part.
    """
    for name, counts in rows:
        if len(counts) != len(parts):
            raise TrainlabError(f"{name}: {len(counts)} counts for {len(parts)} parts; give one for each.")
    left = 18 + label_width([name for name, _ in rows], 130, SMALL)
    longest = max((sum(counts) for _, counts in rows), default=1) or 1
    scale = (WIDTH - 12 - left) / longest
    drawn = [
        _strip(name, counts, parts, left, scale, 4 + _STRIP_ROW * place)
        for place, (name, counts) in enumerate(rows)
    ]
    bottom = 8 + _STRIP_ROW * len(rows)
    entries = [(_swatch(place), f"{place + 1}: {part}") for place, part in enumerate(parts)]
    key, taken = legend(entries, y=bottom)
    return compose(
        "".join(drawn) + key,
        height=bottom + taken + 4,
        title=title,
        summary=f"{counted(len(rows), 'strip')} of {counted(len(parts), 'part')}.",
        details=[f"{name}: {_strip_in_words(counts, parts)}." for name, counts in rows],
        headers=["Row", *(f"{part} (rows)" for part in parts)],
        rows=[[name, *counts] for name, counts in rows],
    )


def _strip(
    name: str, counts: Sequence[int], parts: Sequence[str], left: float, scale: float, y: float
) -> str:
    drawn = [label_text(8, y + 11, name, width=left - 14, size=SMALL)]
    x = left
    for place, count in enumerate(counts):
        width = count * scale
        if count:
            drawn.append(
                cell(
                    x,
                    y,
                    max(width - 1, 0.6),
                    _BAR,
                    role=series_role(place),
                    words=f"{name}: {count} {parts[place]}",
                )
            )
            if width >= 13:
                drawn.append(
                    text(
                        x + width / 2,
                        y + 11,
                        str(place + 1),
                        anchor="middle",
                        size=SMALL,
                        role="bg",
                        bold=True,
                    )
                )
        x += width
    return group([tooltip(f"{name}: {_strip_in_words(counts, parts)}"), *drawn])


def _swatch(place: int) -> str:
    return cell(3, -6, 16, 12, role=series_role(place)) + text(
        11, 4, str(place + 1), anchor="middle", size=SMALL, role="bg", bold=True
    )


def _strip_in_words(counts: Sequence[int], parts: Sequence[str]) -> str:
    return ", ".join(f"{count} {part}" for count, part in zip(counts, parts, strict=True) if count) or "empty"


# Pairs of numbers, before and after a change, one per row.


_BEFORE_ROW: Final = 20.0
_END: Final = WIDTH - 104.0


@dataclass(frozen=True, kw_only=True, slots=True)
class BeforeAfter:
    """A label, and a number before and after; NaN or infinity if there is none."""

    label: str
    before: float
    after: float


def before_after(rows: Sequence[BeforeAfter], *, x_label: str, title: str, log: bool = False) -> Picture:
    """Draw a hollow circle for each number before and a diamond for that after, joined by a line.

    Numbers that aren't finite are given in words at the end of the row.
    """
    finite = [value for row in rows for value in (row.before, row.after) if math.isfinite(value)]
    log = log and bool(finite) and min(finite) > 0
    left = 24 + label_width([row.label for row in rows], 130, SMALL)
    x = scale_of(np.array(finite), start=left, end=_END, log=log)
    bottom = 8 + _BEFORE_ROW * len(rows)
    entries = [(_before(11, 0), "unchanged"), (_after(11, 0), "with the remedy")]
    key, taken = legend(entries, y=bottom + 38)
    drawn = [_before_row(row, x, 4 + _BEFORE_ROW * place) for place, row in enumerate(rows)]
    return compose(
        x_axis(x, stretches=[(4, bottom)], bottom=bottom, label=x_label) + "".join(drawn) + key,
        height=bottom + 38 + taken,
        title=title,
        summary=f"{axis_label(x_label, log=log)}: unchanged and with the remedy.",
        details=[f"{row.label}: {_before_in_words(row)}." for row in rows],
        headers=["Row", "Unchanged", "With the remedy"],
        rows=[[row.label, row.before, row.after] for row in rows],
    )


def _before_row(row: BeforeAfter, x: Scale, top: float) -> str:
    middle = top + _BEFORE_ROW / 2
    drawn = [
        tooltip(f"{row.label}: {_before_in_words(row)}"),
        label_text(8, middle + 4, row.label, width=130, size=SMALL),
    ]
    if math.isfinite(row.before) and math.isfinite(row.after):
        drawn.append(rule(x(row.before), middle, x(row.after), middle, role="muted", width=1.4))
    drawn += [_before(x(row.before), middle)] if math.isfinite(row.before) else []
    drawn += [_after(x(row.after), middle)] if math.isfinite(row.after) else []
    missing = [
        words
        for value, words in ((row.before, "unchanged: none"), (row.after, "remedy: none"))
        if not math.isfinite(value)
    ]
    drawn.append(text(_END + 12, middle + 4, "; ".join(missing), size=SMALL, role="muted") if missing else "")
    return group(drawn)


def _before(x: float, y: float) -> str:
    return point(x, y, shape="circle", role="neutral", hollow=True, radius=5.2)


def _after(x: float, y: float) -> str:
    return point(x, y, shape="diamond", role="s1")


def _before_in_words(row: BeforeAfter) -> str:
    before, after = (
        format_number(value) if math.isfinite(value) else "no finite number"
        for value in (row.before, row.after)
    )
    return f"{before} unchanged, {after} with the remedy"
