"""Holm's correction against its closed test, and the words that corrected p-values allow."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.errors import StatsError
from trainlab.stats import SMALL, Estimate, holm, paired_difference, reading

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


def test_by_hand():
    # Sorted: 0.005·4 = 0.02, 0.01·3 = 0.03, 0.03·2 = 0.06, and 0.04·1, raised to the 0.06 before it.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], rtol=1e-12)


@given(P_VALUES)
def test_is_the_closed_test_of_bonferroni(p):
    """Holm rejects one hypothesis exactly when Bonferroni rejects each set of hypotheses that it is in."""
    everything = range(len(p))
    sets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(everything, size)]
    expected = [max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets if i in s) for i in everything]
    np.testing.assert_allclose(holm(p), expected, rtol=1e-12)


@given(P_VALUES, st.randoms())
def test_order_is_kept_and_nothing_is_lowered(p, random):
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= 1.0).all()
    shuffled = random.sample(range(len(p)), len(p))
    np.testing.assert_array_equal(holm(np.array(p)[shuffled]), adjusted[shuffled])


def test_one_is_left_as_it_is_and_none_is_none():
    assert holm([0.04]).tolist() == [0.04]
    assert holm([]).shape == (0,)


def test_input_is_not_changed():
    p = np.array([0.2, 0.01])
    holm(p)
    assert p.tolist() == [0.2, 0.01]


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0.1, np.nan], "p_values holds nan at position 1"),
        ([-0.1], "holds -0.1 at position 0"),
        ([0.5, 0.5, 1.1], "holds 1.1 at position 2"),
        ([[0.1]], r"shape \[1, 1\]"),
        (0.1, r"shape \[\]"),
    ],
)
def test_refuses_what_is_no_p_value(p, message):
    with pytest.raises(StatsError, match=message):
        holm(p)


def made_up(low, high, p=0.001):
    return Estimate(estimate=(low + high) / 2, low=low, high=high, p=p, p_small=0.5, n=1000)


def read_alone(estimate):
    """Read an estimate that no other is read with."""
    return reading(estimate, p_adjusted=estimate.p, p_small_adjusted=estimate.p_small)


UP, DOWN = made_up(0.05, 0.15), made_up(-0.15, -0.05)


@pytest.mark.parametrize(
    ("estimate", "p", "p_small", "expected"),
    [
        (UP, 0.001, 1.0, "helps"),
        (DOWN, 0.001, 1.0, "hurts"),
        (UP, 0.051, 1.0, "no difference seen"),  # Holm took it away
        (DOWN, 0.05, 1.0, "no difference seen"),
        (made_up(-0.05, 0.06), 0.8, 0.9, "no difference seen"),
        (made_up(-0.01, 0.015), 0.7, 0.03, "shown to be small"),
        (made_up(-0.01, 0.015), 0.7, 0.05, "no difference seen"),  # Holm took it away
        (made_up(0.001, 0.015), 0.001, 0.03, "shown to be small"),  # significant, but negligible
        (made_up(0.001, 0.015), 0.001, 0.06, "helps"),  # the smallness is what Holm took away
        (made_up(-0.015, -0.001), 0.001, 0.06, "hurts"),
    ],
)
def test_each_outcome(estimate, p, p_small, expected):
    assert reading(estimate, p_adjusted=p, p_small_adjusted=p_small) == expected


def outcomes(n, gained, lost):
    """Return cells a and b of n seeds, of which `gained` succeed only in b and `lost` only in a."""
    seeds = np.arange(n)
    return (seeds >= n - lost), (seeds < gained)


def test_the_same_data_turned_round_reads_the_other_way():
    a, b = outcomes(1000, gained=200, lost=100)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert read_alone(forth) == "helps"
    assert read_alone(back) == "hurts"


def test_few_seeds_see_nothing_where_many_show_that_it_is_small():
    few, many = (paired_difference(*outcomes(n, gained=n // 20, lost=n // 20)) for n in (100, 10_000))
    assert read_alone(few) == "no difference seen"
    assert read_alone(many) == "shown to be small"


def test_what_helps_by_itself_may_not_among_many():
    effect = paired_difference(*outcomes(200, gained=30, lost=14))
    alone, among_ten = holm([effect.p])[0], holm([effect.p] + [0.9] * 9)[0]
    assert reading(effect, p_adjusted=alone, p_small_adjusted=1.0) == "helps"
    assert reading(effect, p_adjusted=among_ten, p_small_adjusted=1.0) == "no difference seen"


def test_what_is_small_by_itself_may_not_be_among_many():
    effect = paired_difference(*outcomes(3000, gained=110, lost=80))
    assert effect.high <= SMALL
    among_ten = holm([effect.p_small] + [0.9] * 9)[0]
    assert read_alone(effect) == "shown to be small"
    assert reading(effect, p_adjusted=1.0, p_small_adjusted=among_ten) == "no difference seen"


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_reading_refuses_what_is_no_p_value(p):
    with pytest.raises(StatsError, match=r"p_adjusted is .*, but must be from 0 to 1"):
        reading(UP, p_adjusted=p, p_small_adjusted=0.5)
    with pytest.raises(StatsError, match=r"p_small_adjusted is .*, but must be from 0 to 1"):
        reading(UP, p_adjusted=0.5, p_small_adjusted=p)
