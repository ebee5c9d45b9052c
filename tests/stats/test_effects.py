import numpy as np
import pytest

from trainlab.errors import StatsError
from trainlab.stats import alone_effect, interaction_effect, main_effect, paired_difference


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
