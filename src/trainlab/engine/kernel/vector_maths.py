# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""Elementary functions of vectors: exp, log, sin and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.vector import (
    absolute,
    exponent,
    fma,
    mantissa,
    polynomial_of,
    power_of_two,
    splat,
    where_equal,
    where_less,
)

# exp, tanh and sigmoid of a vector, from basic operations: the same bits on every processor.
#
# x = n ln 2 + r with |r| ≤ ln 2 / 2, so expm1(x) = 2ⁿ expm1(r) + (2ⁿ − 1), and expm1(r) = r + r² q(r) with
# q a polynomial: a Taylor series for float64, its Chebyshev economisation for float32. Errors, measured in
# the tests: exp within 1.1 units in the last place, sigmoid within 2.5, tanh within 2.6. A NaN stays a NaN.


_HALF_LN2 = 0.5 * math.log(2.0)
TAYLOR_TERMS = 12
FLOAT32_TERMS = 5


def _exp_series() -> np.ndarray:
    """Return the coefficients of (eʳ − 1 − r)/r² = Σ rᵏ/(k + 2)!, lowest first."""
    return np.array([1.0 / math.factorial(k + 2) for k in range(TAYLOR_TERMS)])


def _economised(terms: int) -> np.ndarray:
    """Interpolate the series at Chebyshev nodes of |r| ≤ ln 2 / 2 by a polynomial of `terms` coefficients."""
    series = np.polynomial.Polynomial(_exp_series())
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
        "coefficients": tuple(float(c) for c in _exp_series()),
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


# log, log1p and expm1 of a vector, from basic operations: the same bits on every processor.
#
# With s = f/(2 + f), log(1 + f) = 2 artanh s = f − (f²/2 − s (f²/2 + z P(z))), z = s², where P(z) = (2
# artanh(s)/s − 2)/z. P is a polynomial interpolated at the Chebyshev nodes of 0 ≤ z ≤ 1/25 (|s| ≤ 1/5, −1/3
# ≤ f ≤ 1/2), by mpmath's ``chebyfit`` in 60 digits; its error in log(1 + f) is under 1e-10 relative for
# float32, 1e-18 for float64. Errors, measured in the tests: log and log1p within 0.9 units in the last
# place, expm1 within 1.9. A NaN stays a NaN.


SERIES: dict[str, tuple[float, ...]] = {
    "float32": (
        0.6666666627719066,
        0.4000031125070458,
        0.28532744768803825,
        0.23747344538291254,
    ),
    "float64": (
        0.6666666666666666,
        0.400000000000078,
        0.2857142856733919,
        0.22222223037807243,
        0.18181738454723026,
        0.15388834677801916,
        0.1321036048513262,
        0.13604015707124079,
    ),
}
"""P, lowest coefficient first."""
SERIES_END = 1 / 25

LN2 = {
    "float32": (0.6931471824645996, -1.904654299957768e-09),
    "float64": (0.6931471805599453, 2.3190468138462996e-17),
}
"""ln 2 in two numbers of each precision."""

_log_series = polynomial_of(SERIES)


def _log_of(tag: Any, f: Any, e: Any) -> Any:
    raise TypeError("runs in compiled code only")


@overload(_log_of, strict=False, jit_options={"forceinline": True})
def _overload_log_of(tag: Any, f: Any, e: Any) -> Any:
    """Return log(2ᵉ (1 + f))."""
    ln2_high, ln2_low = LN2[tag.tag.dtype]

    def log_of(tag: Any, f: Any, e: Any) -> Any:
        s = f / (f + splat(tag, 2.0))
        z = s * s
        half_square = splat(tag, 0.5) * f * f
        rest = fma(s, fma(z, _log_series(tag, z), half_square), e * splat(tag, ln2_low))
        return fma(e, splat(tag, ln2_high), f - (half_square - rest))

    return log_of


def log(tag: Any, x: Any) -> Any:
    """Return ln x, subnormal x included; ln 0 = −∞, ln ∞ = ∞, NaN for x < 0."""
    raise TypeError("log runs in compiled code only")


@overload(log, strict=False, jit_options={"forceinline": True})
def _overload_log(tag: Any, x: Any) -> Any:
    info = np.finfo(tag.tag.dtype)
    tiny, lift = float(info.tiny), float(info.nmant + 1)
    factor, infinity, nan = 2.0**lift, float("inf"), float("nan")

    def implementation(tag: Any, x: Any) -> Any:
        zero, least = splat(tag, 0.0), splat(tag, tiny)
        normal = where_less(x, least, x * splat(tag, factor), x)
        e = exponent(normal) - where_less(x, least, splat(tag, lift), zero)
        result = _log_of(tag, mantissa(normal) - splat(tag, 1.0), e)
        edge = where_less(x, zero, splat(tag, nan), splat(tag, -infinity))
        result = where_less(zero, x, result, edge)
        # Neither an infinity nor a NaN is less than infinity.
        return where_less(x, splat(tag, infinity), result, x)

    return implementation


