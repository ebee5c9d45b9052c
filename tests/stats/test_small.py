"""How often an effect of 2 points is called small: at most as often as stated, of one and of many.

The law of two cells' differences is summed exactly: n seeds, of which each is gained with one probability and
lost with another, 2 points apart. The worst are changes that only ever help.
"""

import numpy as np
import pytest
from scipy import stats

from trainlab.stats import SMALL, contrast, holm, interaction_effect, paired_difference
from trainlab.stats.contrast import guarded_mean


def p_small(n, gained, lost, *, floor=True):
    """Return the p-values that `paired_difference` has for all counts, and the probability of each.

    Without `floor` the spread is the one seen, however small.
    """
    f10, f01 = (counts.ravel() for counts in np.meshgrid(np.arange(n + 1), np.arange(n // 3)))
    likely = (np.abs(f10 - n * gained) < 9 * np.sqrt(n * gained) + 9) & (f10 + f01 <= n)
    likely &= np.abs(f01 - n * lost) < 9 * np.sqrt(n * lost) + 9
    f10, f01 = f10[likely], f01[likely]
    chance = stats.binom.pmf(f10, n, gained) * stats.binom.pmf(f01, n - f10, lost / (1 - gained))
    changed = np.maximum(f10 + f01, SMALL * n) if floor else f10 + f01
    centre, error = guarded_mean(f10 - f01, changed, n=n, guard=1.0)
    return np.minimum(1, 2 * stats.norm.sf((SMALL - np.abs(centre)) / error)), chance


def worst_family(n, *, sizes=(1, 2, 3, 5, 10, 15, 30, 60), corrected=True, floor=True):
    """Return the largest chance, over families of independent effects of 2 points, of calling any small."""
    worst = 0.0
    for lost in (0.0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.1):
        p, chance = p_small(n, lost + SMALL, lost, floor=floor)
        assert chance.sum() == pytest.approx(1, abs=1e-6)
        for size in sizes:
            # All of them are 2 points apart, so Holm's first step, p · size, decides whether any is small.
            wrong = chance[p < (0.05 / size if corrected else 0.05)].sum()
            worst = max(worst, 1 - (1 - wrong) ** size)
    return worst


@pytest.mark.parametrize("n", [100, 300, 1000, 3000])
def test_of_a_family_any_is_falsely_small_in_5_percent_at_most(n):
    assert worst_family(n) < 0.054


def test_neither_without_holm_nor_without_the_floor():
    assert worst_family(1000, corrected=False) > 0.6
    # The module of `contrast` states this one.
    assert worst_family(1000, sizes=(60,), floor=False) == pytest.approx(0.13, abs=0.005)


def test_the_p_value_is_the_one_of_these_laws_and_goes_with_the_interval():
    rng = np.random.default_rng(2)
    for _ in range(300):
        n = int(rng.integers(200, 4000))
        gained, lost = (int(k) for k in rng.integers(0, n // 20, 2))
        a = np.arange(n) < lost
        b = np.arange(n) >= n - gained
        found = paired_difference(a, b)
        centre, error = guarded_mean(gained - lost, max(gained + lost, SMALL * n), n=n, guard=1.0)
        assert found.p_small == pytest.approx(min(1, 2 * stats.norm.sf((SMALL - abs(centre)) / error)))
        within = found.low > -SMALL and found.high < SMALL
        assert found.p_small >= 0.05 or within
        if gained + lost >= SMALL * n:
            assert (found.p_small < 0.05) == within
    assert contrast(np.ones(50), bound=1.0).p_small == 1.0


def test_an_interaction_is_tested_against_2_points_too():
    cells = np.zeros((4000, 2, 2), dtype=np.bool_)
    assert interaction_effect(cells, 0, 1).p_small < 1e-6
    cells[:80, 1, 1] = True
    assert interaction_effect(cells, 0, 1).p_small > 0.5


def test_simulated_families_with_holm():
    # Six networks, each gaining 4 points and losing 2; the same by chance, seed by seed.
    rng, n = np.random.default_rng(4), 3000
    alone = family = 0
    for _ in range(400):
        draws = rng.random((6, n))
        found = [paired_difference(row < 0.02, (row >= 0.02) & (row < 0.06)) for row in draws]
        small = np.array([each.p_small for each in found])
        alone += bool((small < 0.05).any())
        family += bool((holm(small) < 0.05).any())
    assert alone > 0.08 * 400
    assert family <= 0.06 * 400
