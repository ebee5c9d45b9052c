import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainlab.errors import StatsError
from trainlab.stats import finite_counts, median_and_bands, quantile_curves

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
