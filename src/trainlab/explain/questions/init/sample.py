"""A sample of weights held against the distribution it was drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.explain.questions.init.law import Law

Array = npt.NDArray[np.float64]
Z95 = 1.959963984540054
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample:
    """`n` drawn weights: what was measured of them, and how far that is from `law`.

    `mean_z` and `std_z` count standard errors from theory; `mean_interval` and `std_interval` are 95 %
    intervals for what is behind the sample. `least_range` and `most_range` hold the extremes of n
    independent draws in 95 % of all samples. None where a number has no such distribution: a constant, or
    the sum of squares of an orthogonal matrix, which is the same in every one.
    """

    law: Law
    n: int
    mean: float
    std: float
    least: float
    most: float
    mean_z: float | None
    mean_interval: Interval | None
    std_z: float | None
    std_interval: Interval | None
    least_range: Interval | None
    most_range: Interval | None
    inside: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the sample as plain data."""
        return {
            "n": self.n,
            "theory_mean": self.law.mean,
            "theory_std": self.law.std,
            "bounds": list(self.law.bounds),
            "mean": self.mean,
            "std": self.std,
            "min": self.least,
            "max": self.most,
            "mean_z": self.mean_z,
            "mean_interval": _listed(self.mean_interval),
            "std_z": self.std_z,
            "std_interval": _listed(self.std_interval),
            "min_range": _listed(self.least_range),
            "max_range": _listed(self.most_range),
            "inside_bounds": self.inside,
        }


def sample_facts(values: Array, law: Law) -> Sample:
    """Return what a sample of independent draws, or of whole orthogonal matrices, says about its law.

    The mean: z = (m − μ) √n / σ. The deviation of normal draws: (n − 1) s² / σ² is χ² with n − 1 degrees of
    freedom (Cochran, Proceedings of the Cambridge Philosophical Society 30, 1934), its probability given as a
    z. That of uniform draws: the variance of s² is σ⁴ (2/(n − 1) + κ/n), κ the excess kurtosis −6/5 (Mood,
    Graybill & Boes, Introduction to the Theory of Statistics, 1974), and s² is about normal for large n.
    """
    drawn = np.asarray(values, dtype=np.float64).ravel()
    n, mean = drawn.size, float(drawn.mean())
    std = float(drawn.std(ddof=1)) if n > 1 else 0.0
    low, high = law.bounds
    # Bounds are reached up to rounding.
    slack = 1e-12 * (1.0 + abs(low) if math.isfinite(low) else 1.0)
    independent = law.shape in ("uniform", "normal") and law.std > 0
    spread = law.std / math.sqrt(n)
    std_z, std_interval = _deviation(std, n, law) if independent and n > 1 else (None, None)
    least_range, most_range = _extremes(n, law) if independent else (None, None)
    return Sample(
        law=law,
        n=n,
        mean=mean,
        std=std,
        least=float(drawn.min()),
        most=float(drawn.max()),
        mean_z=(mean - law.mean) / spread if spread > 0 else None,
        mean_interval=(mean - Z95 * std / math.sqrt(n), mean + Z95 * std / math.sqrt(n)) if spread else None,
        std_z=std_z,
        std_interval=std_interval,
        least_range=least_range,
        most_range=most_range,
        inside=bool((drawn >= low - slack).all() and (drawn <= high + slack).all()),
    )


def _deviation(std: float, n: int, law: Law) -> tuple[float, Interval]:
    from scipy.special import chdtr, chdtrc, chdtri, ndtri

    if law.shape == "normal":
        statistic = (n - 1) * (std / law.std) ** 2
        below, above = float(chdtr(n - 1, statistic)), float(chdtrc(n - 1, statistic))
        z = float(ndtri(below)) if below < 0.5 else -float(ndtri(above))
        # chdtri(v, p) is the value that χ² exceeds with probability p.
        low, high = (std * math.sqrt((n - 1) / float(chdtri(n - 1, p))) for p in (0.025, 0.975))
        return z, (low, high)
    error = math.sqrt(2.0 / (n - 1) + law.excess / n)
    z = ((std / law.std) ** 2 - 1.0) / error
    top = std / math.sqrt(1 - Z95 * error) if Z95 * error < 1 else math.inf
    return z, (std / math.sqrt(1 + Z95 * error), top)


def _extremes(n: int, law: Law) -> tuple[Interval, Interval]:
    """Return where the least and the greatest of n draws lie in 95 % of samples: P(max ≤ x) = F(x)ⁿ."""
    from scipy.special import ndtri

    # 1 − p^(1/n), which rounding would lose.
    tails = [-math.expm1(math.log(p) / n) for p in (0.025, 0.975)]
    if law.shape == "uniform":
        low, high = (law.reach * (1 - 2 * tail) for tail in tails)
    else:
        low, high = (-law.std * float(ndtri(tail)) for tail in tails)
    return (law.mean - high, law.mean - low), (law.mean + low, law.mean + high)


def _listed(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
