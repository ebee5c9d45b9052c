"""Numbers and tables as the pages write them."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import format_number
from trainlab.stats import Estimate, Rate


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(value: Rate) -> str:
    """Return a share with its interval."""
    return f"{100 * value.estimate:.1f} % ({100 * value.low:.1f}–{100 * value.high:.1f})"


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
