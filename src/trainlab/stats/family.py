"""Several differences read together: their p-values corrected by Holm, each with its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from trainlab.stats.estimate import Estimate
from trainlab.stats.holm import holm
from trainlab.stats.reading import Reading, reading

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEstimate:
    """A difference of success rates with its interval, its p-values corrected by Holm, and how it reads.

    `p_adjusted` is against no difference, `p_small_adjusted` against one of 2 points or more.
    """

    value: Estimate
    p_adjusted: float
    p_small_adjusted: float
    reading: Reading

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
        key: _read(value, float(p), float(p_small))
        for (key, value), p, p_small in zip(family.items(), different, small, strict=True)
    }


def _read(value: Estimate, p: float, p_small: float) -> ReadEstimate:
    return ReadEstimate(
        value=value,
        p_adjusted=p,
        p_small_adjusted=p_small,
        reading=reading(value, p_adjusted=p, p_small_adjusted=p_small),
    )
