# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""exp, tanh and sigmoid of a vector, from basic operations: the same bits on every processor.

x = n ln 2 + r with |r| ≤ ln 2 / 2, so expm1(x) = 2ⁿ expm1(r) + (2ⁿ − 1), and expm1(r) = r + r² q(r) with q a
polynomial: a Taylor series for float64, its Chebyshev economisation for float32. Errors, measured
in the tests: exp within 1.1 units in the last place, sigmoid within 2.5, tanh within 2.6. A NaN stays a NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.vector import fma, power_of_two, splat, where_less

_HALF_LN2 = 0.5 * math.log(2.0)
TAYLOR_TERMS = 12
FLOAT32_TERMS = 5


def _series() -> np.ndarray:
    """Return the coefficients of (eʳ − 1 − r)/r² = Σ rᵏ/(k + 2)!, lowest first."""
    return np.array([1.0 / math.factorial(k + 2) for k in range(TAYLOR_TERMS)])


def _economised(terms: int) -> np.ndarray:
    """Interpolate the series at Chebyshev nodes of |r| ≤ ln 2 / 2 by a polynomial of `terms` coefficients."""
    series = np.polynomial.Polynomial(_series())
    fitted = np.polynomial.Chebyshev.interpolate(series, terms - 1, domain=[-_HALF_LN2, _HALF_LN2])
    return fitted.convert(kind=np.polynomial.Polynomial).coef


# Adding 1.5 · 2^mantissa rounds to a whole number; ln 2 is split so that n · ln2_high is exact.
_SETTINGS: dict[str, Any] = {
    "float32": {
        "coefficients": tuple(float(c) for c in _economised(FLOAT32_TERMS)),
        "shift": 1.5 * 2.0**23,
        "ln2_high": float(np.float32(0.693359375)),
        "exp_limit": 87.0,
        "tanh_limit": 9.25,
    },
    "float64": {
        "coefficients": tuple(float(c) for c in _series()),
        "shift": 1.5 * 2.0**52,
        "ln2_high": float.fromhex("0x1.62e42fefa0000p-1"),
        "exp_limit": 708.0,
        "tanh_limit": 19.25,
    },
}


def _expm1_of_reduced(tag: Any, x: Any) -> Any:
    raise TypeError("runs in compiled code only")


@overload(_expm1_of_reduced, strict=False, jit_options={"forceinline": True})
def _overload_reduced(tag: Any, x: Any) -> Any:
    """Return (expm1(r), 2ⁿ) of x = n ln 2 + r."""
    settings = _SETTINGS[tag.tag.dtype]
    shift, ln2_high = settings["shift"], settings["ln2_high"]
    ln2_low = _LN2_LOW[tag.tag.dtype]
    log2_e = math.log2(math.e)
    coefficients = settings["coefficients"]
    last, rest = coefficients[-1], tuple(reversed(coefficients[:-1]))

    def reduced(tag: Any, x: Any) -> Any:
        shifted = fma(x, splat(tag, log2_e), splat(tag, shift))
        whole = shifted - splat(tag, shift)
        r = fma(whole, splat(tag, -ln2_high), x)
        r = fma(whole, splat(tag, -ln2_low), r)
        q = splat(tag, last)
        for coefficient in rest:
            q = fma(q, r, splat(tag, coefficient))
        return fma(r * r, q, r), power_of_two(shifted)

    return reduced


# ln 2 − ln2_high to double precision: the next digits of ln 2 beyond float64 are 2.3190468138462996e-17.
_LN2_LOW = {
    "float32": math.log(2.0) - _SETTINGS["float32"]["ln2_high"],
    "float64": (math.log(2.0) - _SETTINGS["float64"]["ln2_high"]) + 2.3190468138462996e-17,
}


@njit(forceinline=True)
def clamp(tag: Any, x: Any, limit: float) -> Any:
    """Return x within ±limit; a NaN stays a NaN."""
    high, low = splat(tag, limit), splat(tag, -limit)
    x = where_less(high, x, high, x)
    return where_less(x, low, low, x)


def exp_limit(tag: Any) -> float:
    """Return where `exp` stops: 87 for float32, 708 for float64."""
    raise TypeError("exp_limit runs in compiled code only")


@overload(exp_limit, strict=False, jit_options={"forceinline": True})
def _overload_exp_limit(tag: Any) -> Any:
    limit = _SETTINGS[tag.tag.dtype]["exp_limit"]
    return lambda tag: limit


def exp(tag: Any, x: Any) -> Any:
    """Return eˣ; beyond ±87 (float32) or ±708 (float64) the value at that limit."""
    raise TypeError("exp runs in compiled code only")


def tanh(tag: Any, x: Any) -> Any:
    """Return tanh x."""
    raise TypeError("tanh runs in compiled code only")


def sigmoid(tag: Any, x: Any) -> Any:
    """Return 1/(1 + e⁻ˣ); below −87 (float32) or −708 (float64) the value at that limit, not yet 0."""
    raise TypeError("sigmoid runs in compiled code only")


@overload(exp, strict=False, jit_options={"forceinline": True})
def _overload_exp(tag: Any, x: Any) -> Any:
    limit = _SETTINGS[tag.tag.dtype]["exp_limit"]

    def implementation(tag: Any, x: Any) -> Any:
        small, scale = _expm1_of_reduced(tag, clamp(tag, x, limit))
        return fma(scale, small, scale)

    return implementation


@overload(tanh, strict=False, jit_options={"forceinline": True})
def _overload_tanh(tag: Any, x: Any) -> Any:
    limit = 2.0 * _SETTINGS[tag.tag.dtype]["tanh_limit"]

    def implementation(tag: Any, x: Any) -> Any:
        # tanh x = e/(e + 2) with e = expm1(2x): no cancellation on either side of 0.
        small, scale = _expm1_of_reduced(tag, clamp(tag, x + x, limit))
        e = fma(scale, small, scale - splat(tag, 1.0))
        return e / (e + splat(tag, 2.0))

    return implementation


@overload(sigmoid, strict=False, jit_options={"forceinline": True})
def _overload_sigmoid(tag: Any, x: Any) -> Any:
    def implementation(tag: Any, x: Any) -> Any:
        one = splat(tag, 1.0)
        return one / (one + exp(tag, splat(tag, 0.0) - x))

    return implementation
