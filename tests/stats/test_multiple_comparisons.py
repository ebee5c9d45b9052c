"""Differences read together, and picking on one half."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trainlab.errors import StatsError
from trainlab.stats import (
    SMALL,
    Estimate,
    contrast,
    holm,
    interaction_effect,
    paired_difference,
    picked_on_half,
    reading,
)
from trainlab.stats.contrast import guarded_mean

# Holm's correction against its closed test, and the words that corrected p-values allow.


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


# How often an effect of 2 points is called small: at most as often as stated, of one and of many.
#
# The law of two cells' differences is summed exactly: n seeds, of which each is gained with one probability
# and
# lost with another, 2 points apart. The worst are changes that only ever help.


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


# What is picked on one half of the seeds and judged on the other shows no lead that isn't there.


def equal_cells(
    rng: np.random.Generator, *, cells: int, seeds: int
) -> dict[int | str, npt.NDArray[np.bool_]]:
    """A made-up study whose cells all solve half of the seeds."""
    return {cell: rng.random(seeds) < 0.5 for cell in range(cells)}


def test_the_best_of_equal_cells_has_no_lead_on_the_other_half():
    rng, naive, honest = np.random.default_rng(0), list[float](), list[float]()
    for _ in range(150):
        solved = equal_cells(rng, cells=32, seeds=100)
        best = max(solved, key=lambda cell: solved[cell].sum())
        naive.append(paired_difference(solved[0], solved[best]).estimate)
        picked, other = picked_on_half(solved)
        honest.append(paired_difference(solved[0][other], solved[picked][other]).estimate)
    error = np.std(honest) / np.sqrt(len(honest))
    assert abs(np.mean(honest)) < 3 * error
    assert np.mean(naive) > 0.08  # picked and judged on the same seeds it seems to lead by ten points


def test_a_cell_that_is_better_is_picked():
    rng = np.random.default_rng(1)
    solved = equal_cells(rng, cells=5, seeds=200) | {"better": rng.random(200) < 0.9}
    picked, other = picked_on_half(solved)
    assert picked == "better"
    assert solved["better"][other].shape == (100,)


def test_the_largest_may_be_negative():
    scores = {"up": np.full(10, 0.2), "down": np.full(10, -0.5)}
    assert picked_on_half(scores)[0] == "up"
    assert picked_on_half(scores, size=abs)[0] == "down"


def test_only_the_first_half_picks():
    solved = {"first": np.array([True, True, False, False]), "second": np.array([False, False, True, True])}
    assert picked_on_half(solved) == ("first", slice(2, None))
    assert picked_on_half({key: each[::-1] for key, each in solved.items()})[0] == "second"


@pytest.mark.parametrize(
    "scores", [{}, {"a": np.ones(1)}, {"a": np.ones(3), "b": np.ones(4)}, {"a": np.ones((4, 2))}]
)
def test_what_cant_be_halved_is_refused(scores: dict[str, npt.NDArray[np.float64]]):
    with pytest.raises(StatsError, match="one half picks, the other judges"):
        picked_on_half(scores)
