"""Pairs of numbers, before and after a change, one per row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .axes import Scale, axis_label, linear_scale, log_scale
from .formats import format_number
from .frame import legend, x_axis
from .labelled_rows import label_text, label_width
from .marks import point, rule
from .picture import Picture, compose
from .svg import SMALL, WIDTH, group, text, tooltip

_ROW: Final = 20.0
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
    x = log_scale(finite, start=left, end=_END) if log else _linear(finite, left)
    bottom = 8 + _ROW * len(rows)
    entries = [(_before(11, 0), "unchanged"), (_after(11, 0), "with the remedy")]
    key, taken = legend(entries, y=bottom + 38)
    drawn = [_row(row, x, 4 + _ROW * place) for place, row in enumerate(rows)]
    return compose(
        x_axis(x, stretches=[(4, bottom)], bottom=bottom, label=x_label) + "".join(drawn) + key,
        height=bottom + 38 + taken,
        title=title,
        summary=f"{axis_label(x_label, log=log)}: unchanged and with the remedy.",
        details=[f"{row.label}: {_in_words(row)}." for row in rows],
        notes=[],
        headers=["Row", "Unchanged", "With the remedy"],
        rows=[[row.label, row.before, row.after] for row in rows],
    )


def _linear(finite: list[float], left: float) -> Scale:
    return linear_scale(finite, start=left, end=_END, nice=True)


def _row(row: BeforeAfter, x: Scale, top: float) -> str:
    middle = top + _ROW / 2
    drawn = [
        tooltip(f"{row.label}: {_in_words(row)}"),
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


def _in_words(row: BeforeAfter) -> str:
    before, after = (
        format_number(value) if math.isfinite(value) else "no finite number"
        for value in (row.before, row.after)
    )
    return f"{before} unchanged, {after} with the remedy"
