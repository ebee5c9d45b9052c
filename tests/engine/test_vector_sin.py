"""sin and cos against long double: the errors that vector_sin.py states."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from engine.lanes import Floats, elementwise
from engine.series import exactly, interpolated, ulps
from numba import njit

from trainlab.engine.kernel.vector_maths import COS, HALF_PI, REDUCED_LIMIT, SIN, sin_cos

REACH = {"float32": 1e5, "float64": 1e9}
BOUND = 1.6
each_dtype = pytest.mark.parametrize("dtype", REACH)


@njit(forceinline=True)
def _sin(tag: Any, x: Any) -> Any:
    return sin_cos(tag, x)[0]


@njit(forceinline=True)
def _cos(tag: Any, x: Any) -> Any:
    return sin_cos(tag, x)[1]


FUNCTIONS = {"sin": elementwise(_sin), "cos": elementwise(_cos)}
each_function = pytest.mark.parametrize("name", FUNCTIONS)


def arguments(dtype: str) -> Floats:
    """Return 700 thousand arguments up to the reach: even, random, by magnitude."""
    reach = REACH[dtype]
    random = np.random.default_rng(0).uniform(-reach, reach, 100_000)
    magnitudes = np.geomspace(float(np.finfo(dtype).tiny), reach, 100_000)
    even = [np.linspace(-end, end, 100_001) for end in (2.0, 20.0, 1e4, reach)]
    return np.concatenate([*even, random, magnitudes, -magnitudes]).astype(dtype)


@each_dtype
@each_function
def test_the_error_is_within_what_is_stated(name: str, dtype: str) -> None:
    oracle: Any = getattr(np, name)
    x = arguments(dtype)
    largest = float(ulps(FUNCTIONS[name](x), oracle(x.astype(np.longdouble))).max())
    # The lower bound keeps the statement honest: these aren't correctly rounded functions.
    assert 0.5 < largest <= BOUND


@each_dtype
@each_function
def test_the_error_next_to_the_zeros(name: str, dtype: str) -> None:
    # There the reduced argument is what the subtraction of n π/2 left of x.
    n = np.unique(np.geomspace(1, REACH[dtype] / 1.6, 2_000).astype(np.int64))
    x = np.concatenate([n * (np.pi / 2), -n * (np.pi / 2)]).astype(dtype)
    exact = exactly(getattr(mpmath, name), x)
    assert np.abs(exact).min() < 1e-6
    assert ulps(FUNCTIONS[name](x), exact).max() <= BOUND


@each_dtype
def test_each_quarter_of_the_circle(dtype: str) -> None:
    angles = np.arange(-9, 10) * (np.pi / 2)
    x = angles.astype(dtype)
    np.testing.assert_array_equal(np.rint(FUNCTIONS["sin"](x)), np.rint(np.sin(angles)))
    np.testing.assert_array_equal(np.rint(FUNCTIONS["cos"](x)), np.rint(np.cos(angles)))


@each_dtype
@each_function
def test_results_stay_within_one_and_are_nan_only_for_what_is_not_finite(name: str, dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    x = np.concatenate([arguments(dtype), np.geomspace(1.0, largest / 2, 20_000), [largest]]).astype(dtype)
    found = FUNCTIONS[name](np.concatenate([x, -x]))
    assert 0.999 < np.abs(found).max() <= 1.0
    ends = np.array([np.nan, np.inf, -np.inf, 0.0], dtype=dtype)
    np.testing.assert_array_equal(np.isnan(FUNCTIONS[name](ends)), [True, True, True, False])


@each_dtype
def test_tiny_arguments(dtype: str) -> None:
    x = np.array([0.0, np.finfo(dtype).smallest_subnormal, -1e-30, 1e-9], dtype=dtype)
    np.testing.assert_array_equal(FUNCTIONS["sin"](x), x)
    np.testing.assert_array_equal(FUNCTIONS["cos"](x), np.ones(4))


@each_dtype
def test_the_series_are_the_interpolations_that_are_stated(dtype: str) -> None:
    def sine(z: Any) -> Any:
        r = mpmath.sqrt(z)
        return (mpmath.sin(r) / r - 1) / z

    def cosine(z: Any) -> Any:
        return (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2

    def interval() -> list[Any]:
        return [0, mpmath.mpf(str(REDUCED_LIMIT)) ** 2]

    assert SIN[dtype] == interpolated(sine, interval, len(SIN[dtype]))
    assert COS[dtype] == interpolated(cosine, interval, len(COS[dtype]))


@each_dtype
def test_the_parts_of_half_a_turn(dtype: str) -> None:
    with mpmath.workdps(60):
        rest = mpmath.pi / 2
        for part in HALF_PI[dtype]:
            assert part == float(np.array(float(rest)).astype(dtype))
            rest -= mpmath.mpf(part)


def test_sin_cos_refuses_to_run_uncompiled() -> None:
    with pytest.raises(TypeError, match="compiled code only"):
        sin_cos(None, 0.0)
