"""The score interval of Wilson for a probability, from k of n."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""A standard normal lies within ±z with probability 0.95."""


def wilson(k: int, n: int, *, z: float = Z95) -> tuple[float, float]:
    """Return the ends of the interval, within 0 to 1: every p for which |k/n − p| <= z·√(p(1 − p)/n).

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927)
    209–212. No continuity correction.

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    # At the ends the formula gives exactly 0 and 1, save for rounding.
    return 0.0 if k == 0 else max(0.0, centre - half), 1.0 if k == n else min(1.0, centre + half)
