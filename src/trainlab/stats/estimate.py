"""An estimated difference of rates, with its interval and p-value."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = 0.02
"""A difference within ±2 points is called small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A difference of rates on `n` seeds, as a share (0.1 is 10 points), not in percent.

    `p` is two-sided and fits the interval: it is below 1 − confidence exactly when 0 is outside [low, high].
    `p_small` tests against a difference of ±`SMALL` or more: it is the larger p-value of the two one-sided
    tests, doubled. If it is below 1 − confidence, the whole interval lies within ±`SMALL`; it asks for a
    little more, see `contrast`. It is 1 where that test isn't made, as for unbounded scores.
    """

    estimate: float
    low: float
    high: float
    p: float
    p_small: float
    n: int

    def __str__(self) -> str:
        return f"{_points(self.estimate)} points ({_points(self.low)} to {_points(self.high)})"


def _points(share: float) -> str:
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
