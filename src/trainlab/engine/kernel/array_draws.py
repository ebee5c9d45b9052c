# pyright: basic
# Arguments of compiled code have no types before compilation.
"""Draws into NumPy's arrays, by their addresses: initial values of many seeds, the torch engine's examples.

The bits are those of ``engine/rng.py``. NumPy makes a dozen passes over small arrays for each layer of each
tile, holding Python's lock; this makes one pass, without it. The arithmetic follows the order of rng.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types

from trainlab.engine.kernel.draws import LOW, SHIFT, philox
from trainlab.engine.kernel.lanes import Lanes
from trainlab.engine.kernel.memory import element, event, set_element, set_event, set_word
from trainlab.engine.kernel.simd import intrinsic
from trainlab.engine.rng import (
    AS241_A,
    AS241_B,
    AS241_C,
    AS241_D,
    DROPOUT,
    LN2,
    LOG_SERIES,
    NOISE,
    SAMPLES,
    SHUFFLE,
)

# Arrays, since an index into a tuple could fail, and no unit may: it has nobody to tell.
_A, _B, _C, _D = (np.array(each) for each in (AS241_A, AS241_B, AS241_C, AS241_D))
_SERIES = np.array(LOG_SERIES)
_SQRT_HALF = float(np.sqrt(0.5))
_FRACTION, _HALF = (1 << 52) - 1, 1022 << 52
"""The bits of a float64's fraction, and those of ½."""
_DOUBLE = Lanes(networks=1, dtype="float64")


# math.frexp and math.sqrt are functions of C's library, which a unit can't call.


@intrinsic
def bits_of(_typing: Any, x: Any) -> Any:
    """Return the bits of a float64."""
    return types.int64(x), lambda _context, builder, _sig, args: builder.bitcast(args[0], ir.IntType(64))


@intrinsic
def float_of(_typing: Any, bits: Any) -> Any:
    """Return the float64 of these bits."""
    return types.float64(bits), lambda _context, builder, _sig, args: builder.bitcast(
        args[0], ir.DoubleType()
    )


