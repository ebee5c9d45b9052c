"""Medians and bands of curves, exact or from rounded codes."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainlab.engine.runs import decode, encode
from trainlab.errors import StatsError
from trainlab.stats import (
    coded_bands,
    coded_quantiles,
    count_codes,
    finite_counts,
    median_and_bands,
    quantile_curves,
)

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
CURVES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 9), st.integers(0, 5)),
    elements=st.one_of(st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf])),
)


@given(CURVES)
def test_each_point_is_numpy_s_quantile_of_its_finite_runs(curves):
    result = quantile_curves(curves, quantiles=LEVELS)
    assert result.shape == (len(LEVELS), curves.shape[1])
    for point, column in enumerate(curves.T):
        finite = column[np.isfinite(column)]
        assert finite_counts(curves)[point] == len(finite)
        expected = np.quantile(finite, LEVELS) if len(finite) else np.full(len(LEVELS), np.nan)
        np.testing.assert_allclose(result[:, point], expected, rtol=1e-12, atol=1e-9)


@given(CURVES)
def test_bands_are_nested(curves):
    bands = median_and_bands(curves)
    drawn = [bands.low90, bands.low50, bands.median, bands.high50, bands.high90]
    np.testing.assert_array_equal(np.stack(drawn), quantile_curves(curves))
    some = bands.finite > 0
    for lower, upper in itertools.pairwise(drawn):
        assert (lower[some] <= upper[some] + 1e-9).all()
        assert np.isnan(lower[~some]).all()
    assert bands.n == len(curves)


def test_a_diverged_run_counts_until_it_diverges():
    curves = np.array([[1.0, 2.0], [3.0, np.inf], [5.0, 6.0]], dtype=np.float32)
    assert quantile_curves(curves, quantiles=[0.5]).tolist() == [[3.0, 4.0]]
    assert finite_counts(curves).tolist() == [3, 2]


def test_no_finite_run_gives_nan_without_a_warning():
    curves = np.array([[np.nan, 1.0], [np.inf, 2.0]])
    np.testing.assert_array_equal(quantile_curves(curves, quantiles=[0.5]), [[np.nan, 1.5]])
    assert median_and_bands(curves).finite.tolist() == [0, 2]


def test_the_largest_numbers_do_not_overflow():
    curves = np.array([[-1.7e308], [1.7e308]])
    assert quantile_curves(curves, quantiles=[0.0, 0.5, 1.0]).ravel().tolist() == [-1.7e308, 0.0, 1.7e308]


def test_input_is_not_changed():
    curves = np.array([[3.0], [np.inf], [1.0]])
    quantile_curves(curves)
    assert curves.ravel().tolist() == [3.0, np.inf, 1.0]


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2, 2, 2)])
def test_refuses_what_is_no_set_of_curves(shape):
    for function in (quantile_curves, finite_counts, median_and_bands):
        with pytest.raises(StatsError, match=r"curves has the shape .*, but must be \[n, k\]"):
            function(np.zeros(shape))


@pytest.mark.parametrize("quantiles", [(0.5, 1.5), (-0.1,), (float("nan"),)])
def test_refuses_impossible_quantiles(quantiles):
    with pytest.raises(StatsError, match=r"quantiles is .*, but must be a list of numbers from 0 to 1"):
        quantile_curves(np.zeros((2, 2)), quantiles=quantiles)


# Quantiles by counting codes are those of the values, however the runs come in parts.


SHAPES = st.tuples(st.integers(1, 30), st.integers(0, 4))
LOSSES = hnp.arrays(
    np.float32,
    SHAPES,
    elements=st.one_of(
        st.floats(2**-100, 2**100, width=32), st.sampled_from([0.0, 0.5, 0.5078125, np.nan, np.inf, -np.inf])
    ),
)
CODES = hnp.arrays(np.uint16, SHAPES, elements=st.integers(0, 2**16 - 1))


def in_parts(codes: np.ndarray, cuts: list[int]) -> list[np.ndarray]:
    return np.split(codes, sorted(cut % (len(codes) + 1) for cut in cuts))


@pytest.mark.computes
@settings(deadline=None, max_examples=60)
@given(CODES, st.lists(st.integers(0, 30), max_size=3))
@example(np.array([[0x7F81]], dtype=np.uint16), [])  # a signalling NaN
def test_to_the_bit_the_quantiles_of_what_the_codes_stand_for(codes: np.ndarray, cuts: list[int]) -> None:
    with np.errstate(invalid="ignore"):
        values = decode(codes).astype(np.float64)
    counted = count_codes(in_parts(codes, cuts))
    quantiles, finite = coded_quantiles(counted, decode, quantiles=LEVELS)
    np.testing.assert_array_equal(quantiles, quantile_curves(values, quantiles=LEVELS))
    np.testing.assert_array_equal(finite, np.isfinite(values).sum(axis=0))
    assert counted.n == len(codes)
    assert counted.counts.sum() == codes.size
    assert (np.diff(counted.keys) > 0).all()


@settings(deadline=None, max_examples=60)
@given(LOSSES, st.lists(st.integers(0, 30), max_size=3))
def test_within_one_code_of_numpy_s_quantile_of_the_losses(losses: np.ndarray, cuts: list[int]) -> None:
    quantiles, finite = coded_quantiles(count_codes(in_parts(encode(losses), cuts)), decode, quantiles=LEVELS)
    for point, column in enumerate(losses.T.astype(np.float64)):
        known = column[np.isfinite(column)]
        assert finite[point] == len(known)
        if len(known):
            np.testing.assert_allclose(quantiles[:, point], np.quantile(known, LEVELS), rtol=2**-8)
        else:
            assert np.isnan(quantiles[:, point]).all()


def test_bands_have_the_same_names_as_those_of_curves() -> None:
    codes = encode(np.random.default_rng(1).lognormal(sigma=3, size=(500, 3)))
    ours, theirs = coded_bands(count_codes([codes]), decode), median_and_bands(decode(codes))
    for name in ("median", "low50", "high50", "low90", "high90", "finite"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.n == theirs.n == 500


def test_no_runs_have_no_quantiles() -> None:
    bands = coded_bands(count_codes([np.empty((0, 3), dtype=np.uint16)]), decode)
    assert bands.n == 0
    assert bands.finite.tolist() == [0, 0, 0]
    assert np.isnan(bands.median).all()


@pytest.mark.computes
def test_memory_does_not_grow_with_the_runs() -> None:
    def peak(parts: int) -> int:
        draw = np.random.default_rng(2)
        tracemalloc.start()
        count_codes(encode(draw.lognormal(sigma=2, size=(1000, 5))) for _ in range(parts))
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    # The codes of 300,000 runs at five points would be 3 MB.
    assert peak(300) < peak(30) + 500_000


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "parts is empty, but must have at least one array of codes"),
        (
            [np.zeros(3, dtype=np.uint16)],
            r"a part is uint16 of shape \[3\], but must be uint16 of shape \[n, k\]",
        ),
        ([np.zeros((3, 2))], r"a part is float64 of shape \[3, 2\]"),
        (
            [np.zeros((1, k), dtype=np.uint16) for k in (2, 3)],
            "a part has 3 points, but the parts before it have 2",
        ),
    ],
)
def test_refuses_what_is_no_set_of_codes(parts: Any, message: str) -> None:
    with pytest.raises(StatsError, match=message):
        count_codes(parts)


def test_refuses_quantiles_outside_0_to_1() -> None:
    with pytest.raises(StatsError, match=r"quantiles is \[1\.5\], but must be"):
        coded_quantiles(count_codes([np.zeros((1, 1), dtype=np.uint16)]), decode, quantiles=[1.5])
