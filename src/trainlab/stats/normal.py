"""Quantiles and tails of the normal distribution, for intervals and p-values."""

from __future__ import annotations

from trainlab.errors import StatsError


def two_sided_quantile(confidence: float) -> float:
    """Return z such that a standard normal lies within ±z with probability `confidence` (0.95 -> 1.96).

    Raises:
        StatsError: `confidence` is not strictly between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise StatsError(
            f"confidence is {confidence!r}, but must lie strictly between 0 and 1; "
            "write 0.95 for a 95 % interval."
        )
    from scipy.special import ndtri

    return float(-ndtri((1.0 - confidence) / 2.0))


def two_sided_p(z: float) -> float:
    """Return the probability that a standard normal lies at least |z| from 0."""
    from scipy.special import ndtr

    return float(2.0 * ndtr(-abs(z)))


def upper_p(z: float) -> float:
    """Return the probability that a standard normal lies above z."""
    from scipy.special import ndtr

    return float(ndtr(-z))
