"""Shares in percent, as text: rounded, but never to all or to none."""

from __future__ import annotations


def format_percent(k: int, n: int, *, decimals: int = 0) -> str:
    """Return k of n in percent without the sign, rounded, but never rounded *to* all or *to* none.

    >>> [format_percent(k, 1000) for k in (1000, 999, 500, 1, 0)]
    ['100', '>99', '50', '<1', '0']
    >>> format_percent(9999, 10_000, decimals=1), format_percent(0, 0)
    ('>99.9', '–')
    """
    if n <= 0:
        return "–"
    shown = f"{100 * k / n:.{decimals}f}"
    least = 10.0**-decimals
    if float(shown) >= 100 and k < n:
        return f">{100 - least:.{decimals}f}"
    if float(shown) == 0 and k > 0:
        return f"<{least:.{decimals}f}"
    return shown
