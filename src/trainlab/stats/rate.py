"""A rate: k of n seeds, with Wilson's interval, wider next to 0 and 1, and as sentences have it.

How often the interval holds the truth is measured by benchmarks/coverage.py: docs/coverage.md.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, cast

from trainlab.errors import StatsError
from trainlab.maths import format_percent, proportion_interval
from trainlab.stats.normal import two_sided_p, two_sided_quantile


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """`k` of `n`, and the interval [`low`, `high`] for the probability behind it, from 0 to 1."""

    k: int
    n: int
    low: float
    high: float

    @property
    def estimate(self) -> float:
        """The observed share, k / n."""
        return self.k / self.n

    def to_dict(self) -> dict[str, float | int]:
        """Return ``{"k", "n", "low", "high"}``, as JSON has it."""
        return {"k": self.k, "n": self.n, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        share, low, high = (f"{100 * value:.1f}" for value in (self.estimate, self.low, self.high))
        return f"{self.k:,} of {self.n:,} ({share} %, {low}–{high} %)"


def rate(k: int, n: int, *, confidence: float = 0.95) -> Rate:
    """Return `k` of `n` with its interval: Wilson's, which next to 0 and 1 is too short and made wider.

    It holds every p for which |k/n − p| <= z·√(p(1 − p)/n) (Wilson 1927), and every p up to k/n for which k
    or more of n have a probability above 1 − confidence, and likewise above k/n (Brown, Cai and DasGupta
    2001): see `maths.proportion_interval`.

    Raises:
        StatsError: n < 1, k outside 0..n, either not a whole number, or `confidence` outside (0, 1).
    """
    k, n = _whole("k", k), _whole("n", n)
    if n < 1:
        raise StatsError(f"n is {n}, but a rate needs at least 1 seed; run some seeds first.")
    if not 0 <= k <= n:
        raise StatsError(f"k is {k}, but must be from 0 to n = {n}; it counts some of the n seeds.")
    low, high = proportion_interval(k, n, z=two_sided_quantile(confidence))
    return Rate(k=k, n=n, low=low, high=high)


def share_p(value: Rate, share: float) -> float:
    """Return the two-sided p-value of the hypothesis that the probability behind a rate is `share`.

    It is that of Wilson's score test, with (k/n − share) / √(share·(1 − share)/n) as a standard normal, or of
    the exact one-sided test on the side of k/n if that is larger. So it is below 1 − confidence exactly when
    `share` is outside the interval.

    Raises:
        StatsError: `share` is not strictly between 0 and 1.
    """
    if not 0.0 < share < 1.0:
        raise StatsError(f"share is {share!r}, but must lie strictly between 0 and 1; write 0.5 for half.")
    score = two_sided_p((value.estimate - share) / math.sqrt(share * (1 - share) / value.n))
    few, chance = (value.k, share) if value.estimate >= share else (value.n - value.k, 1 - share)
    from scipy import special

    # As many or more have the probability I_chance(few, n − few + 1).
    return max(score, float(cast("Any", special).betainc(few, value.n - few + 1, chance)))


def _whole(name: str, value: int) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise StatsError(f"{name} is {value!r}, but must be a whole number; it counts seeds.") from None


def share_words(value: Rate, of: str = "seeds") -> str:
    """Return a rate with its interval, as ``9 of 10 seeds (90.0 %, 59.6 to 99.5 %)`` with `of` ``"seeds"``.

    `of` is a plural; if `n` is 1 it becomes singular, ``1 of 1 seed``.
    """
    share = format_percent(value.k, value.n, decimals=1)
    what = of.replace("seeds", "seed").replace("runs", "run") if value.n == 1 else of
    return f"{value.k:,} of {value.n:,} {what} ({share} %, {100 * value.low:.1f} to {100 * value.high:.1f} %)"


def points_words(share: float) -> str:
    """Return a share, such as the width of an interval, in points.

    >>> points_words(0.02), points_words(0.01)
    ('2 points', '1 point')
    """
    points = f"{100 * share:.4g}"
    return f"{points} point{'' if points == '1' else 's'}"


def percent_words(value: Rate) -> str:
    """Return the share alone, rounded, but never up to all or down to none: ``90 %``, ``>99 %``."""
    return f"{format_percent(value.k, value.n)} %"
