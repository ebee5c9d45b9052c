"""Wilson's interval against its definition, and shares that never round to all or none."""

from __future__ import annotations

import doctest
import math

import pytest
from scipy import stats

from trainlab.maths import format_percent, proportion, proportion_interval, wilson
from trainlab.maths.proportion import Z95


@pytest.mark.parametrize(("k", "n"), [(1, 7), (5, 10), (99, 100), (4999, 10_000)])
def test_the_ends_are_as_far_from_the_share_as_z_allows(k: int, n: int) -> None:
    for end in wilson(k, n):
        assert abs(k / n - end) == pytest.approx(Z95 * math.sqrt(end * (1 - end) / n), rel=1e-9)


def test_none_and_all_reach_the_ends() -> None:
    assert wilson(0, 9)[0] == 0.0
    assert wilson(9, 9)[1] == 1.0
    assert 1 - wilson(9, 9)[0] == pytest.approx(wilson(0, 9)[1])


def test_next_to_0_and_1_the_inner_end_is_the_exact_one_sided_limit():
    for n in (20, 1000, 10**6):
        low, high = proportion_interval(3, n)
        # Three or more of n happen with 5 % at the lower end; the other end is Wilson's.
        assert stats.binom.sf(2, n, low) == pytest.approx(0.05, rel=1e-9)
        assert low < wilson(3, n)[0]
        assert high == wilson(3, n)[1]
        assert proportion_interval(n - 3, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_further_in_and_at_none_the_interval_is_wilsons():
    for k, n in ((0, 9), (0, 10**6), (11, 1000), (500, 1000), (989, 1000), (9, 9)):
        assert proportion_interval(k, n) == pytest.approx(wilson(k, n), abs=1e-15)


def test_the_examples_run():
    assert doctest.testmod(proportion).failed == 0


def test_all_and_none_are_kept_for_all_and_none():
    assert [format_percent(k, 1000) for k in (0, 1, 4, 6, 994, 996, 999, 1000)] == (
        ["0", "<1", "<1", "1", "99", ">99", ">99", "100"]
    )
    assert [format_percent(k, 10_000, decimals=1) for k in (0, 1, 6, 9994, 9999, 10_000)] == (
        ["0.0", "<0.1", "0.1", "99.9", ">99.9", "100.0"]
    )
