"""Pictures as plain numbers, as JSON has them: drawn for a page, told in lines of text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainlab.draw import (
    BeforeAfter,
    Curve,
    Interval,
    Link,
    Picture,
    Shape,
    bars,
    before_after,
    binned,
    chain,
    curves,
    intervals,
    shapes,
    strips,
)
from trainlab.page.text_picture import MOST_ROWS, in_text

Numbers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A picture's `numbers`: its `kind`, its `title` and what that kind needs (`diagnosis.pictures`)."""

    numbers: Numbers

    def drawn(self) -> Picture:
        """Return the picture for a page."""
        return _KINDS[self.numbers["kind"]](self.numbers)

    def lines(self, *, width: int, label: str, most: int = MOST_ROWS) -> list[str]:
        """Return the picture in lines of text, the first after `label`; of bars and strips `most`."""
        return in_text(self.numbers, width=width, label=label, most=most)


def _bars(picture: Numbers) -> Picture:
    return bars(
        [(bar["label"], bar["value"]) for bar in picture["bars"]],
        x_label=picture["x_label"],
        title=picture["title"],
        log=picture["log"],
        usual=(picture["usual"][0], picture["usual"][1]) if picture["usual"] else None,
    )


def _lines(picture: Numbers) -> Picture:
    series = [
        Curve(label=one["label"], x=one["x"], median=[math.nan if y is None else y for y in one["y"]])
        for one in picture["lines"]
    ]
    return curves(
        series,
        x_label=picture["x_label"],
        y_label=picture["y_label"],
        title=picture["title"],
        # A report of an older trainlab may say no where a spike needs one.
        log_y=picture["log_y"] or None,
        middle="value",
    )


def _histogram(picture: Numbers) -> Picture:
    band = picture["range"]
    reach = None
    if band:
        reach = (
            -math.inf if band["low"] is None else band["low"],
            math.inf if band["high"] is None else band["high"],
        )
    return binned(
        picture["edges"],
        picture["counts"],
        x_label=picture["x_label"],
        title=picture["title"],
        reach=reach,
        reach_label=band["label"] if band else "",
    )


def _strips(picture: Numbers) -> Picture:
    rows = [(row["label"], row["counts"]) for row in picture["rows"]]
    return strips(rows, picture["parts"], title=picture["title"])


def _chain(picture: Numbers) -> Picture:
    links = [Link(label=one["label"], note=one["note"], wrong=one["wrong"]) for one in picture["nodes"]]
    return chain(links, title=picture["title"], arrows=picture["arrows"])


def _shapes(picture: Numbers) -> Picture:
    boxes = [Shape(label=b["label"], shape=tuple(b["shape"]), wrong=b["wrong"]) for b in picture["boxes"]]
    return shapes(boxes, title=picture["title"])


def _before_after(picture: Numbers) -> Picture:
    rows = [
        BeforeAfter(label=row["label"], before=_number(row["before"]), after=_number(row["after"]))
        for row in picture["rows"]
    ]
    return before_after(rows, x_label=picture["x_label"], title=picture["title"], log=picture["log"])


def _intervals(picture: Numbers) -> Picture:
    rows = [Interval(**row) for row in picture["rows"]]
    hold = (0.0, 100.0)
    return intervals(rows, x_label=picture["x_label"], title=picture["title"], reference=None, hold=hold)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


_KINDS: dict[str, Callable[[Numbers], Picture]] = {
    "bars": _bars,
    "lines": _lines,
    "histogram": _histogram,
    "strips": _strips,
    "chain": _chain,
    "shapes": _shapes,
    "before_after": _before_after,
    "intervals": _intervals,
}
