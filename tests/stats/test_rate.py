import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.coverage_sums import ends_of_rates, lowest_rate_coverage
from trainlab.errors import StatsError
from trainlab.stats import Rate, rate, share_p

COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_reaches_as_far_as_wilsons_or_the_exact_one_sided_limit_as_scipy_has_them(counts, confidence):
    k, n = counts
    ours = rate(k, n, confidence=confidence)
    wilsons = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    limits = [
        stats.binomtest(k, n, alternative=side).proportion_ci(confidence) for side in ("greater", "less")
    ]
    ends = min(wilsons.low, limits[0].low), max(wilsons.high, limits[1].high)
    np.testing.assert_allclose((ours.low, ours.high), ends, atol=1e-9)
    assert 0.0 <= ours.low <= ours.estimate <= ours.high <= 1.0
    assert ours.estimate == k / n


@pytest.mark.computes
def test_the_lowest_coverage_over_rates_is_what_the_page_says():
    # docs/coverage.md: of 8 to 64 seeds, of which its table has four.
    lowest = {n: lowest_rate_coverage(ends_of_rates(n))[0] for n in range(8, 65)}
    assert min(lowest, key=lowest.__getitem__) == 9
    found = [lowest[n] for n in (9, 13, 19, 29)]
    np.testing.assert_allclose(found, [0.912, 0.912, 0.920, 0.921], atol=0.0005)
    assert min(share for n, share in lowest.items() if n > 19) > 0.92
    # The same of 9 seeds by SciPy alone, at the rate where it is lowest.
    share = lowest_rate_coverage(ends_of_rates(9))[1]
    inside = [k for k in range(10) if rate(k, 9).low <= share <= rate(k, 9).high]
    assert stats.binom.pmf(inside, 9, share).sum() == pytest.approx(lowest[9], abs=1e-6)


def test_ends_are_exact():
    # For some of these the formula alone would miss by a rounding error.
    for n, confidence in itertools.product((1, 3, 7, 20, 49, 1000), np.linspace(0.5, 0.999, 60)):
        assert rate(0, n, confidence=confidence).low == 0.0
        assert rate(n, n, confidence=confidence).high == 1.0
    assert rate(0, 20).high == pytest.approx(0.1611, abs=1e-4)


def test_accepts_numpy_integers_and_keeps_plain_ones():
    result = rate(np.int64(3), np.int32(4))
    assert result == rate(3, 4)
    assert type(result.k) is int


def test_prints_as_a_sentence():
    assert str(rate(812, 1000)) == "812 of 1,000 (81.2 %, 78.7–83.5 %)"
    assert str(rate(0, 20)) == "0 of 20 (0.0 %, 0.0–16.1 %)"


def test_is_frozen_and_comparable():
    assert Rate(k=1, n=2, low=0.1, high=0.9) == Rate(k=1, n=2, low=0.1, high=0.9)
    with pytest.raises(AttributeError):
        rate(1, 2).k = 2


@pytest.mark.parametrize(
    ("k", "n", "message"),
    [
        (0, 0, "n is 0, but a rate needs at least 1 seed"),
        (1, -3, "n is -3"),
        (-1, 5, "k is -1, but must be from 0 to n = 5"),
        (6, 5, "k is 6, but must be from 0 to n = 5"),
        (2.5, 5, "k is 2.5, but must be a whole number"),
        (2, 5.0, "n is 5.0, but must be a whole number"),
    ],
)
def test_refuses_impossible_counts(k, n, message):
    with pytest.raises(StatsError, match=message):
        rate(k, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, -0.1, float("nan")])
def test_refuses_impossible_confidence(confidence):
    with pytest.raises(StatsError, match=r"confidence is .* between 0 and 1"):
        rate(1, 2, confidence=confidence)


@given(COUNTS, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_p_value_of_a_share_fits_the_interval(counts, share):
    value = rate(*counts)
    p = share_p(value, share)
    inside = value.low < share < value.high
    assert (p > 0.05) == inside or p == pytest.approx(0.05, abs=1e-6)
    # The chi-squared test of one proportion is the score test; the other is SciPy's exact one.
    expected = np.array([share, 1 - share]) * value.n
    score = stats.chisquare([value.k, value.n - value.k], expected).pvalue
    side = "greater" if value.estimate >= share else "less"
    exact = stats.binomtest(value.k, value.n, share, alternative=side).pvalue
    assert p == pytest.approx(max(score, exact), abs=1e-9)


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_a_share_without_a_spread_has_no_p_value(share):
    with pytest.raises(StatsError, match=r"share is .*, but must lie strictly between 0 and 1"):
        share_p(rate(1, 2), share)
