# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""sin and cos of a vector, from basic operations: the same bits on every processor.

x = n π/2 + r with |r| ≤ π/4, π/2 in three numbers of the precision: the first fused multiply-add is exact, so
r is right to a unit in the last place however near x is to a multiple of π/2. Then sin r = r + r z S(z) and
cos r = 1 + z (−½ + z C(z)), z = r², S and C interpolated at the Chebyshev nodes of |r| ≤ 0.79 by mpmath's
``chebyfit`` in 60 digits. Errors, measured in the tests: within 1.6 units in the last place for
|x| ≤ 1e5 (float32), 1e9 (float64). Beyond, r loses its digits and in the end all meaning; the results stay
within ±1. An infinity or a NaN gives a NaN.
"""

from __future__ import annotations

import math
from typing import Any

from numba.extending import overload

from trainlab.engine.kernel.vector import absolute, fma, splat, where_equal
from trainlab.engine.kernel.vector_bits import polynomial_of
from trainlab.engine.kernel.vector_maths import clamp

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
