"""Several differences read together: their p-values corrected by Holm, each with its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from trainlab.stats.estimate import SMALL, Estimate
from trainlab.stats.holm import holm
from trainlab.stats.reading import Reading, reading

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEstimate:
    """A difference of success rates with its interval, its p-values corrected by Holm, and how it reads.

    `p_adjusted` is against no difference, `p_small_adjusted` against one of 2 points or more; both are
    corrected for `together` differences.
    """

    value: Estimate
    p_adjusted: float
    p_small_adjusted: float
    reading: Reading
    together: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return estimate, interval, both p-values and the reading; differences are shares, from −1 to 1."""
        return {
            "estimate": self.value.estimate,
            "low": self.value.low,
            "high": self.value.high,
            "p_adjusted": self.p_adjusted,
            "p_small_adjusted": self.p_small_adjusted,
            "reading": self.reading,
        }


def read_family(family: dict[Key, Estimate]) -> dict[Key, ReadEstimate]:
    """Correct the p-values of estimates that are read together, and put each into words."""
    different = holm(np.array([value.p for value in family.values()]))
    small = holm(np.array([value.p_small for value in family.values()]))
    return {
        key: _read(value, float(p), float(p_small), len(family))
        for (key, value), p, p_small in zip(family.items(), different, small, strict=True)
    }


def _read(value: Estimate, p: float, p_small: float, together: int) -> ReadEstimate:
    return ReadEstimate(
        value=value,
        p_adjusted=p,
        p_small_adjusted=p_small,
        reading=reading(value, p_adjusted=p, p_small_adjusted=p_small),
        together=together,
    )


def passed_over(read: ReadEstimate) -> str:
    """Say of an interval, where Holm's correction doesn't let pass what it by itself would show, why so.

    Empty where there is nothing to explain; else as in ``leaves out 0, but of 15 read together p = 0.12``.
    """
    value = read.value
    if read.reading != "no difference seen":
        return ""
    if value.low >= -SMALL and value.high <= SMALL and value.p_small < 1:
        p = read.p_small_adjusted
        return f"lies within 2 points, but the test for that has {_corrected(p, read.together)}"
    if not value.low <= 0 <= value.high:
        return f"leaves out 0, but the test has {_corrected(read.p_adjusted, read.together)}"
    return ""


def _corrected(p: float, together: int) -> str:
    return f"p = {p:.2g} as one of {together:,} read together (Holm)"
