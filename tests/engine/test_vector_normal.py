"""The normal law against mpmath and the NumPy generator: the errors that vector_normal.py states."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from engine.lanes import NETWORKS, Floats, call, elementwise, memory_of, tag
from engine.series import exactly, interpolated, ulps
from numba import njit
from scipy import special

from trainlab.engine import rng
from trainlab.engine.kernel.draws import CENTRE, LIMIT, TAIL, normal_cdf, normal_density, normal_quantile
from trainlab.engine.kernel.lanes import aligned_zeros
from trainlab.engine.kernel.simd import load_words, store

each_dtype = pytest.mark.parametrize("dtype", LIMIT)
CDF, DENSITY = elementwise(normal_cdf), elementwise(normal_density)


def where_normal(dtype: str) -> Floats:
    """Return arguments whose Φ and φ are normal numbers."""
    end = 12.9 if dtype == "float32" else 37.5
    random = np.random.default_rng(0).uniform(-end, end, 2_000)
    magnitudes = np.geomspace(1e-30, end, 500)
    even = [np.linspace(-end, end, 3_001), np.linspace(-4, 4, 3_001)]
    return np.concatenate([*even, random, magnitudes, -magnitudes]).astype(dtype)


@each_dtype
@pytest.mark.parametrize(
    ("function", "oracle", "bound"), [(CDF, mpmath.ncdf, 4.5), (DENSITY, mpmath.npdf, 2.8)]
)
def test_the_error_is_within_what_is_stated(function: Any, oracle: Any, bound: float, dtype: str) -> None:
    x = where_normal(dtype)
    # The lower bound keeps the statement honest: these aren't correctly rounded functions.
    assert 0.5 < float(ulps(function(x), exactly(oracle, x)).max()) <= bound


def test_a_million_values_of_float32() -> None:
    x = np.concatenate([np.linspace(-12.9, 12.9, 800_001), np.linspace(-1, 1, 200_001)]).astype(np.float32)
    wide = x.astype(np.float64)
    assert ulps(CDF(x), special.ndtr(wide)).max() <= 4.5
    assert ulps(DENSITY(x), np.exp(-wide * wide / 2) / np.sqrt(2 * np.pi)).max() <= 2.8


@each_dtype
def test_the_ends(dtype: str) -> None:
    x = np.array([-np.inf, -1e30, np.inf, 1e30, 0.0, -0.0], dtype=dtype)
    np.testing.assert_array_equal(CDF(x), [0.0, 0.0, 1.0, 1.0, 0.5, 0.5])
    np.testing.assert_array_equal(DENSITY(x)[:4], 0.0)
    end = np.array([-LIMIT[dtype]], dtype=dtype)
    assert 0 < CDF(end)[0] < 4 * np.finfo(dtype).tiny
    beyond = np.nextafter(end, -np.inf, dtype=dtype)
    assert CDF(beyond)[0] == DENSITY(beyond)[0] == 0.0


@each_dtype
@pytest.mark.parametrize("function", [CDF, DENSITY])
def test_a_nan_stays_a_nan_and_touches_no_neighbour(function: Any, dtype: str) -> None:
    x = np.linspace(-2, 2, 8).astype(dtype)
    clean = function(x)
    for place in range(8):
        spoilt = x.copy()
        spoilt[place] = np.nan
        found = function(spoilt)
        assert np.isnan(found[place])
        others = np.arange(8) != place
        np.testing.assert_array_equal(found[others], clean[others])


@each_dtype
def test_the_tail_is_the_interpolation_that_is_stated(dtype: str) -> None:
    def tail(t: Any) -> Any:
        a = CENTRE * (1 + t) / (1 - t)
        return (a + CENTRE) * mpmath.exp(a * a / 2) * mpmath.erfc(a / mpmath.sqrt(2)) / 2

    def interval() -> list[Any]:
        limit = mpmath.mpf(LIMIT[dtype])
        return [-1, (limit - CENTRE) / (limit + CENTRE)]

    assert TAIL[dtype] == interpolated(tail, interval, len(TAIL[dtype]))


@njit(error_model="numpy")
def _quantiles(lane: Any, words: Any, target: Any, rows: int) -> None:
    for row in range(rows):
        store(lane, target, row, normal_quantile(lane, load_words(lane, words, row)))


def quantiles(words: Floats, dtype: str) -> Floats:
    target = aligned_zeros(words.size, dtype)
    call(_quantiles, tag(dtype), memory_of(words), target, words.size // NETWORKS)
    return target


def drawn() -> Floats:
    """Return words by chance, next to the ends and to the middle, and where AS 241 changes its formula."""
    ends = np.unique(np.geomspace(1, 2**31 - 1, 20_000).astype(np.uint64) - 1)
    change = int(0.075 * 2**32) + np.arange(-500, 500)
    chance = np.random.default_rng(0).integers(0, 2**32, 400_000, dtype=np.uint64)
    parts = [ends, 2**32 - 1 - ends, 2**31 + ends, 2**31 - 1 - ends, change, 2**32 - 1 - change, chance]
    words = np.concatenate([part.astype(np.uint32) for part in parts])
    return words[: words.size // NETWORKS * NETWORKS]


@pytest.mark.parametrize(("dtype", "within"), [("float32", 4e-7), ("float64", 2e-15)])
def test_quantiles_are_those_of_the_numpy_generator(dtype: str, within: float) -> None:
    words = drawn()
    np.testing.assert_allclose(quantiles(words, dtype), rng.normals(words), rtol=within, atol=0)


@each_dtype
def test_quantiles_are_odd_to_the_bit(dtype: str) -> None:
    words = drawn()
    np.testing.assert_array_equal(quantiles(words, dtype), -quantiles(~words, dtype))


def test_quantiles_and_probabilities_are_inverse() -> None:
    words = drawn()
    lower = words[words < 1 << 31]
    lower = lower[: lower.size // NETWORKS * NETWORKS]
    np.testing.assert_allclose(CDF(quantiles(lower, "float64")), rng.uniforms(lower), rtol=4e-14)


def test_functions_refuse_to_run_uncompiled() -> None:
    for function in (normal_cdf, normal_density):
        with pytest.raises(TypeError, match="compiled code only"):
            function(None, 0.0)
