import numpy as np
import pytest

from trainlab.errors import StatsError
from trainlab.stats import Estimate, holm, paired_difference, reading


def made_up(low, high, p=0.001):
    return Estimate(estimate=(low + high) / 2, low=low, high=high, p=p, n=1000)


@pytest.mark.parametrize(
    ("estimate", "p_adjusted", "expected"),
    [
        (made_up(0.05, 0.15), 0.001, "helps"),
        (made_up(-0.15, -0.05), 0.001, "hurts"),
        (made_up(0.05, 0.15), 0.051, "no difference seen"),  # Holm took it away
        (made_up(-0.15, -0.05), 0.05, "no difference seen"),
        (made_up(-0.05, 0.06, p=0.8), 0.8, "no difference seen"),
        (made_up(-0.01, 0.015, p=0.7), 0.7, "shown to be small"),
        (made_up(0.001, 0.015), 0.001, "shown to be small"),  # significant, but negligible
        (made_up(-0.02, 0.02, p=1.0), 1.0, "shown to be small"),
        (made_up(0.001, 0.021), 0.001, "helps"),  # may be more than small
        (made_up(-0.021, -0.001), 0.001, "hurts"),
        (made_up(-0.021, 0.001, p=0.07), 0.07, "no difference seen"),
    ],
)
def test_each_outcome(estimate, p_adjusted, expected):
    assert reading(estimate, p_adjusted=p_adjusted) == expected


def outcomes(n, gained, lost):
    """Return cells a and b of n seeds, of which `gained` succeed only in b and `lost` only in a."""
    seeds = np.arange(n)
    return (seeds >= n - lost), (seeds < gained)


def test_the_same_data_turned_round_reads_the_other_way():
    a, b = outcomes(1000, gained=200, lost=100)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert reading(forth, p_adjusted=forth.p) == "helps"
    assert reading(back, p_adjusted=back.p) == "hurts"


def test_few_seeds_see_nothing_where_many_show_that_it_is_small():
    few, many = (paired_difference(*outcomes(n, gained=n // 20, lost=n // 20)) for n in (100, 10_000))
    assert reading(few, p_adjusted=few.p) == "no difference seen"
    assert reading(many, p_adjusted=many.p) == "shown to be small"


def test_what_helps_by_itself_may_not_among_many():
    effect = paired_difference(*outcomes(200, gained=30, lost=14))
    alone, among_ten = holm([effect.p])[0], holm([effect.p] + [0.9] * 9)[0]
    assert reading(effect, p_adjusted=alone) == "helps"
    assert reading(effect, p_adjusted=among_ten) == "no difference seen"


def test_small_is_as_large_as_asked():
    assert reading(made_up(0.01, 0.04), p_adjusted=0.001) == "helps"
    assert reading(made_up(0.01, 0.04), p_adjusted=0.001, small=0.05) == "shown to be small"


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_refuses_what_is_no_p_value(p):
    with pytest.raises(StatsError, match=r"p_adjusted is .*, but must be from 0 to 1"):
        reading(made_up(0.1, 0.2), p_adjusted=p)


@pytest.mark.parametrize("small", [0.0, -0.02, float("nan")])
def test_refuses_a_small_that_is_not_positive(small):
    with pytest.raises(StatsError, match=r"small is .*, but must be positive"):
        reading(made_up(0.1, 0.2), p_adjusted=0.01, small=small)
