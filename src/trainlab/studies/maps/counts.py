"""The points of a plane: which are trained, in rounds of refinement, and what they count to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.studies.causes import standing_still, vanishing

# Which points of a grid to train: coarse everywhere, then finer wherever neighbours differ.


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


# What the runs at each point of the plane came to: counts where it was trained, shares everywhere.


Outcome = Literal["solved", "diverged", "vanishing gradient", "standing still", "stuck"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What a run can come to; the first four as in a study, stuck is whatever failed otherwise."""

LEVELS = (0.5, 0.9)
"""Contours of the share solved; from the last on, training is said to work."""

DIFFERENT = 0.1
"""Neighbours differ when the shares of their seeds that are solved, or diverged, are further apart."""

Floats = npt.NDArray[np.float64]
Counted = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Counts:
    """`runs [outcome, y, x]`: how many of `seeds` came to each of `OUTCOMES`, −1 where nothing was trained.

    `epochs [y, x]` is, over the solved runs, the median of the first recorded epoch that was solved; NaN
    where none was.
    """

    seeds: int
    runs: Counted
    epochs: Floats

    @property
    def trained(self) -> Bools:
        """Which points were trained, ``[y, x]``."""
        return np.asarray(self.runs[0] >= 0, dtype=np.bool_)

    def put(self, point: Point, runs: Runs) -> None:
        """Count the runs of one point."""
        solved, diverged = runs.solved, runs.diverged & ~runs.solved
        counts = [int(which.sum()) for which in (solved, diverged, vanishing(runs), standing_still(runs))]
        self.runs[:, *point] = [*counts, self.seeds - sum(counts)]
        epochs = runs.solved_epoch[solved & (runs.solved_epoch >= 0)]
        self.epochs[point] = np.median(epochs) if len(epochs) else np.nan

    def differ(self, rect: Rect) -> bool:
        """Whether a rectangle's corners differ in the commonest outcome, or the share solved or diverged."""
        corners = np.array([self.runs[:, *point] for point in rect.corners])
        if len(set(corners.argmax(axis=1).tolist())) > 1:
            return True
        return bool((np.ptp(corners[:, :2], axis=0) > DIFFERENT * self.seeds).any())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shares:
    """`runs [outcome, y, x]`: the share of seeds that came to each of `OUTCOMES`; `epochs` as in `Counts`.

    Where a point was trained, what was counted; elsewhere, what lies between the corners of its rectangle.
    """

    runs: Floats
    epochs: Floats

    @property
    def solved(self) -> Floats:
        """The share of seeds solved, ``[y, x]``."""
        return self.runs[0]

    @property
    def outcome(self) -> npt.NDArray[np.intp]:
        """The commonest outcome, as a place in `OUTCOMES`, ``[y, x]``; of several, the first.

        It is what most seeds came to only where its share is above one half.
        """
        return self.runs.argmax(axis=0)


def no_counts(shape: tuple[int, int], *, seeds: int) -> Counts:
    """Return the counts of a plane of which nothing was trained yet."""
    return Counts(
        seeds=seeds,
        runs=np.full((len(OUTCOMES), *shape), -1, dtype=np.int32),
        epochs=np.full(shape, np.nan),
    )


def interpolate(counts: Counts, rects: Iterable[Rect]) -> Shares:
    """Fill in what wasn't trained: bilinear in rows and columns between the corners of its rectangle.

    Epochs are interpolated by ratio, and only between four corners that have some.
    """
    trained = counts.trained
    shares: Floats = np.where(trained, counts.runs / counts.seeds, np.nan)
    epochs = counts.epochs.copy()
    # Smaller rectangles last: on the edge that two share, theirs are the nearer corners.
    for rect in sorted(rects, key=_area, reverse=True):
        if not rect.divisible:
            continue
        inside = (slice(rect.bottom, rect.top + 1), slice(rect.left, rect.right + 1))
        missing = ~trained[inside]
        between = _between(shares[:, *_corners(rect)], rect)
        shares[:, *inside] = np.where(missing, between, shares[:, *inside])
        filled = np.exp(_between(np.log(np.maximum(epochs[_corners(rect)], 0.5)), rect))
        # On a common edge, what the other rectangle knows is kept if this one knows nothing.
        epochs[inside] = np.where(missing & np.isfinite(filled), filled, epochs[inside])
    return Shares(runs=shares, epochs=epochs)


def _area(rect: Rect) -> int:
    return (rect.top - rect.bottom) * (rect.right - rect.left)


def _corners(rect: Rect) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    rows, columns = np.ix_([rect.bottom, rect.top], [rect.left, rect.right])
    return rows, columns


def _between(corners: Floats, rect: Rect) -> Floats:
    """Return ``[…, rows, columns]`` of a rectangle from its corners ``[…, 2, 2]``."""
    up = np.linspace(0.0, 1.0, rect.top - rect.bottom + 1)[:, None]
    across = np.linspace(0.0, 1.0, rect.right - rect.left + 1)
    low, high = corners[..., 0, :], corners[..., 1, :]
    left = low[..., 0, None, None] * (1 - up) + high[..., 0, None, None] * up
    right = low[..., 1, None, None] * (1 - up) + high[..., 1, None, None] * up
    return left * (1 - across) + right * across
