"""How tables format rates, differences in points, p-values and readings."""

from __future__ import annotations

from trainlab.draw import format_fixed
from trainlab.stats import Rate, ReadEstimate, passed_over

UNKNOWN = "–"


def or_nothing(value: float | str | None) -> float | str:
    """Return the value, or nothing where there is none."""
    return "" if value is None else value


def or_unknown(value: float | str | None) -> float | str:
    """Return the value, or a dash where it isn't known."""
    return UNKNOWN if value is None else value


def count_of(value: Rate | None) -> str:
    """Return ``12 of 16``, or nothing where there is no rate."""
    return "" if value is None else f"{value.k:,} of {value.n:,}"


def share(value: Rate) -> str:
    """Return a rate in percent with its interval: ``95.9 % (94.5–97.0)``."""
    return f"{share_alone(value)} ({100 * value.low:.1f}–{100 * value.high:.1f})"


def share_alone(value: Rate) -> str:
    """Return a rate in percent: ``95.9 %``."""
    return f"{100 * value.estimate:.1f} %"


def share_under_percent(value: Rate | None) -> str:
    """Return a rate with its interval, for a column whose heading has the unit: ``95.9 (94.5–97.0)``."""
    return "" if value is None else share(value).replace(" %", "")


def points(value: ReadEstimate | None) -> str:
    """Return a difference of success rates in points with its interval: ``+37.1 (+36.2 to +37.8)``."""
    if value is None:
        return UNKNOWN
    estimate, low, high = (
        format_fixed(100 * number, 1, sign=True)
        for number in (value.value.estimate, value.value.low, value.value.high)
    )
    return f"{estimate} ({low} to {high})"


def reading(value: ReadEstimate | None) -> str:
    """Return how a difference reads, with the reason if its interval by itself would read differently."""
    if value is None:
        return UNKNOWN
    return f"{value.reading}, of {value.together:,} read together" if passed_over(value) else value.reading


def p_value(value: ReadEstimate | None) -> str:
    """Return the corrected p-value with three decimals, or ``<0.001``."""
    if value is None:
        return UNKNOWN
    return "<0.001" if value.p_adjusted < 0.001 else f"{value.p_adjusted:.3f}"
