"""Pictures as plain numbers, until a page draws them or a terminal has them in text."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
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
    format_number,
    intervals,
    shapes,
    strips,
    wrapped,
)

# A picture's numbers in a few lines of text: bars, sparklines, chains. Shapes, not colours, carry them.


Numbers = dict[str, Any]
_STEPS = "▁▂▃▄▅▆▇█"
MOST_ROWS = 8
"""Bars or strips of a picture."""
FEWEST = 12
"""Least room that a curve has beside its numbers."""
PEAK = 1.5
"""The highest value of a curve is told if it is this many times that of its higher end."""
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"


def in_text(picture: Numbers, *, width: int, label: str, most: int = MOST_ROWS) -> list[str]:
    """Return the picture's title and its lines, the first after `label`, the others below it.

    Of bars and strips there are `most`.
    """
    margin = " " * len(label)
    room = width - len(label)
    body = _DRAWN[picture["kind"]](picture, room, most)
    title = wrapped(_title(picture), room)
    return [f"{label if place == 0 else margin}{line}".rstrip() for place, line in enumerate([*title, *body])]


def _title(picture: Numbers) -> str:
    unit = picture.get("x_label") if picture["kind"] in ("bars", "histogram") else picture.get("y_label")
    log = picture.get("log") or picture.get("log_y")
    inside = ", ".join(part for part in (unit, "log scale" if log else "") if part)
    return f"{picture['title']} ({inside}):" if inside else f"{picture['title']}:"


def _bars(picture: Numbers, room: int, most: int) -> list[str]:
    bars = picture["bars"]
    places = _telling([bar["value"] for bar in bars], most, log=picture["log"])
    shown = [bars[place] for place in places]
    names = max(len(bar["label"]) for bar in shown)
    numbers = max(len(format_number(bar["value"])) for bar in shown)
    length = max(4, room - names - numbers - 2)
    values = [bar["value"] for bar in shown]
    lines: list[str] = []
    for before, place, bar in zip([-1, *places], places, shown, strict=False):
        if place > before + 1:
            lines.append("…")
        filled = round(length * _share(bar["value"], values, log=picture["log"]))
        number = format_number(bar["value"]).rjust(numbers)
        lines.append(f"{bar['label'].ljust(names)} {number} {'▇' * filled}")
    if picture["usual"]:
        low, high = (format_number(value) for value in picture["usual"])
        lines.append(f"usual: {low} to {high}")
    return lines


def _telling(values: Sequence[float], most: int, *, log: bool) -> list[int]:
    """Return the places of `most` values at most, in order: the ends, and the farthest from the median."""
    if len(values) <= most:
        return list(range(len(values)))
    scaled = [math.log(value) if log and value > 0 else value for value in values]
    middle = statistics.median(scaled)
    inner = sorted(range(1, len(values) - 1), key=lambda place: -abs(scaled[place] - middle))
    return sorted([0, len(values) - 1, *inner[: max(0, most - 2)]])


def _share(value: float, values: Sequence[float], *, log: bool) -> float:
    top = max(values)
    if top <= 0 or value <= 0:
        return 0.0
    if not log:
        return value / top
    least = min(each for each in values if each > 0)
    decades = max(1.0, math.ceil(math.log10(top)) - math.floor(math.log10(least)))
    return 0.08 + 0.92 * (1 - (math.log10(top) - math.log10(value)) / decades)


def _lines(picture: Numbers, room: int, _: int) -> list[str]:
    drawn = picture["lines"][:4]
    names = max((len(one["label"]) for one in drawn), default=0)
    every = [value for one in drawn for value in one["y"] if value is not None]
    lines: list[str] = []
    for one in drawn:
        known = [value for value in one["y"] if value is not None]
        if not known:
            lines.append(f"{one['label'].ljust(names)} no finite value")
            continue
        if len(known) == len(one["y"]) and min(known) == max(known):
            lines.append(f"{one['label'].ljust(names)} {format_number(known[0])} throughout")
            continue
        ends = _ends(one["y"], max(known), room - names - FEWEST)
        length = max(4, min(40, room - names - len(ends) - 2))
        drawn_as = _spark(one, every, length, log=picture["log_y"])
        lines.append(f"{one['label'].ljust(names)} {drawn_as} {ends}")
    return lines


def _ends(values: Sequence[float | None], highest: float, room: int) -> str:
    """Return the first and the last value, and the highest where it is far above both and there is room."""
    first, last = values[0], values[-1]
    ends = f"{_end(first)} → {_end(last)}"
    if first is None or last is None or not highest > PEAK * max(first, last) > 0:
        return ends
    more = f"{ends}, max {format_number(highest)}"
    return more if len(more) <= room else ends


def _end(value: float | None) -> str:
    return "not finite" if value is None else format_number(value)


def _spark(one: dict[str, Any], every: Sequence[float], length: int, *, log: bool) -> str:
    """Return a character for each stretch of the x axis: its mean height; ``!`` where nothing is finite.

    On a log axis the lowest 2 % of the values don't stretch it.
    """
    first, last = one["x"][0], one["x"][-1]
    cells: list[list[float | None]] = [[] for _ in range(length)]
    for x, y in zip(one["x"], one["y"], strict=True):
        cells[min(length - 1, int(length * (x - first) / max(last - first, 1e-12)))].append(y)
    least = sorted(every)[int(0.02 * len(every))] if log else min(every)
    low, high = _height(least, log=log), _height(max(every), log=log)
    drawn, before = "", " "
    for cell in cells:
        known = [_height(value, log=log) for value in cell if value is not None]
        if known:
            share = (sum(known) / len(known) - low) / (high - low) if high > low else 0.5
            before = _STEPS[min(7, max(0, int(8 * share)))]
        elif cell:
            before = "!"
        drawn += before
    return drawn


def _height(value: float, *, log: bool) -> float:
    return math.log10(max(value, 1e-30)) if log else value


def _histogram(picture: Numbers, room: int, _: int) -> list[str]:
    counts, edges = picture["counts"], picture["edges"]
    top = max(counts)
    drawn = "".join(" " if not count else _STEPS[min(7, int(8 * count / top))] for count in counts)
    lines = [f"{format_number(edges[0])} |{drawn}| {format_number(edges[-1])}"]
    band = picture["range"]
    if band:
        low, high = (_bound(band[end], end) for end in ("low", "high"))
        lines += wrapped(f"{band['label']}: {low} to {high}", room)
    return lines


def _bound(value: float | None, end: str) -> str:
    return format_number(value) if value is not None else ("∞" if end == "high" else "−∞")


def _strips(picture: Numbers, room: int, most: int) -> list[str]:
    rows = picture["rows"][:most]
    names = max(len(row["label"]) for row in rows)
    length = min(32, room - names - 3)
    lines: list[str] = []
    for row in rows:
        total = max(1, sum(row["counts"]))
        letters = "".join(_SIGNS[place % 36] * count for place, count in enumerate(row["counts"]))
        lines.append(f"{row['label'].ljust(names)} {letters[:: max(1, math.ceil(total / length))]}")
    key = ", ".join(f"{_SIGNS[place % 36]} {part}" for place, part in enumerate(picture["parts"]))
    more = len(picture["rows"]) - len(rows)
    return [*lines, *wrapped(f"{key}{f'; {more} more batches' if more else ''}", room)]


def _chain(picture: Numbers, room: int, _: int) -> list[str]:
    """Return the links with arrows; a wrong one stands between ✗ signs."""
    parts: list[str] = []
    for node in picture["nodes"]:
        words = f"{node['label']} ({node['note']})" if node["note"] else node["label"]
        parts.append(f"✗ {words} ✗" if node["wrong"] else words)
    arrow = " → " if picture["arrows"] else " · "
    lines: list[str] = []
    for place, part in enumerate(parts):
        more = arrow.rstrip() if place < len(parts) - 1 else ""
        if lines and len(lines[-1]) + len(part) + len(more) + 2 <= room:
            lines[-1] += f" {part}{more}"
        else:
            lines.append(f"{part}{more}")
    return lines


def _shapes(picture: Numbers, room: int, _: int) -> list[str]:
    names = max(len(box["label"]) for box in picture["boxes"])
    return [
        f"{box['label'].ljust(names)} {' × '.join(f'{extent:,}' for extent in box['shape']) or 'a number'}"
        f"{'  ✗' if box['wrong'] else ''}"
        for box in picture["boxes"]
    ]


_DRAWN: dict[str, Callable[[Numbers, int, int], list[str]]] = {
    "bars": _bars,
    "lines": _lines,
    "histogram": _histogram,
    "strips": _strips,
    "chain": _chain,
    "shapes": _shapes,
}


# Pictures as plain numbers, as JSON has them: drawn for a page, told in lines of text for a terminal.


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


def _sketch_bars(picture: Numbers) -> Picture:
    return bars(
        [(bar["label"], bar["value"]) for bar in picture["bars"]],
        x_label=picture["x_label"],
        title=picture["title"],
        log=picture["log"],
        usual=(picture["usual"][0], picture["usual"][1]) if picture["usual"] else None,
    )


def _sketch_lines(picture: Numbers) -> Picture:
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


def _sketch_histogram(picture: Numbers) -> Picture:
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


def _sketch_strips(picture: Numbers) -> Picture:
    rows = [(row["label"], row["counts"]) for row in picture["rows"]]
    return strips(rows, picture["parts"], title=picture["title"])


def _sketch_chain(picture: Numbers) -> Picture:
    links = [Link(label=one["label"], note=one["note"], wrong=one["wrong"]) for one in picture["nodes"]]
    return chain(links, title=picture["title"], arrows=picture["arrows"])


def _sketch_shapes(picture: Numbers) -> Picture:
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
    "bars": _sketch_bars,
    "lines": _sketch_lines,
    "histogram": _sketch_histogram,
    "strips": _sketch_strips,
    "chain": _sketch_chain,
    "shapes": _sketch_shapes,
    "before_after": _before_after,
    "intervals": _intervals,
}
