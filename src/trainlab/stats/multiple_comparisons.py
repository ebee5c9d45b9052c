"""Several differences read together: p-values corrected by Holm, and the words that these allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.estimate import SMALL, Estimate


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the adjusted p-values [m], in the order given.

    With the p-values sorted upwards, the i-th (from 0) becomes the largest of (m − j)·p_j over j <= i, and at
    most 1. Rejecting those below α keeps the chance of any false rejection below α, whatever the dependence:
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979) 65–70.

    Raises:
        StatsError: more than one axis, NaN, or a value outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise StatsError(
            f"p_values has the shape {list(p.shape)}, but must be [m]; flatten what is read together."
        )
    wrong = ~((p >= 0.0) & (p <= 1.0))  # true for NaN as well
    if wrong.any():
        raise StatsError(
            f"p_values holds {float(p[wrong][0])!r} at position {int(wrong.argmax())}, but each must be from "
            "0 to 1; leave out what was not tested."
        )
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(adjusted, 1.0)


Reading = Literal["helps", "hurts", "shown to be small", "no difference seen"]

SIGNIFICANCE = 0.05


def reading(estimate: Estimate, *, p_adjusted: float, p_small_adjusted: float) -> Reading:
    """Return what the numbers allow to say: the first of these that applies.

    1. "shown to be small": `p_small_adjusted` is below 0.05, so that the whole interval lies within ±2
       points. This comes first, so that a real but negligible effect, which many seeds make significant,
       isn't sold as help.
    2. "helps" or "hurts", by the sign: `p_adjusted` is below 0.05.
    3. "no difference seen": neither. It says what these seeds could not show, not that there is nothing.

    Both p-values are the estimate's, each corrected by `holm` for all effects read together. So the chance
    that any effect of a family is wrongly called small is about 5 % at most, and so is the chance that any is
    wrongly said to help or hurt.

    Raises:
        StatsError: a p-value outside 0 to 1 or NaN.
    """
    for name, p in (("p_adjusted", p_adjusted), ("p_small_adjusted", p_small_adjusted)):
        if not 0.0 <= p <= 1.0:
            raise StatsError(f"{name} is {p!r}, but must be from 0 to 1; take it from holm().")
    if p_small_adjusted < SIGNIFICANCE:
        return "shown to be small"
    if p_adjusted < SIGNIFICANCE:
        return "helps" if estimate.estimate > 0 else "hurts"
    return "no difference seen"


Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEstimate:
    """A difference of success rates with its interval, its Holm-corrected p-values, and its reading.

    `p_adjusted` tests against no difference, `p_small_adjusted` against one of 2 points or more; both are
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
    """Explain an interval that alone would show something, where Holm's correction says that it doesn't.

    Empty where there is nothing to explain; else as in ``leaves out 0, but the test has p = 0.12 as one of 15
    read together (Holm)``.
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
