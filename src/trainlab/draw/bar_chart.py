"""One bar per name: sizes by layer, counts, shares; with the usual range as a band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from trainlab.errors import TrainlabError

from .axes import Scale, axis_label, linear_scale, log_scale
from .formats import counted, format_number
from .frame import legend, x_axis
from .labelled_rows import label_text
from .marks import cell
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, group, paint, text, text_width, tooltip

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
        notes=[],
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
