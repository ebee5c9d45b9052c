"""Helpers for tests of vector functions: errors in units in the last place, and mpmath as the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
from engine.lanes import Floats


def ulps(found: Floats, exact: Any) -> Any:
    """Return |found − exact| in units in the last place of the exact value."""
    spacing = np.spacing(np.abs(exact.astype(found.dtype))).astype(np.longdouble)
    return np.abs(found.astype(np.longdouble) - exact) / spacing


def exactly(function: Callable[[Any], Any], x: Floats) -> Any:
    """Return an mpmath function of each element, in 50 digits rounded to long double."""

    def rounded(value: Any) -> Any:
        high = float(value)
        return np.longdouble(high) + np.longdouble(float(value - high))

    with mpmath.workdps(50):
        return np.array([rounded(function(mpmath.mpf(float(element)))) for element in x])


def interpolated(
    function: Callable[[Any], Any], interval: Callable[[], Sequence[Any]], terms: int
) -> tuple[float, ...]:
    """Return the coefficients, lowest first, of the polynomial through a function's Chebyshev nodes."""
    with mpmath.workdps(60):
        return tuple(float(c) for c in reversed(mpmath.chebyfit(function, interval(), terms)))
