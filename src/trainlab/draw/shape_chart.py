"""Shapes of tensors as rectangles: rows down, columns across."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .formats import counted
from .picture import Picture, compose
from .svg import SMALL, WIDTH, element, fit, group, paint, text, tooltip

_SIDE: Final = 96.0
_LEAST: Final = 14.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A tensor's name and shape, and whether the shape is wrong."""

    label: str
    shape: tuple[int, ...]
    wrong: bool = False

    @property
    def words(self) -> str:
        """``50 × 1``."""
        return " × ".join(f"{extent:,}" for extent in self.shape) or "a number"


def shapes(drawn: Sequence[Shape], *, title: str) -> Picture:
    """Draw the shapes side by side; sides grow with the logarithm, one of 1 is a line of boxes.

    The last axis runs across, all others down; a shape of one axis runs down.
    """
    width = (WIDTH - 16) / max(1, len(drawn))
    most = max((extent for each in drawn for extent in _sides(each.shape)), default=1)
    height = _SIDE + 44
    listed = "; ".join(f"{each.label} {each.words}" for each in drawn)
    return compose(
        "".join(_one(each, 8 + width * place, width, most) for place, each in enumerate(drawn)),
        height=height,
        title=title,
        summary=f"{counted(len(drawn), 'shape')}: {listed}.",
        details=[],
        notes=["Sides grow with the logarithm of the size; ✗ marks what is wrong."],
        headers=["Tensor", "Shape", "Values", "Wrong"],
        rows=[[each.label, each.words, math.prod(each.shape), each.wrong] for each in drawn],
    )


def _sides(shape: Sequence[int]) -> tuple[int, int]:
    """Return the size down and the size across."""
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    return math.prod(shape[:-1]), shape[-1]


def _one(each: Shape, left: float, width: float, most: int) -> str:
    down, across = (_length(extent, most) for extent in _sides(each.shape))
    x, y = left + (width - across) / 2, 4 + _SIDE - down
    dashed: dict[str, str | float] = {"stroke_dasharray": "5 3"} if each.wrong else {}
    rectangle = element(
        "rect",
        x=x,
        y=y,
        width=across,
        height=down,
        stroke_width=2.4 if each.wrong else 1.4,
        **dashed,
        **paint(fill="h1", stroke="bad" if each.wrong else "s1"),
    )
    middle = left + width / 2
    name = f"✗ {each.label}" if each.wrong else each.label
    return group(
        [
            tooltip(f"{each.label}: {each.words}"),
            rectangle,
            text(middle, _SIDE + 22, fit(name, width - 6), anchor="middle", bold=each.wrong),
            text(
                middle,
                _SIDE + 37,
                fit(each.words, width - 6, SMALL),
                anchor="middle",
                size=SMALL,
                role="muted",
            ),
        ]
    )


def _length(extent: int, most: int) -> float:
    share = math.log(max(extent, 1)) / math.log(most) if most > 1 else 0.0
    return _LEAST + (_SIDE - _LEAST) * share
