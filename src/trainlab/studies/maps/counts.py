"""What the runs at each point of the plane came to: counts where it was trained, shares everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.studies.causes import standing_still, vanishing
from trainlab.studies.maps.refine import Point, Rect

Outcome = Literal["solved", "diverged", "vanishing gradient", "standing still", "stuck"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What a run can come to; the first four as in a study, stuck is whatever failed otherwise."""

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
