"""Which points of a grid to train: coarse everywhere, then finer wherever neighbours differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from typing import NamedTuple

COARSE = 16
"""About so many lines of each direction are trained first."""

Point = tuple[int, int]
"""Row and column of a point."""


class Rect(NamedTuple):
    """A rectangle of the grid, by its first and last rows and columns; its corners are trained."""

    bottom: int
    top: int
    left: int
    right: int

    @property
    def corners(self) -> tuple[Point, ...]:
        """The four corners."""
        return tuple(product((self.bottom, self.top), (self.left, self.right)))

    @property
    def divisible(self) -> bool:
        """Whether a row or column lies within."""
        return self.top - self.bottom > 1 or self.right - self.left > 1

    def parts(self) -> Iterator[Rect]:
        """Yield its quarters; its halves where it is one row or column wide."""
        for low, high in pairwise(_halved(self.bottom, self.top)):
            for left, right in pairwise(_halved(self.left, self.right)):
                yield Rect(low, high, left, right)


def stride(count: int) -> int:
    """Return the distance of the lines trained first, of `count`: a power of two, 1 below 32 lines."""
    return 2 ** max(0, math.floor(math.log2(count / COARSE)))


def refine(
    shape: tuple[int, int],
    *,
    strides: tuple[int, int],
    train: Callable[[Sequence[Point]], None],
    differ: Callable[[Rect], bool],
) -> list[Rect]:
    """Train points of a grid of `shape` (rows, columns), and return the rectangles it was cut into.

    At first every `strides`-th row and column, and the last; then, round by round, what halves the rectangles
    whose corners `differ`, until they agree or are a single step wide. `train` gets each point once. With
    strides of 1 that is every point. What is smaller than a rectangle of the first round can be missed.
    """
    rows, columns = (_lines(count, step) for count, step in zip(shape, strides, strict=True))
    rects = [Rect(*low_high, *left_right) for low_high in pairwise(rows) for left_right in pairwise(columns)]
    done: set[Point] = set()
    whole: list[Rect] = []
    while rects:
        new = {corner for rect in rects for corner in rect.corners} - done
        train(sorted(new))
        done |= new
        split = [rect for rect in rects if rect.divisible and differ(rect)]
        kept = set(split)
        whole += [rect for rect in rects if rect not in kept]
        rects = [part for rect in split for part in rect.parts()]
    return whole


def _lines(count: int, step: int) -> list[int]:
    return sorted({*range(0, count, step), count - 1})


def _halved(low: int, high: int) -> tuple[int, ...]:
    return (low, (low + high) // 2, high) if high - low > 1 else (low, high)
