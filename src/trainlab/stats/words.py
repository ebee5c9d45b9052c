"""Rates as sentences have them; every interval is "low to high"."""

from __future__ import annotations

from trainlab.stats.rate import Rate


def share_words(value: Rate, of: str = "seeds") -> str:
    """Return a rate with its interval, here `of` ``"seeds"``: ``9 of 10 seeds (90.0 %, 59.6 to 98.2 %)``."""
    share, low, high = (f"{100 * number:.1f}" for number in (value.estimate, value.low, value.high))
    return f"{value.k:,} of {value.n:,} {of} ({share} %, {low} to {high} %)"


def percent_words(value: Rate) -> str:
    """Return the share alone, rounded: ``90 %``."""
    return f"{100 * value.estimate:.0f} %"
