"""Expectations of an activation and its derivative under a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

MIXED = 8.4
"""Of a function of period T the expectation is that of its mean to 10⁻¹⁵ once the deviation is MIXED · T/2π:
the k-th harmonic is left with exp(−k² MIXED²/2) of its size."""

EDGE = 9.0
"""A standard normal is further out with probability 2 · 10⁻¹⁹."""

EVEN_OF_WAVES = 26
"""Edges of even pieces for a periodic function: at most 2 · EDGE · MIXED / 2π periods, so one a piece."""

TURNS = (0.0, 1.0, -1.0, 2.5, -2.5, 6.0, -6.0, 20.0)
"""Where activations have kinks (0, ±1, 20) or turn from steep to flat: no piece goes across."""


def expectation(
    function: Callable[[Array], Array], mean: Array, variance: Array, *, period: float = math.inf
) -> Array:
    """Return E[f(mean + √variance · z)], z standard normal, for arrays ``[k]`` of means and variances.

    Gauss–Legendre on pieces rather than one Gauss–Hermite sum, whose error at a kink, as ReLU's derivative
    has, falls only like one over the number of nodes. No piece is wider than a period of the function, if it
    has one; deviations at which nothing changes any more are cut for that.
    """
    std = np.minimum(np.sqrt(np.maximum(variance, 0.0)), MIXED * period / (2 * math.pi))
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = (np.array(TURNS) - mean[:, None]) / std[:, None]
    turns = np.clip(np.where(np.isfinite(turns), turns, EDGE), -EDGE, EDGE)
    count = 13 if math.isinf(period) else EVEN_OF_WAVES
    even = np.broadcast_to(np.linspace(-EDGE, EDGE, count), (len(mean), count))
    edges = np.sort(np.concatenate([even, turns], axis=1), axis=1)
    nodes, weights = _legendre()
    half = (edges[:, 1:] - edges[:, :-1])[:, :, None] / 2
    z = edges[:, :-1, None] + half * (1 + nodes)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * half * weights
    values = function(mean[:, None, None] + std[:, None, None] * z)
    return np.asarray((values * density).sum(axis=(1, 2)), dtype=np.float64)


@cache
def _legendre() -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(16)
