"""The draws that initial values are made of, in compiled code: the bits of rng.uniforms and rng.normals.

NumPy makes a dozen passes over small arrays for each layer of each tile, holding Python's lock; this makes
one pass, without it. The arithmetic follows the order of rng.py, so that no bit differs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.kernel.compile_cache import cached_njit
from trainlab.engine.kernel.philox import LOW, SHIFT, philox
from trainlab.engine.rng import AS241_A, AS241_B, AS241_C, AS241_D, LN2, LOG_SERIES

_SQRT_HALF = float(np.sqrt(0.5))


@cached_njit
def fill_draws(first_seed: int, stream: int, layer: int, normal: bool, draws: Any) -> None:
    """Fill ``draws [n, count]``, float64, with the draws of n seeds in a row for one layer and stream."""
    for row in range(draws.shape[0]):
        seed = np.uint64(first_seed + row)
        for block in range((draws.shape[1] + 3) // 4):
            words = philox(block, layer, stream, seed & LOW, seed >> SHIFT)
            for i in range(4):
                column = block * 4 + i
                if column < draws.shape[1]:
                    u = (float(words[i]) + 0.5) * 2.0**-32
                    draws[row, column] = _normal_quantile(u) if normal else u


@njit
def _normal_quantile(p: float) -> float:
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _polynomial(r, AS241_A) / _polynomial(r, AS241_B)
    tail = math.sqrt(-_logarithm(min(p, 1.0 - p))) - 1.6
    return math.copysign(_polynomial(tail, AS241_C) / _polynomial(tail, AS241_D), q)


@njit
def _logarithm(x: float) -> float:
    mantissa, exponent = math.frexp(x)
    if mantissa < _SQRT_HALF:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    return exponent * LN2 + 2.0 * s * _polynomial(s * s, LOG_SERIES)


@njit
def _polynomial(x: float, coefficients: Any) -> float:
    total = coefficients[len(coefficients) - 1]
    for k in range(len(coefficients) - 2, -1, -1):
        total = total * x + coefficients[k]
    return total
