# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""log, log1p and expm1 of a vector, from basic operations: the same bits on every processor.

With s = f/(2 + f), log(1 + f) = 2 artanh s = f − (f²/2 − s (f²/2 + z P(z))), z = s², where
P(z) = (2 artanh(s)/s − 2)/z. P is a polynomial interpolated at the Chebyshev nodes of 0 ≤ z ≤ 1/25
(|s| ≤ 1/5, −1/3 ≤ f ≤ 1/2), by mpmath's ``chebyfit`` in 60 digits; its error in log(1 + f) is under 1e-10
relative for float32, 1e-18 for float64. Errors, measured in the tests: log and log1p within 0.9 units in the
last place, expm1 within 1.9. A NaN stays a NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.vector import fma, splat, where_less
from trainlab.engine.kernel.vector_bits import exponent, mantissa, polynomial_of
from trainlab.engine.kernel.vector_maths import _SETTINGS, _expm1_of_reduced, clamp

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

_series = polynomial_of(SERIES)


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
        rest = fma(s, fma(z, _series(tag, z), half_square), e * splat(tag, ln2_low))
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