@njit(forceinline=True)
def log1p(tag: Any, x: Any) -> Any:
    """Return ln(1 + x) for x within [−0.25, 1]; the error grows beyond."""
    # Either x itself or (1 + x)/2 − 1 = (x − 1)/2 is near 0, and each is exact.
    one, half = splat(tag, 1.0), splat(tag, 0.5)
    f = where_less(x, half, x, half * (x - one))
    return _log_of(tag, f, where_less(x, half, splat(tag, 0.0), one))


def expm1(tag: Any, x: Any) -> Any:
    """Return eˣ − 1; beyond ±87 (float32) or ±708 (float64) the value at that limit."""
    raise TypeError("expm1 runs in compiled code only")


@overload(expm1, strict=False, jit_options={"forceinline": True})
def _overload_expm1(tag: Any, x: Any) -> Any:
    limit = _SETTINGS[tag.tag.dtype]["exp_limit"]

    def implementation(tag: Any, x: Any) -> Any:
        small, scale = _expm1_of_reduced(tag, clamp(tag, x, limit))
        return fma(scale, small, scale - splat(tag, 1.0))

    return implementation


# sin and cos of a vector, from basic operations: the same bits on every processor.
#
# x = n π/2 + r with |r| ≤ π/4, π/2 in three numbers of the precision: the first fused multiply-add is
# exact, so r is right to a unit in the last place however near x is to a multiple of π/2. Then sin r = r +
# r z S(z) and cos r = 1 + z (−½ + z C(z)), z = r², S and C interpolated at the Chebyshev nodes of |r| ≤
# 0.79 by mpmath's ``chebyfit`` in 60 digits. Errors, measured in the tests: within 1.6 units in the last
# place for |x| ≤ 1e5 (float32), 1e9 (float64). Beyond, r loses its digits and in the end all meaning; the
# results stay within ±1. An infinity or a NaN gives a NaN.


REDUCED_LIMIT = 0.79
"""A little above π/4: n is rounded from a rounded product."""

SIN: dict[str, tuple[float, ...]] = {
    "float32": (
        -0.16666664591015334,
        0.00833273449452462,
        -0.0001958493193871555,
    ),
    "float64": (
        -0.16666666666666666,
        0.008333333333330806,
        -0.00019841269836543094,
        2.755731599143529e-06,
        -2.505110882200661e-08,
        1.5916480269048027e-10,
    ),
}
"""S, lowest coefficient first."""

COS: dict[str, tuple[float, ...]] = {
    "float32": (
        0.04166666458806888,
        -0.001388828923166896,
        2.4544976870193085e-05,
    ),
    "float64": (
        0.041666666666666664,
        -0.0013888888888887309,
        2.480158729863089e-05,
        -2.755731720221659e-07,
        2.0876131865438917e-09,
        -1.1381600803648663e-11,
    ),
}
"""C, lowest coefficient first."""

HALF_PI = {
    "float32": (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    "float64": (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}
"""π/2 as a sum."""

_SHIFT = {"float32": 1.5 * 2.0**23, "float64": 1.5 * 2.0**52}
"""Adding it rounds to a whole number."""

_sin_series, _cos_series = polynomial_of(SIN), polynomial_of(COS)


def sin_cos(tag: Any, x: Any) -> Any:
    """Return (sin x, cos x)."""
    raise TypeError("sin_cos runs in compiled code only")


@overload(sin_cos, strict=False, jit_options={"forceinline": True})
def _overload_sin_cos(tag: Any, x: Any) -> Any:
    shift, (high, middle, low) = _SHIFT[tag.tag.dtype], HALF_PI[tag.tag.dtype]
    per_quarter = 2 / math.pi

    def implementation(tag: Any, x: Any) -> Any:
        rounding, one, zero = splat(tag, shift), splat(tag, 1.0), splat(tag, 0.0)
        whole = fma(x, splat(tag, per_quarter), rounding) - rounding
        r = fma(whole, splat(tag, -high), x)
        r = fma(whole, splat(tag, -middle), r)
        r = clamp(tag, fma(whole, splat(tag, -low), r), REDUCED_LIMIT)
        z = r * r
        sine = fma(r, z * _sin_series(tag, z), r)
        cosine = fma(z, fma(z, _cos_series(tag, z), splat(tag, -0.5)), one)
        # n modulo 4 within −2 … 2: odd quarters swap the two, and the sign follows.
        turns = fma(whole, splat(tag, 0.25), rounding) - rounding
        quarter = clamp(tag, fma(turns, splat(tag, -4.0), whole), 2.0)
        sign = one - absolute(quarter)
        return (
            where_equal(sign, zero, quarter * cosine, sign * sine),
            where_equal(sign, zero, zero - quarter * sine, sign * cosine),
        )

    return implementation