@intrinsic
def square_root(_typing: Any, x: Any) -> Any:
    """Return √x."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [ir.DoubleType()]), args)

    return x(x), codegen


def _fill_draws(_dtype: str) -> Any:
    """Fill ``draws [n, count]``, float64, with the draws of n seeds in a row for one layer and stream."""

    def unit(first_seed: int, stream: int, layer: int, normal: int, draws: int, n: int, count: int) -> None:
        for row in range(n):
            seed = np.uint64(first_seed + row)
            for block in range((count + 3) // 4):
                words = philox(block, layer, stream, seed & LOW, seed >> SHIFT)
                for i in range(4):
                    column = block * 4 + i
                    if column < count:
                        u = (float(_chosen(words, i)) + 0.5) * 2.0**-32
                        value = _normal_quantile(u) if normal != 0 else u
                        set_element(_DOUBLE, draws, row * count + column, value)

    return unit


@njit
def _normal_quantile(p: float) -> float:
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _polynomial(r, _A) / _polynomial(r, _B)
    tail = square_root(-_logarithm(min(p, 1.0 - p))) - 1.6
    return math.copysign(_polynomial(tail, _C) / _polynomial(tail, _D), q)


@njit
def _logarithm(x: float) -> float:
    # math.frexp: x = mantissa · 2^exponent with the mantissa within [½, 1), for normal x > 0.
    bits = bits_of(x)
    mantissa, exponent = float_of((bits & _FRACTION) | _HALF), (bits >> 52) - 1022
    if mantissa < _SQRT_HALF:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    return exponent * LN2 + 2.0 * s * _polynomial(s * s, _SERIES)


@njit
def _polynomial(x: float, coefficients: Any) -> float:
    total = coefficients[len(coefficients) - 1]
    for k in range(len(coefficients) - 2, -1, -1):
        total = total * x + coefficients[k]
    return total


@njit
def _words(keys: int, n: int, low: Any, high: Any, stream: Any) -> Any:
    """Return the four words of a counter for seed number n; ``keys [n, 2]`` are both halves of each."""
    first = np.uint64(event(_DOUBLE, keys, 2 * n))
    return philox(low, high, stream, first, np.uint64(event(_DOUBLE, keys, 2 * n + 1)))


@njit
def _chosen(words: Any, i: int) -> Any:
    """Return the word at place i; an index into a tuple could fail."""
    if i < 2:
        return words[0] if i == 0 else words[1]
    return words[2] if i == 2 else words[3]


def _draw_examples(_dtype: str) -> Any:
    """Fill ``out [n, count]``, int64, with the draws `first`, `first` + 1, … of one of `points` examples."""

    def unit(keys: int, n: int, first: int, points: int, out: int, count: int) -> None:
        for row in range(n):
            for block in range(first // 4, (first + count + 3) // 4):
                drawn = _words(keys, row, block & 0xFFFFFFFF, block >> 32, SAMPLES)
                for i in range(4):
                    place = block * 4 + i - first
                    if 0 <= place < count:
                        index = np.int64((_chosen(drawn, i) * np.uint64(points)) >> SHIFT)
                        set_event(_DOUBLE, out, row * count + place, index)

    return unit


def _shuffle_rows(_dtype: str) -> Any:
    """Fill ``order [n, points]``, int64, with each seed's order of the examples in an epoch."""

    def unit(keys: int, n: int, epoch: int, order: int, points: int) -> None:
        for row in range(n):
            start = row * points
            for i in range(points):
                set_event(_DOUBLE, order, start + i, i)
            for block in range((points + 2) // 4):
                drawn = _words(keys, row, block, epoch, SHUFFLE)
                for k in range(4):
                    i = points - 1 - (block * 4 + k)
                    if i > 0:
                        j = np.int64((_chosen(drawn, k) * np.uint64(i + 1)) >> SHIFT)
                        here, there = event(_DOUBLE, order, start + i), event(_DOUBLE, order, start + j)
                        set_event(_DOUBLE, order, start + i, there)
                        set_event(_DOUBLE, order, start + j, here)

    return unit


def _noise_words(_dtype: str) -> Any:
    """Fill ``out [n, slots, features]``, uint32, with a step's words of the stream of noise."""

    def unit(keys: int, n: int, step: int, out: int, slots: int, features: int) -> None:
        for row in range(n):
            for block in range((slots + 3) // 4):
                for feature in range(features):
                    drawn = _words(keys, row, block * features + feature, step, NOISE)
                    for i in range(4):
                        slot = block * 4 + i
                        if slot < slots:
                            set_word(
                                _DOUBLE, out, (row * slots + slot) * features + feature, _chosen(drawn, i)
                            )

    return unit


def _draw_masks(dtype: str) -> Any:
    """Fill ``out [n, slots, units]`` with 0, or the unit's scale where a step's word keeps it.

    ``thresholds [units]`` are int64, ``scales [units]`` float64.
    """
    kind = Lanes(networks=1, dtype=dtype)

    def unit(
        keys: int, n: int, step: int, thresholds: int, scales: int, out: int, slots: int, units: int
    ) -> None:
        for row in range(n):
            for block in range((slots + 3) // 4):
                for number in range(units):
                    drawn = _words(keys, row, block * units + number, step, DROPOUT)
                    least = np.uint64(event(_DOUBLE, thresholds, number))
                    scale = element(_DOUBLE, scales, number)
                    for i in range(4):
                        slot = block * 4 + i
                        if slot < slots:
                            value = scale if _chosen(drawn, i) >= least else 0.0
                            set_element(kind, out, (row * slots + slot) * units + number, value)

    return unit


UNITS: dict[str, Callable[[str], Any]] = {
    "fill_draws": _fill_draws,
    "draw_examples": _draw_examples,
    "shuffle_rows": _shuffle_rows,
    "noise_words": _noise_words,
    "draw_masks": _draw_masks,
}
"""By the unit's kind: what makes its source for a precision."""
