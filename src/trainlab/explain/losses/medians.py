"""A median with an interval that assumes nothing of the numbers' distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number


@dataclass(frozen=True, kw_only=True, slots=True)
class Median:
    """The median of `n` numbers, and an interval for the median of what they are drawn from."""

    median: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, float | int]:
        """Return the four fields."""
        return {"median": self.median, "low": self.low, "high": self.high, "n": self.n}

    def __str__(self) -> str:
        low, high = (format_number(end) for end in (self.low, self.high))
        return f"{format_number(self.median)} ({low} to {high})"


def median_of(values: npt.ArrayLike, *, confidence: float = 0.95) -> Median:
    """Return the median of ``values [n]`` between two of them, the j-th from either end.

    The interval misses with the probability that fewer than j of n lie on one side, each with ½: j is the
    largest for which both sides together keep it below 1 − confidence (David & Nagaraja, Order Statistics,
    2003, §7.1). Below six values no such j exists, and the interval is from the least to the largest.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n, rank, below = len(ordered), 0, 0.0
    while rank < n // 2:
        below += math.comb(n, rank) * 0.5**n
        if 2 * below > 1 - confidence:
            break
        rank += 1
    place = max(rank, 1)
    return Median(
        median=float(np.median(ordered)),
        low=float(ordered[place - 1]),
        high=float(ordered[n - place]),
        n=n,
    )
