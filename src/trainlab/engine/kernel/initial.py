"""The draws that initial values are made of, in compiled code: the bits of rng.uniforms and rng.normals.

NumPy makes a dozen passes over small arrays for each layer of each tile, with Python's lock held; this makes
one, without. Plain arithmetic in the order of rng.py, so that no bit differs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.rng import (
    AS241_A,
    AS241_B,
    AS241_C,
    AS241_D,
    LN2,
    LOG_SERIES,
    MULTIPLIER_0,
    MULTIPLIER_1,
    ROUNDS,
    WEYL_0,
    WEYL_1,
)

_LOW = 0xFFFFFFFF
_SQRT_HALF = float(np.sqrt(0.5))


@njit(nogil=True, cache=True, error_model="numpy")
def fill_draws(first_seed: int, stream: int, layer: int, normal: bool, draws: Any) -> None:
    """Fill ``draws [n, count]``, float64, with the draws of n seeds in a row for one layer and stream."""
    words = np.empty(4, dtype=np.uint64)
    for row in range(draws.shape[0]):
        seed = np.uint64(first_seed + row)
        for column in range(draws.shape[1]):
            if column % 4 == 0:
                _philox(seed, np.uint64(column // 4), np.uint64(layer), np.uint64(stream), words)
            u = (float(words[column % 4]) + 0.5) * 2.0**-32
            draws[row, column] = _normal_quantile(u) if normal else u


@njit
def _philox(seed: Any, c0: Any, c1: Any, c2: Any, words: Any) -> None:
    low, shift, c3 = np.uint64(_LOW), np.uint64(32), np.uint64(0)
    k0, k1 = seed & low, seed >> shift
    for _ in range(ROUNDS):
        product0, product1 = np.uint64(MULTIPLIER_0) * c0, np.uint64(MULTIPLIER_1) * c2
        c0, c1 = (product1 >> shift) ^ c1 ^ k0, product1 & low
        c2, c3 = (product0 >> shift) ^ c3 ^ k1, product0 & low
        k0, k1 = (k0 + np.uint64(WEYL_0)) & low, (k1 + np.uint64(WEYL_1)) & low
    words[0], words[1], words[2], words[3] = c0, c1, c2, c3


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
