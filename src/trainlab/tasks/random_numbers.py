"""Random numbers for data sets: the raw words of NumPy's Philox, turned into numbers here.

NumPy promises that a bit generator's words never change, but not what its distributions make of them
(NEP 19). A data set must be the same in every version, so only the words are used.

Across processors it is the same up to rounding: the logarithm and the sines of normals, circles, moons,
spirals and the sine curve are NumPy's, and their last bit may differ.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

POINTS, NOISE, SPLIT, COEFFICIENTS = range(4)
"""Independent streams: where points lie, their noise, which are held out, centres or slopes."""


def words(seed: int, stream: int, count: int) -> npt.NDArray[np.uint64]:
    """Return the first `count` 64-bit words of Philox4x64-10 (Salmon et al. 2011) with key (seed, stream)."""
    return np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)).random_raw(count)


def uniforms(seed: int, stream: int, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return numbers from U(0, 1), both ends excluded: (upper 52 bits + ½) / 2^52."""
    raw = words(seed, stream, math.prod(shape))
    return (((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52).reshape(shape)


def normals(seed: int, stream: int, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return numbers from N(0, 1), two from two uniforms (Box and Muller 1958)."""
    count = math.prod(shape)
    first, second = uniforms(seed, stream, ((count + 1) // 2, 2)).T
    radius, angle = np.sqrt(-2 * np.log(first)), 2 * np.pi * second
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.ravel()[:count].reshape(shape)


def shuffled(seed: int, count: int) -> npt.NDArray[np.int64]:
    """Return 0 … count − 1 in random order: the order in which random words sort."""
    return np.argsort(words(seed, SPLIT, count), kind="stable")
