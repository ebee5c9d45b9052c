"""Rates: k of n with their intervals, by the normal distribution and exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError, as_whole
from trainlab.maths import format_percent, proportion_interval
from trainlab.plain import Plain

# Quantiles and tails of the normal distribution, for intervals and p-values.


def two_sided_quantile(confidence: float) -> float:
    """Return z such that a standard normal lies within ±z with probability `confidence` (0.95 -> 1.96).

    Raises:
        StatsError: `confidence` is not strictly between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise StatsError(
            f"confidence is {confidence!r}, but must lie strictly between 0 and 1; "
            "write 0.95 for a 95 % interval."
        )
    from scipy.special import ndtri

    return float(-ndtri((1.0 - confidence) / 2.0))


def two_sided_p(z: float) -> float:
    """Return the probability that a standard normal lies at least |z| from 0."""
    from scipy.special import ndtr

    return float(2.0 * ndtr(-abs(z)))


def upper_p(z: float) -> float:
    """Return the probability that a standard normal lies above z."""
    from scipy.special import ndtr

    return float(ndtr(-z))


# Exact binomial inference, one candidate per row: intervals and comparisons valid at any level and size.
#
# Wilson's interval is close to its nominal level at 95 %, but at the levels that thousands of candidates
# demand, one in a million, a normal tail says little about a binomial one. These two are never wrong more
# often than they claim.


Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def exact_interval(k: Counts, n: Counts, *, level: float) -> tuple[Floats, Floats]:
    """Return low and high ``[m]`` for `k` of `n` ``[m]``: each misses its rate with probability ≤ `level`.

    The ends are the rates at which k or more, or k or fewer, have probability level / 2: C. J. Clopper and E.
    S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
    26 (1934) 404–413, as quantiles of beta distributions.

    Raises:
        StatsError: an n below 1, a k outside 0..n, or `level` outside (0, 1).
    """
    _check_level(level)
    if (n < 1).any() or (k < 0).any() or (k > n).any():
        raise StatsError("k, n: each k must be from 0 to its n, and each n 1 or more.")
    from scipy import special

    functions = cast("Any", special)
    none, every = k == 0, k == n
    low = functions.betaincinv(np.where(none, 1, k), n - k + 1.0, level / 2)
    high = functions.betainccinv(k + 1.0, np.where(every, 1, n - k), level / 2)
    return np.where(none, 0.0, low), np.where(every, 1.0, high)


def sign_test(better: Bools, others: Bools) -> Floats:
    """Return the one-sided p-values ``[m]`` of `better` ``[n]`` against each of `others` ``[m, n]``.

    Count the seeds on which only one of the two solves. Each p-value is the probability that `better` wins at
    least as many of them as it did if its rate were no higher: then it wins each with probability ½ at most.
    This is McNemar's test in its exact form: Q. McNemar, "Note on the sampling error of the difference
    between correlated proportions or percentages", Psychometrika 12 (1947) 153–157.

    Raises:
        StatsError: the shapes don't fit.
    """
    if better.ndim != 1 or others.ndim != 2 or others.shape[1] != len(better):
        raise StatsError(
            f"better {list(better.shape)}, others {list(others.shape)}: must be [n] and [m, n], on the same "
            "seeds."
        )
    from scipy import special

    wins = (better & ~others).sum(axis=1, dtype=np.int64)
    losses = (others & ~better).sum(axis=1, dtype=np.int64)
    # P(X ≥ wins) of a binomial is an incomplete beta function; with no win it is 1.
    tail = cast("Any", special).betainc(np.maximum(wins, 1), losses + 1.0, 0.5)
    return np.where(wins == 0, 1.0, tail)


def mcnemar_p(a: Bools, b: Bools) -> float:
    """Return the two-sided p-value of `a` and `b`, ``[n]`` on the same seeds, being True equally often.

    Twice the smaller of the two one-sided p-values of `sign_test`, at most 1.
    """
    return min(1.0, 2.0 * min(float(sign_test(a, b[None])[0]), float(sign_test(b, a[None])[0])))


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise StatsError(f"level is {level!r}, but must lie strictly between 0 and 1, as 0.05 does.")


# A rate: k of n seeds, with Wilson's interval, wider next to 0 and 1, and as sentences have it.
#
# How often the interval holds the truth is measured by measure/coverage.py: docs/coverage.md.


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate(Plain):
    """`k` of `n`, and the interval [`low`, `high`] for the probability behind it, from 0 to 1."""

    k: int
    n: int
    low: float
    high: float

    @property
    def estimate(self) -> float:
        """The observed share, k / n."""
        return self.k / self.n

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
    number = as_whole(value)
    if number is None:
        raise StatsError(f"{name} is {value!r}, but must be a whole number; it counts seeds.")
    return number


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
