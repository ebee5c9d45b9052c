"""Numbers as the pages write them."""

from __future__ import annotations

from trainlab.draw import format_number
from trainlab.stats import Estimate


def under(value: float) -> str:
    """Return a difference that is rounding as a bound, the same on every machine; larger ones as they are."""
    return "less than 10⁻¹²" if abs(value) < 1e-12 else format_number(abs(value))


def cell(words: str) -> str:
    """Return words for a cell of a Markdown table, in which a bar would end it."""
    return words.replace("|", "\\|")


def chance(p: float) -> str:
    """Return a p-value."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def points(value: Estimate) -> str:
    """Return a difference of shares in points, without the word."""
    return str(value).replace(" points", "")
