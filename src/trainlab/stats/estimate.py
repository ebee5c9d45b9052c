"""An estimated difference of rates, with its interval and p-value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A difference of rates seen on `n` seeds, as a share (0.1 is 10 points), not in per cent.

    `p` is two-sided and fits the interval: it is below 1 − confidence exactly when 0 is outside [low, high].
    """

    estimate: float
    low: float
    high: float
    p: float
    n: int

    def __str__(self) -> str:
        return f"{_points(self.estimate)} points ({_points(self.low)} to {_points(self.high)})"


def _points(share: float) -> str:
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")
