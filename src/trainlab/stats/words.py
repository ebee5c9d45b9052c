"""Rates as sentences have them; every interval is "low to high"."""

from __future__ import annotations

from trainlab.maths import format_percent
from trainlab.stats.rate import Rate


def share_words(value: Rate, of: str = "seeds") -> str:
    """Return a rate with its interval, here `of` ``"seeds"``: ``9 of 10 seeds (90.0 %, 59.6 to 98.2 %)``.

    `of` is in the plural; of one it is ``1 of 1 seed``.
    """
    share = format_percent(value.k, value.n, decimals=1)
    what = of.replace("seeds", "seed").replace("runs", "run") if value.n == 1 else of
    return f"{value.k:,} of {value.n:,} {what} ({share} %, {100 * value.low:.1f} to {100 * value.high:.1f} %)"


def percent_words(value: Rate) -> str:
    """Return the share alone, rounded, but never to all or to none: ``90 %``, ``>99 %``."""
    return f"{format_percent(value.k, value.n)} %"
