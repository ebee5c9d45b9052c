"""Parts that add up to a sum, as bars that each begin where the previous one ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trainlab.errors import TrainlabError

from .axes import linear_scale
from .formats import counted, format_number
from .frame import legend, x_axis
from .labelled_rows import label_text, label_width
from .marks import cell, rule
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, text, text_width, tooltip

_ROW: Final = 30.0
_BAR: Final = 12.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of a sum; `how` says where it comes from, such as ``0.5 × 2``."""

    label: str
    value: float
    how: str = ""


def contributions(
    parts: Sequence[Part], *, total: float, total_label: str, x_label: str, title: str, shown: int = 12
) -> Picture:
    """Draw one bar for each part, from the sum of those above it to its own end, and one for the total.

    Positive parts are filled, negative ones dashed in outline and of another hue. If there are more than
    `shown` parts, the largest are drawn, in order, and the others together.

    Raises:
        TrainlabError: if a number isn't finite.
    """
    for part in [*parts, Part(label=total_label, value=total)]:
        if not math.isfinite(part.value):
            raise TrainlabError(f"{part.label}: {part.value!r} isn't finite; parts of a sum must be numbers.")
    drawn_parts = _largest(parts, shown)
    ends = [0.0]
    for part in drawn_parts:
        ends.append(ends[-1] + part.value)
    words = [part.how for part in drawn_parts]
    left = 20 + max(
        label_width([part.label for part in drawn_parts] + [total_label], 150),
        label_width(words, 150, SMALL),
    )
    numbers = [format_number(part.value) for part in drawn_parts] + [format_number(total)]
    room = max(text_width(number, SMALL) for number in numbers) + 6
    x = linear_scale([*ends, total, 0.0], start=left + room, end=WIDTH - 10 - room, nice=True)
    drawn: list[str] = []
    y = 2.0
    for part, how, start, end in zip(drawn_parts, words, ends[:-1], ends[1:], strict=True):
        drawn.append(_row(part.label, how, part.value, x(start), x(end), y, left - 14))
        drawn.append(rule(x(end), y + 15 + _BAR / 2, x(end), y + _ROW + 15 - _BAR / 2, dashes="2 2"))
        y += _ROW
    drawn.append(_row(total_label, "", total, x(0.0), x(total), y, left - 14, role="text"))
    y += _ROW
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
        notes=[],
        headers=["Part", "How", "Value"],
        rows=[[part.label, part.how, part.value] for part in parts] + [[total_label, "", total]],
    )


def _largest(parts: Sequence[Part], shown: int) -> list[Part]:
    if len(parts) <= shown:
        return list(parts)
    kept = sorted(sorted(range(len(parts)), key=lambda at: -abs(parts[at].value))[: shown - 1])
    rest = [part for at, part in enumerate(parts) if at not in set(kept)]
    others = Part(label=f"{len(rest):,} others", value=math.fsum(part.value for part in rest))
    return [*(parts[at] for at in kept), others]


def _row(
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
        return cell(low, middle - _BAR / 2, width, _BAR, role=role or "s1")
    return element(
        "rect",
        x=low,
        y=middle - _BAR / 2,
        width=width,
        height=_BAR,
        stroke_width=1.6,
        stroke_dasharray="4 2",
        fill_opacity="0.3",
        **paint(fill="s2", stroke="s2"),
    )
