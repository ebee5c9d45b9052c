"""The draws of many seeds at once, compiled: the same words as ``engine/rng.py``, written straight to use."""
# pyright: basic
# Arguments of compiled code have no types before compilation.

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.engine.kernel.compile_cache import cached_njit
from trainlab.engine.kernel.philox import SHIFT, philox
from trainlab.engine.rng import DROPOUT, NOISE, SAMPLES, SHUFFLE


@cached_njit
def draw_examples(keys: Any, first: int, points: int, out: Any) -> None:
    """Fill ``out [n, count]`` with the draws `first`, `first` + 1, … of one of `points` examples."""
    last = first + out.shape[1]
    for n in range(len(keys)):
        for block in range(first // 4, (last + 3) // 4):
            drawn = philox(block & 0xFFFFFFFF, block >> 32, SAMPLES, keys[n, 0], keys[n, 1])
            for i in range(4):
                place = block * 4 + i - first
                if 0 <= place < out.shape[1]:
                    out[n, place] = (drawn[i] * np.uint64(points)) >> SHIFT


@cached_njit
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
                    j = np.int64((drawn[k] * np.uint64(i + 1)) >> SHIFT)
                    order[n, i], order[n, j] = order[n, j], order[n, i]


@cached_njit
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


@cached_njit
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
