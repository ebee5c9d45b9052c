"""The draws of many seeds at once, compiled: the same words as ``engine/rng.py``, written straight to use."""
# pyright: basic
# Arguments of compiled code have no types before compilation.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.rng import (
    DROPOUT,
    MULTIPLIER_0,
    MULTIPLIER_1,
    NOISE,
    ROUNDS,
    SAMPLES,
    SHUFFLE,
    WEYL_0,
    WEYL_1,
)

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


@njit(inline="always")
def philox(c0: Any, c1: Any, c2: Any, k0: Any, k1: Any) -> Any:
    """Return the four words of the counter (c0, c1, c2, 0), all uint64 below 2³²."""
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(0)
    for _ in range(ROUNDS):
        product0 = np.uint64(MULTIPLIER_0) * a
        product1 = np.uint64(MULTIPLIER_1) * c
        a, b, c, d = (
            (product1 >> _SHIFT) ^ b ^ k0,
            product1 & _LOW,
            (product0 >> _SHIFT) ^ d ^ k1,
            product0 & _LOW,
        )
        k0 = (k0 + np.uint64(WEYL_0)) & _LOW
        k1 = (k1 + np.uint64(WEYL_1)) & _LOW
    return a, b, c, d


@njit(nogil=True, cache=True)
def draw_examples(keys: Any, first: int, points: int, out: Any) -> None:
    """Fill ``out [n, count]`` with the draws `first`, `first` + 1, … of one of `points` examples."""
    last = first + out.shape[1]
    for n in range(len(keys)):
        for block in range(first // 4, (last + 3) // 4):
            drawn = philox(block & 0xFFFFFFFF, block >> 32, SAMPLES, keys[n, 0], keys[n, 1])
            for i in range(4):
                place = block * 4 + i - first
                if 0 <= place < out.shape[1]:
                    out[n, place] = (drawn[i] * np.uint64(points)) >> _SHIFT


@njit(nogil=True, cache=True)
def shuffle_examples(keys: Any, epoch: int, order: Any) -> None:
    """Fill ``order [n, points]`` with each seed's order of the examples in an epoch."""
    points = order.shape[1]
    for n in range(len(keys)):
        for i in range(points):
            order[n, i] = i
        for block in range((points + 2) // 4):
            drawn = philox(block, epoch, SHUFFLE, keys[n, 0], keys[n, 1])
            for k in range(4):
                i = points - 1 - (block * 4 + k)
                if i > 0:
                    j = np.int64((drawn[k] * np.uint64(i + 1)) >> _SHIFT)
                    order[n, i], order[n, j] = order[n, j], order[n, i]


@njit(nogil=True, cache=True)
def noise_words(keys: Any, step: int, out: Any) -> None:
    """Fill ``out [n, slots, features]`` with a step's words of the stream of noise."""
    slots, units = out.shape[1], out.shape[2]
    for n in range(len(keys)):
        for block in range((slots + 3) // 4):
            for unit in range(units):
                drawn = philox(block * units + unit, step, NOISE, keys[n, 0], keys[n, 1])
                for i in range(4):
                    if block * 4 + i < slots:
                        out[n, block * 4 + i, unit] = drawn[i]


@njit(nogil=True, cache=True)
def draw_masks(keys: Any, step: int, thresholds: Any, scales: Any, out: Any) -> None:
    """Fill ``out [n, slots, units]`` with 0, or the unit's scale where a step's word keeps it."""
    slots, units = out.shape[1], out.shape[2]
    for n in range(len(keys)):
        for block in range((slots + 3) // 4):
            for unit in range(units):
                drawn = philox(block * units + unit, step, DROPOUT, keys[n, 0], keys[n, 1])
                for i in range(4):
                    if block * 4 + i < slots:
                        kept = drawn[i] >= thresholds[unit]
                        out[n, block * 4 + i, unit] = scales[unit] if kept else 0.0
