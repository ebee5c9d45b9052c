"""log, log1p and expm1 against long double: the errors that vector_log.py states."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from engine.lanes import Floats, elementwise
from engine.series import interpolated, ulps

from trainlab.engine.kernel import vector_maths
from trainlab.engine.kernel.vector_maths import SERIES, expm1, log, log1p

EXP_LIMITS = {"float32": 87.0, "float64": 708.0}
each_dtype = pytest.mark.parametrize("dtype", EXP_LIMITS)
FUNCTIONS = {
    name: elementwise(function) for name, function in [("log", log), ("log1p", log1p), ("expm1", expm1)]
}
BOUNDS = {"log": 0.9, "log1p": 0.9, "expm1": 1.9}


def arguments(name: str, dtype: str) -> Floats:
    """Return about a million arguments: by magnitude, evenly spaced, and where terms cancel."""
    info = np.finfo(dtype)
    tiny, large, eps = float(info.tiny), float(info.max), float(info.eps)
    if name == "log":
        near = np.geomspace(eps, 0.3, 50_000)
        parts = [np.geomspace(tiny, large / 2, 500_000), np.linspace(0.4, 3, 400_001), 1 + near, 1 - near]
    elif name == "log1p":
        magnitudes = np.geomspace(tiny, 1, 200_000)
        parts = [np.linspace(0, 1, 600_001), np.linspace(-0.25, 0, 100_001), magnitudes, -magnitudes / 4]
    else:
        end = EXP_LIMITS[dtype]
        magnitudes = np.geomspace(tiny, end, 200_000)
        parts = [np.linspace(-end, end, 300_001), np.linspace(-3, 3, 300_001), magnitudes, -magnitudes]
    return np.concatenate(parts).astype(dtype)


@each_dtype
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_is_within_what_is_stated(name: str, dtype: str) -> None:
    oracle: Any = getattr(np, name)
    x = arguments(name, dtype)
    largest = float(ulps(FUNCTIONS[name](x), oracle(x.astype(np.longdouble))).max())
    # The lower bound keeps the statement honest: these aren't correctly rounded functions.
    assert 0.5 < largest <= BOUNDS[name]


@each_dtype
def test_log_at_the_edges(dtype: str) -> None:
    x = np.array([0.0, -0.0, -1.0, -np.inf, np.inf, np.nan, 1.0], dtype=dtype)
    inf, nan = np.inf, np.nan
    np.testing.assert_array_equal(FUNCTIONS["log"](x), [-inf, -inf, nan, nan, inf, nan, 0.0])


@each_dtype
def test_log_of_subnormal_numbers(dtype: str) -> None:
    x = np.finfo(dtype).smallest_subnormal * np.array([1, 2, 3, 1000, 123_457], dtype=dtype)
    assert ulps(FUNCTIONS["log"](x), np.log(x.astype(np.longdouble))).max() <= BOUNDS["log"]


@each_dtype
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_nan_stays_a_nan_and_touches_no_neighbour(name: str, dtype: str) -> None:
    x = np.linspace(0.1, 0.9, 8).astype(dtype)
    clean = FUNCTIONS[name](x)
    for place in range(8):
        spoilt = x.copy()
        spoilt[place] = np.nan
        found = FUNCTIONS[name](spoilt)
        assert np.isnan(found[place])
        others = np.arange(8) != place
        np.testing.assert_array_equal(found[others], clean[others])


@each_dtype
def test_log1p_and_expm1_of_tiny_numbers_are_the_numbers(dtype: str) -> None:
    smallest = np.finfo(dtype).smallest_subnormal
    x = np.array([0.0, smallest, -smallest, 1e-30, -1e-30], dtype=dtype)
    np.testing.assert_array_equal(FUNCTIONS["log1p"](x), x)
    np.testing.assert_array_equal(FUNCTIONS["expm1"](x), x)


@each_dtype
def test_expm1_beyond_its_limits(dtype: str) -> None:
    end = EXP_LIMITS[dtype]
    found = FUNCTIONS["expm1"](np.array([-np.inf, -2 * end, 2 * end, np.inf], dtype=dtype))
    at_limit = FUNCTIONS["expm1"](np.array([end], dtype=dtype))[0]
    np.testing.assert_array_equal(found, [-1.0, -1.0, at_limit, at_limit])


@each_dtype
def test_the_series_is_the_interpolation_that_is_stated(dtype: str) -> None:
    def series(z: Any) -> Any:
        s = mpmath.sqrt(z)
        return 2 * (mpmath.atanh(s) / s - 1) / z

    end = 25
    assert SERIES[dtype] == interpolated(series, lambda: [0, mpmath.mpf(1) / end], len(SERIES[dtype]))


def test_the_two_parts_of_ln_2() -> None:
    with mpmath.workdps(60):
        for dtype, (high, low) in vector_maths.LN2.items():
            assert high == float(np.array(float(mpmath.log(2))).astype(dtype))
            assert low == float(mpmath.log(2) - high)


def test_functions_refuse_to_run_uncompiled() -> None:
    for function in (log, expm1):
        with pytest.raises(TypeError, match="compiled code only"):
            function(None, 0.0)
