"""Scores of a factorial against least squares, and the effects that they make."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.errors import StatsError
from trainlab.stats import (
    alone_effect,
    alone_scores,
    interaction_effect,
    interaction_scores,
    main_effect,
    main_scores,
    paired_difference,
)

CHANGES = (1, 2, 3, 5)


def made_up(changes, n=7):
    rng = np.random.default_rng(changes)
    return rng.random((n, *[2] * changes)) < rng.random([2] * changes)


def combinations(changes, fixed):
    """Yield the index of every cell in which the changes of `fixed` have the values given there."""
    for cell in itertools.product([0, 1], repeat=changes):
        if all(cell[change] == value for change, value in fixed.items()):
            yield cell


@pytest.mark.parametrize("changes", CHANGES)
def test_alone_by_brute_force(changes):
    solved = made_up(changes)
    for change in range(changes):
        only = tuple(1 if other == change else 0 for other in range(changes))
        expected = [float(seed[only]) - float(seed[(0,) * changes]) for seed in solved]
        np.testing.assert_array_equal(alone_scores(solved, change), expected)


@pytest.mark.parametrize("changes", CHANGES)
def test_main_by_brute_force(changes):
    solved = made_up(changes)
    for change in range(changes):
        expected = []
        for seed in solved:
            applied = [float(seed[cell]) for cell in combinations(changes, {change: 1})]
            without = [float(seed[cell]) for cell in combinations(changes, {change: 0})]
            expected.append((sum(applied) - sum(without)) / 2 ** (changes - 1))
        np.testing.assert_allclose(main_scores(solved, change), expected, atol=1e-15)


@pytest.mark.parametrize("changes", CHANGES[1:])
def test_interaction_by_brute_force(changes):
    solved = made_up(changes)
    for a, b in itertools.permutations(range(changes), 2):
        expected = []
        for seed in solved:
            total = 0.0
            for x, y in itertools.product([0, 1], repeat=2):
                sign = 1 if x == y else -1
                total += sign * sum(float(seed[cell]) for cell in combinations(changes, {a: x, b: y}))
            expected.append(total / 2 ** (changes - 2))
        np.testing.assert_allclose(interaction_scores(solved, a, b), expected, atol=1e-15)


@pytest.mark.parametrize("changes", CHANGES[1:])
def test_means_are_least_squares_coefficients(changes):
    solved = made_up(changes, n=30)
    coded = np.array(list(itertools.product([-0.5, 0.5], repeat=changes)))
    pairs = list(itertools.combinations(range(changes), 2))
    columns = [np.ones(len(coded)), *coded.T, *(coded[:, a] * coded[:, b] for a, b in pairs)]
    design = np.tile(np.stack(columns, axis=1), (len(solved), 1))
    fitted, *_ = np.linalg.lstsq(design, solved.reshape(-1).astype(float))
    ours = [main_scores(solved, change).mean() for change in range(changes)]
    ours += [interaction_scores(solved, a, b).mean() for a, b in pairs]
    np.testing.assert_allclose(ours, fitted[1:], atol=1e-12)


@given(st.integers(2, 4).flatmap(lambda k: st.tuples(st.just(k), st.permutations(range(k)))))
def test_order_of_the_changes_does_not_matter(drawn):
    changes, order = drawn
    solved = made_up(changes)
    moved = solved.transpose(0, *(1 + change for change in order))
    for new, old in enumerate(order):
        np.testing.assert_array_equal(alone_scores(moved, new), alone_scores(solved, old))
        np.testing.assert_allclose(main_scores(moved, new), main_scores(solved, old), atol=1e-15)


def test_takes_numbers_as_well():
    losses = np.array([[[0.7, 0.5], [0.4, 0.1]]])
    assert main_scores(losses, 0)[0] == pytest.approx((-0.3 - 0.4) / 2)
    assert interaction_scores(losses, 0, 1)[0] == pytest.approx(0.1 - 0.4 - 0.5 + 0.7)


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 1), (0, 2), ()])
def test_refuses_what_is_no_factorial(shape):
    with pytest.raises(StatsError, match=r"solved has the shape \[.*\], but must be \[n, 2, ..., 2\]"):
        main_scores(np.zeros(shape), 0)


@pytest.mark.parametrize("change", [-1, 2])
def test_refuses_a_change_that_is_not_there(change):
    solved = made_up(2)
    for scores in (alone_scores, main_scores):
        with pytest.raises(StatsError, match=f"change is {change}, but must be from 0 to 1"):
            scores(solved, change)
    with pytest.raises(StatsError, match=f"change_b is {change}"):
        interaction_scores(solved, 0, change)


def test_refuses_a_change_with_itself():
    with pytest.raises(StatsError, match="both 1, but an interaction needs two changes"):
        interaction_scores(made_up(2), 1, 1)


@pytest.fixture(scope="module")
def solved():
    """2,000 seeds: change 0 lifts 20 % to 50 %, change 1 does nothing, and 2 helps only beside 0."""
    rng = np.random.default_rng(11)
    chance = np.array([[[0.2, 0.2], [0.2, 0.2]], [[0.5, 0.9], [0.5, 0.9]]])
    return rng.random((2000, 1, 1, 1)) < 0.5 * chance + 0.5 * rng.random((2000, 2, 2, 2)) * chance


def test_alone_is_the_paired_difference(solved):
    for change, cell in enumerate([(1, 0, 0), (0, 1, 0), (0, 0, 1)]):
        assert alone_effect(solved, change) == paired_difference(solved[:, 0, 0, 0], solved[:, *cell])


def test_finds_the_effects_that_were_put_in(solved):
    rates = solved.mean(axis=0)
    main = rates[1].mean() - rates[0].mean()
    assert main_effect(solved, 0).estimate == pytest.approx(main)
    assert main_effect(solved, 0).low > 0.2
    assert main_effect(solved, 1).low < 0 < main_effect(solved, 1).high
    together = interaction_effect(solved, 0, 2)
    assert together.low > 0.1
    assert together == interaction_effect(solved, 2, 0)
    assert interaction_effect(solved, 0, 1).p > 0.05


def test_confidence_reaches_the_interval(solved):
    for effect in (alone_effect, main_effect):
        assert effect(solved, 0, confidence=0.99).low < effect(solved, 0).low
    assert interaction_effect(solved, 0, 2, confidence=0.99).low < interaction_effect(solved, 0, 2).low


def test_an_interaction_may_reach_two():
    exclusive = np.tile([[1, 0], [0, 1]], (50, 1, 1)).astype(bool)
    assert interaction_effect(exclusive, 0, 1).estimate == 2.0
    assert interaction_effect(exclusive, 0, 1).high == 2.0
    assert main_effect(exclusive, 0).estimate == 0.0


def test_refuses_numbers_that_are_not_shares():
    with pytest.raises(StatsError, match="beyond bound"):
        main_effect(np.array([[0.0, 7.0]]), 0)
