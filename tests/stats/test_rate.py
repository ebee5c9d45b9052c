"""Rates and their intervals, against brute force and SciPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binom, binomtest

from measure.coverage_sums import ends_of_rates, lowest_rate_coverage
from trainlab.errors import StatsError
from trainlab.stats import Rate, exact_interval, mcnemar_p, rate, share_p, sign_test
from trainlab.stats.rate import two_sided_p, two_sided_quantile


@pytest.mark.parametrize("confidence", [1e-6, 0.5, 0.95, 0.999999])
def test_quantile_and_p_are_those_of_scipy_and_undo_each_other(confidence):
    z = two_sided_quantile(confidence)
    assert z == pytest.approx(stats.norm.ppf((1 + confidence) / 2), rel=1e-9)
    assert two_sided_p(z) == pytest.approx(1 - confidence, rel=1e-9)
    assert two_sided_p(-z) == two_sided_p(z)


def test_far_tail_is_not_rounded_to_zero():
    assert two_sided_p(30.0) == pytest.approx(2 * stats.norm.sf(30.0), rel=1e-9)


@pytest.mark.parametrize("level", [0.05, 1e-3, 1e-9])
def test_the_interval_is_scipys(level: float) -> None:
    pairs = [(0, 1), (1, 1), (0, 32), (31, 32), (32, 32), (7, 50), (2031, 2048)]
    k, n = (np.array(column) for column in zip(*pairs, strict=True))
    low, high = exact_interval(k, n, level=level)
    for place, (one, all_) in enumerate(pairs):
        wanted = binomtest(one, all_).proportion_ci(1 - level, method="exact")
        assert low[place] == pytest.approx(wanted.low, abs=1e-9)
        assert high[place] == pytest.approx(wanted.high, abs=1e-9)


@pytest.mark.parametrize("n", [1, 5, 32])
@pytest.mark.parametrize("level", [0.05, 1e-4])
def test_no_rate_is_missed_more_often_than_the_level(n: int, level: float) -> None:
    k = np.arange(n + 1)
    low, high = exact_interval(k, np.full(n + 1, n), level=level)
    for p in np.linspace(0, 1, 201):
        missed = (p < low) | (p > high)
        assert binom.pmf(k, n, p)[missed].sum() <= level * (1 + 1e-9)


def test_the_sign_test_is_scipys() -> None:
    random = np.random.default_rng(1)
    better, others = random.random(60) < 0.8, random.random((40, 60)) < random.random((40, 1))
    for p, other in zip(sign_test(better, others), others, strict=True):
        wins, losses = int((better & ~other).sum()), int((other & ~better).sum())
        wanted = binomtest(wins, wins + losses, alternative="greater").pvalue if wins + losses else 1.0
        assert p == pytest.approx(wanted, rel=1e-9)


def test_the_sign_test_against_itself_and_without_a_win_is_one() -> None:
    solved = np.array([True, False, True])
    assert sign_test(solved, np.stack([solved, np.ones(3, dtype=np.bool_)])).tolist() == [1.0, 1.0]


def test_the_sign_test_keeps_its_level_whatever_the_two_share() -> None:
    """Two equal rates, from independent runs to nearly the same: p ≤ 0.01 comes no more often than that."""
    random = np.random.default_rng(2)
    for shared in (0.0, 0.5, 0.95):
        common, own = random.random((4000, 1, 40)), random.random((4000, 2, 40))
        same = random.random((4000, 1, 40)) < shared
        solved = np.where(same, common, own) < 0.7
        p = np.array([sign_test(one, other[None])[0] for one, other in solved])
        assert (p <= 0.01).mean() <= 0.012


def test_what_is_no_count_is_refused() -> None:
    one = np.array([1])
    for k, n in ((one, 0 * one), (-one, one), (2 * one, one)):
        with pytest.raises(StatsError, match="each k must be from 0 to its n"):
            exact_interval(k, n, level=0.05)
    with pytest.raises(StatsError, match=r"level is 0.0, but must lie strictly between 0 and 1"):
        exact_interval(one, one, level=0.0)
    with pytest.raises(StatsError, match=r"better \[2\], others \[1, 3\]: must be \[n\] and \[m, n\]"):
        sign_test(np.zeros(2, dtype=np.bool_), np.zeros((1, 3), dtype=np.bool_))


def test_mcnemars_test_is_scipys_of_the_pairs_that_differ() -> None:
    rng = np.random.default_rng(4)
    for share in (0.2, 0.5, 0.7):
        a, b = rng.random(60) < 0.5, rng.random(60) < share
        wins, differ = int((a & ~b).sum()), int((a != b).sum())
        assert mcnemar_p(a, b) == pytest.approx(binomtest(wins, differ).pvalue)
    assert mcnemar_p(a, a) == 1.0


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
