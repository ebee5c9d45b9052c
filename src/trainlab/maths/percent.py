"""Shares in percent, as text: rounded, but never to all or to none."""

from __future__ import annotations


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
