"""A diagnosis's pictures, drawn from their plain numbers: what was seen, and what remedies did."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from trainlab.draw import (
    BeforeAfter,
    Curve,
    Link,
    Picture,
    Shape,
    bars,
    before_after,
    binned,
    chain,
    curves,
    shapes,
    strips,
)

Numbers = dict[str, Any]


def drawn(picture: Numbers) -> Picture:
    """Return the picture of the numbers that a report or finding holds (`diagnosis.pictures`)."""
    return _KINDS[picture["kind"]](picture)


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


_KINDS: dict[str, Callable[[Numbers], Picture]] = {
    "bars": _bars,
    "lines": _lines,
    "histogram": _histogram,
    "strips": _strips,
    "chain": _chain,
    "shapes": _shapes,
}


def trial_picture(trial: dict[str, Any]) -> Picture | None:
    """Return the picture of a trial as JSON has it; None where nothing can be compared."""
    name = "loss" if trial["same_loss"] or not trial["reached_as"] else "reached"
    words = (
        "Last loss"
        if name == "loss"
        else f"{trial['reached_as'][:1].upper()}{trial['reached_as'][1:]} reached"
    )
    rows = [
        BeforeAfter(
            label=f"seed {one['seed']}",
            before=_number(one["before"][name]),
            after=_number(one["after"][name]),
        )
        for one in trial["seeds"]
    ]
    if trial["verdict"] in ("no hold", "failed") or not any(math.isfinite(row.after) for row in rows):
        return None
    return before_after(
        rows, x_label=words, title=f"With {trial['remedy']}, seed by seed", log=name == "loss"
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
