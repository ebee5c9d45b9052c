"""The labels of charts with one row below the other, grouped under headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .svg import SIZE, element, fit, text, text_width, tooltip

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
