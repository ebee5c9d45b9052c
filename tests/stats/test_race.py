"""Races of made-up rates: what is said is wrong in less than 5 % of them, and most seeds are saved."""

import numpy as np
import pytest
from stats.made_races import RATES, SHARED, is_wrong, race_of

from trainlab.errors import StatsError
from trainlab.stats import hold_race, rank_ranges, round_sizes

RACES = 400
ERROR = 0.05


@pytest.mark.computes
@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_what_a_race_says_is_wrong_in_less_than_5_percent(rates: list[float], shared: float) -> None:
    wrong = [is_wrong(rates, race_of(rates, seed=seed, shared=shared, most=1024)) for seed in range(RACES)]
    assert np.mean(wrong) < ERROR


def test_this_test_would_see_an_unguarded_race() -> None:
    """The same with every test read at its own 5 % says something false in most races."""
    rates = [0.5] * 12

    def careless(seed: int) -> bool:
        random = np.random.default_rng(seed)
        solved = random.random((12, 1024)) < 0.5
        standing = hold_race(
            lambda alive, seeds: solved[alive, seeds.start : seeds.stop],
            candidates=12,
            first=32,
            most=1024,
            error=0.999,
        )
        return is_wrong(rates, standing)

    assert np.mean([careless(seed) for seed in range(100)]) > 2 * ERROR


def test_most_seeds_are_saved_and_the_best_is_found() -> None:
    """30 candidates from 20 to 97 %: found with a seventh of the runs of the full grid."""
    rates = list(np.linspace(0.2, 0.97, 30))
    standings = [race_of(rates, seed=seed, shared=0.0, most=4096) for seed in range(60)]
    spent = sum(item.runs for standing in standings for item in standing.rounds)
    grid = sum(30 * standing.rounds[-1].seeds for standing in standings)
    assert spent < grid / 6
    assert np.mean([standing.order[0] == 29 for standing in standings]) > 0.9
    assert np.mean([standing.ended == "one left" for standing in standings]) > 0.8


def test_pairs_on_the_same_seeds_need_fewer_where_they_go_together() -> None:
    """60 against 70 % solved: correlated runs are told apart with fewer seeds."""
    rates = [0.6, 0.7, 0.6, 0.6]
    spent = [
        np.mean([race_of(rates, seed=s, shared=shared, most=8192).rounds[-1].seeds for s in range(40)])
        for shared in (0.0, 0.9)
    ]
    assert spent[1] < 0.6 * spent[0]


def test_only_those_still_in_are_asked_for_and_only_new_seeds() -> None:
    asked: list[tuple[list[int], range]] = []

    def outcomes(alive: np.ndarray, seeds: range) -> np.ndarray:
        asked.append((alive.tolist(), seeds))
        return np.repeat((alive == 1)[:, None], len(seeds), axis=1) | (alive == 2)[:, None]

    standing = hold_race(outcomes, candidates=4, first=8, most=64)
    assert asked[0] == ([0, 1, 2, 3], range(8))
    assert [seeds for _, seeds in asked] == [range(8), range(8, 16), range(16, 32), range(32, 64)]
    assert asked[-1][0] == [1, 2]
    assert standing.ended == "most seeds"
    assert standing.order.tolist() == [1, 2, 0, 3]
    assert standing.k.tolist() == [0, 64, 64, 0]
    assert (standing.best.tolist(), standing.worst.tolist()) == ([3, 1, 1, 3], [4, 2, 2, 4])
    assert [item.leader for item in standing.rounds] == [1] * 4
    assert sum(item.runs for item in standing.rounds) == int(standing.n.sum())


def test_it_ends_with_one_left() -> None:
    standing = hold_race(
        lambda alive, seeds: np.repeat((alive == 1)[:, None], len(seeds), axis=1),
        candidates=3,
        first=64,
        most=1024,
    )
    assert (standing.ended, len(standing.rounds)) == ("one left", 1)
    assert standing.dropped_in.tolist() == [1, 0, 1]
    assert standing.beaten_by.tolist() == [1, -1, 1]


def test_the_budget_is_never_passed() -> None:
    for budget in (320, 500, 640, 1000, 1280):
        standing = race_of([0.5] * 10, seed=3, shared=0.0, most=4096, budget=budget)
        assert standing.ended == "budget"
        assert sum(item.runs for item in standing.rounds) <= budget
        assert len(standing.rounds) == {320: 1, 500: 1, 640: 2, 1000: 2, 1280: 3}[budget]


def test_ranks_by_brute_force() -> None:
    """Against the closure of "is better than" over all pairs, for made-up intervals and chains of leaders."""
    random = np.random.default_rng(5)
    for _ in range(200):
        m = int(random.integers(1, 9))
        rates, width = random.random(m), random.random(m) * 0.4
        low, high = rates - width * random.random(m), rates + width * random.random(m)
        order = np.argsort(-rates)
        beaten_by = np.full(m, -1, dtype=np.int64)
        for place in range(1, m):
            if random.random() < 0.6:
                beaten_by[order[place]] = order[random.integers(0, place)]
        better = low[:, None] > high[None]
        for loser in np.flatnonzero(beaten_by >= 0):
            better[beaten_by[loser], loser] = True
        for middle in range(m):
            better |= better[:, middle : middle + 1] & better[middle : middle + 1]
        best, worst = rank_ranges(low, high, beaten_by)
        true_best, true_worst = 1 + better.sum(axis=0), m - better.sum(axis=1)
        # Never narrower than the closure, nor than the true ranks; and all that a chain of leaders says.
        assert (best <= true_best).all()
        assert (worst >= true_worst).all()
        real = np.empty(m, dtype=np.int64)
        real[order] = np.arange(1, m + 1)
        assert (best <= real).all()
        assert (worst >= real).all()
        if (beaten_by[order[1:]] >= 0).all():
            assert (best[order[0]], worst[order[0]]) == (1, 1)


def test_round_sizes() -> None:
    assert round_sizes(first=32, most=4096) == (32, 64, 128, 256, 512, 1024, 2048, 4096)
    assert round_sizes(first=5, most=5) == (5,)
    with pytest.raises(StatsError, match="first = 9, most = 8: seeds must be 1 or more"):
        round_sizes(first=9, most=8)
