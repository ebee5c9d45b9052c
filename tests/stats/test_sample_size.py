"""How many seeds it takes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from measure.coverage_sums import stopped_coverage
from trainlab.errors import StatsError
from trainlab.stats import (
    chance_told,
    difference_told,
    fewest_seeds,
    first_look,
    is_narrow,
    likely_size,
    look_sizes,
    paired_difference,
    rate,
    seeds_to_tell,
)
from trainlab.stats.contrast import guarded_mean

# How many seeds tell a difference: against exact sums over all outcomes, and drawn studies.


def exactly_told(n, difference, *, level=0.05):
    """Return how often the better of two cells is told, summed over all counts of seeds gained and lost."""
    gained, lost = ((1 + difference) / 2) ** 2, ((1 - difference) / 2) ** 2
    f10, f01 = (
        np.arange(int(stats.binom.ppf(1e-9, n, share)), int(stats.binom.isf(1e-9, n, share)) + 1)
        for share in (gained, lost)
    )
    f10, f01 = (counts.ravel() for counts in np.meshgrid(f10, f01))
    f10, f01 = f10[f10 + f01 <= n], f01[f10 + f01 <= n]
    chance = stats.binom.pmf(f10, n, gained) * stats.binom.pmf(f01, n - f10, lost / (1 - gained))
    assert chance.sum() == pytest.approx(1, abs=1e-6)
    centre, error = guarded_mean(f10 - f01, f10 + f01, n=n, guard=1.0)
    return chance[centre / error > stats.norm.isf(level / 2)].sum()


@pytest.mark.parametrize("level", [0.05, 0.05 / 15])
@pytest.mark.parametrize("difference", [0.05, 0.1, 0.2, 0.4])
def test_so_many_seeds_tell_it_in_80_of_100_studies(difference, level):
    n = seeds_to_tell(difference, level=level)
    assert exactly_told(n, difference, level=level) == pytest.approx(0.8, abs=0.025)
    assert chance_told(n, difference, level=level) >= 0.8 > chance_told(n - 1, difference, level=level)
    assert difference_told(n, level=level) == pytest.approx(difference, rel=2e-3 if n > 500 else 0.05)


def test_no_other_rates_of_independent_cells_need_more():
    n = seeds_to_tell(0.1)
    random = np.random.default_rng(5)
    told = []
    for low in (0.02, 0.2, 0.45, 0.8):
        cells = random.random((400, 2, n)) < np.array([low, low + 0.1])[:, None]
        told.append(np.mean([paired_difference(*pair).low > 0 for pair in cells]))
    assert min(told) == pytest.approx(told[2], abs=0.04)
    assert told[2] == pytest.approx(0.8, abs=0.06)
    assert told[0] > 0.95


def test_few_seeds_tell_no_difference():
    assert difference_told(2) is None
    assert seeds_to_tell(0.99) < 20


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1, 5, float("nan")])
def test_refuses_what_is_no_share(wrong):
    with pytest.raises(StatsError, match=r"must lie strictly between 0 and 1: 0\.05 is 5 points"):
        seeds_to_tell(wrong)
    with pytest.raises(StatsError, match="power is"):
        seeds_to_tell(0.1, power=wrong)


def test_refuses_differences_that_no_number_of_seeds_shows():
    with pytest.raises(StatsError, match="more than 10¹² seeds"):
        seeds_to_tell(1e-9)


# Seeds until an interval is narrow: the looks, and how often the interval then holds the truth.


@pytest.mark.parametrize("width", [0.01, 0.02, 0.05, 0.2, 0.25])
def test_with_fewer_seeds_no_interval_is_narrow_and_after_the_last_look_all_are(width):
    n = fewest_seeds(width)
    assert is_narrow(rate(0, n), width)
    assert not is_narrow(rate(0, n - 1), width)
    sizes = look_sizes(width, most=10**6)
    assert sizes[0] == first_look(width) == 2 * n
    assert is_narrow(rate(sizes[-1] // 2, sizes[-1]), width)
    assert not is_narrow(rate(sizes[-2] // 2, sizes[-2]), width)
    assert all(later <= 1.25 * earlier + 1 for earlier, later in pairwise(sizes))


def test_the_looks_begin_with_what_is_asked_for_and_end_with_the_most():
    assert look_sizes(0.2, least=70, most=1000) == (70, 88, 110)
    assert look_sizes(0.02, most=500) == (378, 473, 500)
    with pytest.raises(StatsError, match="most = 300: must be 378 or more"):
        look_sizes(0.02, most=300)
    with pytest.raises(StatsError, match="width is 2, but must lie strictly between 0 and 1"):
        look_sizes(2, most=1000)


def test_says_how_many_seeds_will_probably_do():
    sizes = look_sizes(0.05, most=10**6)
    assert likely_size([rate(0, 100)], sizes, 0.05) == sizes[0]
    half = likely_size([rate(50, 100), rate(0, 100)], sizes, 0.05)
    assert half == sizes[-1]
    assert likely_size([rate(50, 100)], sizes[:3], 0.05) is None


def simulated(share, sizes, width, *, draws=4000):
    random, held = np.random.default_rng(7), 0
    for solved in random.random((draws, sizes[-1])) < share:
        k = np.cumsum(solved)
        found = next(one for n in sizes if is_narrow(one := rate(int(k[n - 1]), n), width) or n == sizes[-1])
        held += found.low <= share <= found.high
    return held / draws


@pytest.mark.computes
@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_the_exact_coverage_is_that_of_drawn_studies(share):
    for first in (1, 2):
        sizes = tuple(first * n // 2 for n in look_sizes(0.2, most=1000))
        exact, seeds = stopped_coverage(share, sizes, 0.2)
        assert simulated(share, sizes, 0.2) == pytest.approx(exact, abs=0.015)
        assert sizes[0] <= seeds <= sizes[-1]


@pytest.mark.computes
def test_patience_keeps_the_coverage_that_stopping_at_once_loses():
    width = 0.1
    shares = np.linspace(0.05, 0.5, 40)
    sizes = look_sizes(width, most=10**6)
    patient = [stopped_coverage(share, sizes, width)[0] for share in shares]
    at_once = (sizes[0] // 2, *(round(n / 1.25) for n in sizes), sizes[-1])
    hasty = [stopped_coverage(share, at_once, width)[0] for share in [*shares, 0.1]]
    assert min(patient) > 0.93
    assert np.mean(patient) > 0.945
    assert min(hasty) < 0.925
