"""A proportion, k of n: its interval, Wilson's but wider next to 0 and 1, and the share in percent."""

from __future__ import annotations

import math
from typing import Any, cast

Z95 = 1.959963984540054
"""A standard normal lies within ±z with probability 0.95."""


def wilson(k: int, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Return the ends of the interval, from 0 to 1: every p for which |k/n − p| <= z·√(p(1 − p)/n).

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927)
    209–212. No continuity correction.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    # At the ends the formula gives exactly 0 and 1, except for rounding.
    return 0.0 if k == 0 else max(0.0, centre - half), 1.0 if k == n else min(1.0, centre + half)


def proportion_interval(k: int, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Return the ends of Wilson's interval, or of the exact one-sided limits where these reach further.

    Within a few counts of 0 or 1 Wilson's inner end lies too near to k/n: with a probability just below it,
    a 95 % interval holds the truth in 83 to 84 % of the cases, however large n is. Only that end can miss
    there, so it becomes the limit that misses with the whole 5 %: p for which k or more have that
    probability, I_p(k, n − k + 1) = 0.05, and likewise at 1. L. D. Brown, T. T. Cai and A. DasGupta,
    "Interval estimation for a binomial proportion", Statistical Science 16 (2001) 101–133, section 4.1.1, but
    with the binomial's own limit in place of Poisson's, for as many counts as it lies further out: about ten.

    >>> [round(end, 4) for end in wilson(1, 100)], [round(end, 4) for end in proportion_interval(1, 100)]
    ([0.0018, 0.0545], [0.0005, 0.0545])
    """
    low, high = wilson(k, n, z=z)
    level = math.erfc(z / math.sqrt(2))
    return min(low, _exact_low(k, n, level)), max(high, 1.0 - _exact_low(n - k, n, level))


def _exact_low(k: int, n: int, level: float) -> float:
    """Return the probability with which `k` or more of `n` happen with probability `level`; 0 if k is 0."""
    from scipy import special

    return float(cast("Any", special).betaincinv(k, n - k + 1, level)) if k else 0.0


def format_percent(k: int, n: int, *, decimals: int = 0) -> str:
    """Return k of n in percent without the sign, rounded, but never rounded *to* all or *to* none.

    >>> [format_percent(k, 1000) for k in (1000, 999, 500, 1, 0)]
    ['100', '>99', '50', '<1', '0']
    >>> format_percent(9999, 10_000, decimals=1), format_percent(0, 0)
    ('>99.9', '–')
    """
    return format_share(k / n, decimals=decimals) if n > 0 else "–"


def format_share(share: float, *, decimals: int = 0) -> str:
    """Return a share in percent without the sign, as `format_percent` does.

    >>> format_share(0.9996, decimals=1), format_share(1.0, decimals=1)
    ('>99.9', '100.0')
    """
    shown = f"{100 * share:.{decimals}f}"
    least = 10.0**-decimals
    if float(shown) >= 100 and share < 1:
        return f">{100 - least:.{decimals}f}"
    if float(shown) == 0 and share > 0:
        return f"<{least:.{decimals}f}"
    return shown
