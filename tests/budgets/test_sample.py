from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from scipy.stats import chisquare

from trainlab.budgets import budget
from trainlab.budgets.counting import draw_ranks
from trainlab.errors import BudgetError


def test_independent_draws_are_uniform():
    # 30 networks, more draws than networks: independent. 5 % of true uniform samples give p < 0.05.
    asked = budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)
    drawn = Counter(map(str, asked.sample(6000, seed=1)))
    assert set(drawn) == set(map(str, asked.list()))
    assert chisquare(list(drawn.values())).pvalue > 0.01


def test_distinct_draws_are_uniform_over_pairs():
    asked = budget(12, inputs=2, outputs=1, hidden_bias="yes")
    names = list(map(str, asked.list()))
    assert len(names) >= 4
    pairs = Counter(tuple(map(str, asked.sample(2, seed=seed))) for seed in range(3000))
    assert len(pairs) == len(names) * (len(names) - 1)
    assert chisquare(list(pairs.values())).pvalue > 0.01


def test_draws_from_twelve_digits_follow_the_counts():
    # The share of draws whose first hidden layer has width 1, against its exact share.
    asked = budget(44, inputs=2, outputs=1)
    biased = budget(41, inputs=1, outputs=1).count()
    unbiased = budget(42, inputs=1, outputs=1).count()
    share = (biased + unbiased) / asked.count()
    drawn = asked.sample(4000, seed=2)
    seen = sum(network.widths[1] == 1 for network in drawn)
    assert 0.3 < share < 0.99
    assert abs(seen - 4000 * share) < 4 * (4000 * share * (1 - share)) ** 0.5
    assert all(network.parameters == 44 for network in drawn)


def test_the_same_seed_draws_the_same_networks_and_another_others():
    asked = budget(44, inputs=2, outputs=1)
    assert asked.sample(5, seed=7) == asked.sample(5, seed=7)
    assert asked.sample(5, seed=7) != asked.sample(5, seed=8)


def test_draws_are_distinct_as_far_as_they_can_be():
    asked = budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)
    assert len(set(asked.sample(30, seed=3))) == 30
    assert len(asked.sample(31, seed=3)) == 31


@pytest.mark.parametrize("count", [10, 2**63 - 1, 2**63, 10**300])
def test_ranks_of_any_range(count):
    ranks = draw_ranks(count=count, n=10, random=Random(1))
    assert len(set(ranks)) == 10
    assert all(0 <= rank < count for rank in ranks)
    assert max(ranks) > count // 2


@pytest.mark.computes
def test_1000_parameters_can_be_drawn_from():
    (network,) = budget(1000, inputs=2, outputs=1).sample(1, seed=1)
    assert network.parameters == 1000


@pytest.mark.parametrize(
    ("n", "seed", "message"),
    [
        (0, 1, r"n=0: must be a whole number from 1 to 1,000,000,000,000,000\."),
        (True, 1, r"n=True: must be a whole number from 1 to 1,000,000,000,000,000\."),
        (1, -1, r"seed=-1: must be a whole number from 0 to 1,000,000,000,000,000\."),
        (1, None, r"seed=None: must be a whole number from 0 to 1,000,000,000,000,000\."),
        (44.0, 1, r"n=44.0: must be a whole number from 1 to 1,000,000,000,000,000\."),
    ],
)
def test_wrong_draws_say_what_is_allowed(n, seed, message):
    with pytest.raises(BudgetError, match=message):
        budget(44, inputs=2, outputs=1).sample(n, seed=seed)


def test_nothing_to_draw_from():
    with pytest.raises(BudgetError, match=r"parameters=5 is met by no network.*widen the limits"):
        budget(5, inputs=2, outputs=1, min_width=3).sample(1, seed=1)
