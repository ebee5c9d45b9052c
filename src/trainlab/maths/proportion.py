"""A proportion, k of n: the score interval of Wilson, and the share in percent, as text."""

from __future__ import annotations

import math

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
