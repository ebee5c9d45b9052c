"""A median with an interval that assumes nothing of the numbers' distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number


@dataclass(frozen=True, kw_only=True, slots=True)
class Median:
    """The median of `n` numbers, and an interval for the median of what they are drawn from.

    `level` is the probability with which such an interval holds that median, exactly.
    """

    median: float
    low: float
    high: float
    n: int
    level: float

    @property
    def sure(self) -> bool:
        """Whether it is a 95 % interval; below six numbers there is none."""
        return self.level >= CONFIDENCE

    def to_dict(self) -> dict[str, float | int]:
        """Return the five fields."""
        return {"median": self.median, "low": self.low, "high": self.high, "n": self.n, "level": self.level}

    def __str__(self) -> str:
        low, high = (format_number(end) for end in (self.low, self.high))
        return f"{format_number(self.median)} ({low} to {high})"


CONFIDENCE = 0.95


def median_of(values: npt.ArrayLike) -> Median:
    """Return the median of ``values [n]`` between two of them, the j-th from either end.

    The interval misses with the probability that fewer than j of n lie on one side, each with ½: j is the
    largest for which both sides together keep it below 1 − `CONFIDENCE` (David & Nagaraja, Order Statistics,
    2003, §7.1). Below six values no such j exists: the interval is from the least to the largest, and its
    level is less.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n, place = len(ordered), 1
    missed = 2.0 * 0.5**n
    while place < n // 2:
        wider = missed + 2.0 * math.comb(n, place) * 0.5**n
        if wider > 1 - CONFIDENCE:
            break
        missed, place = wider, place + 1
    return Median(
        median=float(np.median(ordered)),
        low=float(ordered[place - 1]),
        high=float(ordered[n - place]),
        n=n,
        level=1.0 - missed,
    )
