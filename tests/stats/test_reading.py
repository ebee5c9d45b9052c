import numpy as np
import pytest

from trainlab.errors import StatsError
from trainlab.stats import SMALL, Estimate, holm, paired_difference, reading


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
def test_refuses_what_is_no_p_value(p):
    with pytest.raises(StatsError, match=r"p_adjusted is .*, but must be from 0 to 1"):
        reading(UP, p_adjusted=p, p_small_adjusted=0.5)
    with pytest.raises(StatsError, match=r"p_small_adjusted is .*, but must be from 0 to 1"):
        reading(UP, p_adjusted=0.5, p_small_adjusted=p)
