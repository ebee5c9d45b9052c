"""exp, tanh and sigmoid against long double: the errors that vector_maths.py states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engine.lanes import Floats, elementwise

from trainlab.engine.kernel.vector_maths import exp, sigmoid, tanh

LIMITS = {"float32": 87.0, "float64": 708.0}
FUNCTIONS: dict[str, tuple[Callable[[Floats], Floats], Callable[[Any], Any], float]] = {
    "exp": (elementwise(exp), np.exp, 1.1),
    "tanh": (elementwise(tanh), np.tanh, 2.6),
    "sigmoid": (elementwise(sigmoid), lambda x: 1 / (1 + np.exp(-x)), 2.5),
}
each_function = pytest.mark.parametrize("name", FUNCTIONS)
each_dtype = pytest.mark.parametrize("dtype", LIMITS)


def dense(dtype: str) -> Floats:
    """Return 1.6 million arguments up to the limit: evenly spaced at three scales, and by magnitude."""
    limit = LIMITS[dtype]
    even = [np.linspace(-end, end, 400_001) for end in (limit, 20.0, 1.0)]
    magnitudes = np.geomspace(float(np.finfo(dtype).tiny), limit, 200_000)
    return np.concatenate([*even, magnitudes, -magnitudes]).astype(dtype).clip(-limit, limit)


def ulps(found: Floats, exact: Any) -> Any:
    """Return |found − exact| in units in the last place of the exact value."""
    spacing = np.spacing(np.abs(exact.astype(found.dtype))).astype(np.longdouble)
    return np.abs(found.astype(np.longdouble) - exact) / spacing


@each_dtype
@each_function
def test_the_error_is_within_what_is_stated(name: str, dtype: str) -> None:
    function, oracle, bound = FUNCTIONS[name]
    x = dense(dtype)
    largest = float(ulps(function(x), oracle(x.astype(np.longdouble))).max())
    # The lower bound keeps the statement honest: these aren't correctly rounded functions.
    assert 0.5 < largest <= bound


@each_dtype
@each_function
def test_a_nan_stays_a_nan_and_touches_no_neighbour(name: str, dtype: str) -> None:
    function = FUNCTIONS[name][0]
    x = np.linspace(-3, 3, 8).astype(dtype)
    clean = function(x)
    for place in range(8):
        spoilt = x.copy()
        spoilt[place] = np.nan
        found = function(spoilt)
        assert np.isnan(found[place])
        others = np.arange(8) != place
        np.testing.assert_array_equal(found[others], clean[others])


@each_dtype
def test_infinities(dtype: str) -> None:
    ends = np.array([-np.inf, np.inf], dtype=dtype)
    limit = np.array([-LIMITS[dtype], LIMITS[dtype]], dtype=dtype)
    np.testing.assert_array_equal(FUNCTIONS["tanh"][0](ends), [-1.0, 1.0])
    for name in ("exp", "sigmoid"):
        function = FUNCTIONS[name][0]
        np.testing.assert_array_equal(function(ends), function(limit))
        np.testing.assert_array_equal(function(2 * limit), function(limit))
        assert np.isfinite(function(ends)).all()
        assert (function(ends) > 0).all()
    assert FUNCTIONS["sigmoid"][0](ends)[1] == 1.0


@each_dtype
def test_tanh_and_sigmoid_stay_within_their_range(dtype: str) -> None:
    x = dense(dtype)
    assert np.abs(FUNCTIONS["tanh"][0](x)).max() == 1.0
    sigmoids = FUNCTIONS["sigmoid"][0](x)
    assert sigmoids.min() > 0.0
    assert sigmoids.max() == 1.0


@each_dtype
def test_tiny_arguments(dtype: str) -> None:
    smallest = np.finfo(dtype).smallest_subnormal
    x = np.array([0.0, smallest, -smallest, 1e-30, -1e-30, 1e-9, -1e-9], dtype=dtype)
    # tanh x = x there, to every bit, down to the subnormals: no cancellation around 0.
    np.testing.assert_array_equal(FUNCTIONS["tanh"][0](x)[:5], x[:5])
    assert ulps(FUNCTIONS["tanh"][0](x), np.tanh(x.astype(np.longdouble))).max() <= 2.6
    np.testing.assert_array_equal(FUNCTIONS["exp"][0](x)[:5], 1.0)
    np.testing.assert_array_equal(FUNCTIONS["sigmoid"][0](x)[:5], 0.5)


@each_dtype
def test_tanh_is_odd_to_a_few_units_in_the_last_place(dtype: str) -> None:
    x = np.geomspace(1e-6, 9, 10_000).astype(dtype)
    function = FUNCTIONS["tanh"][0]
    # Not to the bit: expm1(2x) and expm1(−2x) round apart.
    assert ulps(function(x), -function(-x).astype(np.longdouble)).max() <= 2 * 2.6
