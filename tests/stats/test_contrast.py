"""Contrasts, and paired differences against Bonett and Price's formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.errors import StatsError
from trainlab.stats import Estimate, contrast, paired_difference

SCORES = st.lists(st.integers(-16, 16).map(lambda step: step / 16), min_size=1, max_size=60).map(np.array)


@given(SCORES, st.sampled_from([1.0, 2.0]))
def test_is_the_wald_interval_of_the_scores_and_two_pseudo_seeds(scores, bound):
    result = contrast(scores, bound=bound)
    padded = np.append(scores, [bound, -bound])
    centre, half = padded.mean(), 1.959963984540054 * padded.std() / np.sqrt(len(padded))
    expected = max(-bound, centre - half), min(bound, centre + half)
    assert (result.low, result.high) == pytest.approx(expected, abs=1e-12)
    assert result.estimate == pytest.approx(scores.mean(), abs=1e-15)
    assert result.n == len(scores)


@given(SCORES, st.sampled_from([0.05, 0.5, 0.8, 0.95, 0.999]))
def test_interval_holds_the_estimate_and_fits_the_p_value(scores, confidence):
    result = contrast(scores, bound=1.0, confidence=confidence)
    assert -1.0 <= result.low <= result.estimate <= result.high <= 1.0
    assert 0.0 <= result.p <= 1.0
    if abs(result.p - (1 - confidence)) > 1e-9:
        assert (result.p < 1 - confidence) == (not result.low <= 0.0 <= result.high)


@given(SCORES)
def test_more_confidence_is_wider(scores):
    narrow, wide = (contrast(scores, bound=1.0, confidence=level) for level in (0.8, 0.99))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


def test_no_spread_still_leaves_doubt():
    result = contrast(np.zeros(1000), bound=1.0)
    assert (result.estimate, result.p) == (0.0, 1.0)
    assert result.high == pytest.approx(1.96 * np.sqrt(2) / 1002, rel=1e-3)
    assert result.low == -result.high
    assert contrast(np.ones(20), bound=1.0).low < 0.9


def test_p_value_of_a_clear_effect_is_tiny_but_not_zero():
    # Half of 1,000 seeds gain: z is about 31, far below where 1 − Φ(z) would round to 0.
    assert 0 < contrast(np.repeat([0.0, 1.0], 500), bound=1.0).p < 1e-100


def test_prints_in_points():
    made_up = Estimate(estimate=0.123, low=0.0004, high=0.2, p=0.04, p_small=0.9, n=50)
    assert str(made_up) == "+12.3 points (0.0 to +20.0)"
    assert (
        str(Estimate(estimate=-0.5, low=-0.6, high=-0.0001, p=0.0, p_small=1.0, n=9))
        == "−50.0 points (−60.0 to 0.0)"
    )


@pytest.mark.parametrize(
    ("scores", "bound", "message"),
    [
        ([], 1.0, r"shape \[0\], but must be \[n\] with n >= 1"),
        ([[0.1]], 1.0, r"shape \[1, 1\]"),
        ([0.0, np.nan], 1.0, "not finite"),
        ([0.0, np.inf], 1.0, "not finite"),
        ([0.0, -1.5], 1.0, "reach 1.5, beyond bound = 1"),
        ([0.0], 0.0, "bound is 0.0, but must be a positive number"),
        ([0.0], np.nan, "bound is nan"),
    ],
)
def test_refuses_scores_that_have_no_interval(scores, bound, message):
    with pytest.raises(StatsError, match=message):
        contrast(np.array(scores), bound=bound)


def test_allows_the_rounding_of_a_mean():
    assert contrast(np.array([1.0 + 1e-15]), bound=1.0).high == 1.0


def test_the_guard_may_be_less_than_the_bound_which_alone_clips():
    scores = np.array([0.0, 0.3, 0.3, 0.3])
    padded = np.append(scores, [0.3, -0.3])
    high = padded.mean() + 1.959963984540054 * padded.std() / np.sqrt(6)
    assert high > 0.3
    assert contrast(scores, bound=1.0, guard=0.3).high == pytest.approx(high)
    assert contrast(5 * scores, bound=np.inf, guard=1.5).high == pytest.approx(5 * high)
    with pytest.raises(StatsError, match="guard is inf, but must be a positive number"):
        contrast(scores, bound=np.inf)


def cells(f00, f01, f10, f11):
    """Return outcomes a and b with the counts f(a)(b)."""
    pairs = [(False, False)] * f00 + [(False, True)] * f01 + [(True, False)] * f10 + [(True, True)] * f11
    return np.array(pairs).T


def bonett_price(gained, lost, n, z=1.959963984540054):
    """The interval as the paper writes it, from the counts."""
    p, q = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    error = math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    return max(-1.0, p - q - z * error), min(1.0, p - q + z * error)


def test_published_example():
    # The example of `ci.prop.ps` in the R package statpsych, by Bonett: counts 12, 4, 26, 6.
    result = paired_difference(*cells(12, 26, 4, 6))
    assert (result.low, result.high) == pytest.approx((0.2548067, 0.6251933), abs=5e-8)
    assert result.estimate == pytest.approx(22 / 48)
    assert result.n == 48


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_is_the_paper_s_formula_around_a_shrunk_centre(counts):
    _, f01, f10, _ = counts
    n = sum(counts)
    result = paired_difference(*cells(*counts))
    low, high = bonett_price(f01, f10, n)
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-12)
    assert result.estimate == pytest.approx((f01 - f10) / n)
    if low > -1 and high < 1:
        assert (low + high) / 2 == pytest.approx(result.estimate * n / (n + 2))


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_swapping_the_cells_mirrors_the_result(counts):
    a, b = cells(*counts)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert (back.estimate, back.low, back.high) == (-forth.estimate, -forth.high, -forth.low)
    assert back.p == forth.p


def test_pairing_narrows_the_interval():
    a = np.arange(200) < 100
    together, apart = paired_difference(a, np.arange(200) < 120), paired_difference(a, np.arange(200) >= 80)
    assert together.estimate == pytest.approx(apart.estimate)
    assert together.high - together.low < (apart.high - apart.low) / 2


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones(3, bool), np.ones(4, bool), "a has 3 seeds and b has 4"),
        (np.ones(3), np.ones(3, bool), r"a is float64 \[3\], but must be bool"),
        (np.ones(3, bool), np.ones((3, 1), bool), r"b is bool \[3, 1\]"),
        (np.ones(0, bool), np.ones(0, bool), "n >= 1"),
    ],
)
def test_refuses_what_is_not_paired(a, b, message):
    with pytest.raises(StatsError, match=message):
        paired_difference(a, b)
