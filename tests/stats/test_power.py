"""How many seeds tell a difference: against exact sums over all outcomes, and drawn studies."""

import numpy as np
import pytest
from scipy import stats

from trainlab.errors import StatsError
from trainlab.stats import chance_told, difference_told, paired_difference, seeds_to_tell
from trainlab.stats.contrast import guarded_mean


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
