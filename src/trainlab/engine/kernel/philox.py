# pyright: basic
# Arguments of compiled code have no types before compilation.
"""Philox4x32-10 of one counter in compiled code: the words of ``engine/rng.py``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.rng import MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1

LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)


@njit(inline="always")
def philox(c0: Any, c1: Any, c2: Any, k0: Any, k1: Any) -> Any:
    """Return the four words of the counter (c0, c1, c2, 0), all uint64 below 2³²."""
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(0)
    for _ in range(ROUNDS):
        product0 = np.uint64(MULTIPLIER_0) * a
        product1 = np.uint64(MULTIPLIER_1) * c
        a, b, c, d = (
            (product1 >> SHIFT) ^ b ^ k0,
            product1 & LOW,
            (product0 >> SHIFT) ^ d ^ k1,
            product0 & LOW,
        )
        k0 = (k0 + np.uint64(WEYL_0)) & LOW
        k1 = (k1 + np.uint64(WEYL_1)) & LOW
    return a, b, c, d
