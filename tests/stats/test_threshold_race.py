"""Whether any of many candidates reaches a share: made-up outcomes, and how often what is said is false."""

from collections.abc import Sequence

import numpy as np
import pytest

from trainlab.errors import StatsError
from trainlab.stats import Reaching, any_reaches
from trainlab.stats.race import PICK, TRIES
from trainlab.stats.rate import Bools, Counts

SHARE, THRESHOLD_ERROR, SEARCHES = 0.95, 0.05, 300
HARD = {
    "60 just below": [0.949] * 60,
    "one at the share, 60 below": [0.95, *[0.93] * 60],
    "two at the share": [0.95, 0.95],
    "one just below": [0.9499],
}
"""The first is the winner's curse: the best of 60 has solved more than 95 % of the seeds that picked it."""


def search(rates: Sequence[float], *, seed: int, most: int = 2048) -> Reaching:
    random = np.random.default_rng(seed)
    solved = random.random((len(rates), 2 * most)) < np.asarray(rates)[:, None]
    return any_reaches(
        lambda alive, seeds: solved[alive, seeds.start : seeds.stop],
        candidates=len(rates),
        share=SHARE,
        first=32,
        most=most,
    )


def is_wrong(rates: Sequence[float], found: Reaching) -> bool:
    """Whether it says yes of one below the share, no where one reaches it, or an interval misses."""
    rate = rates[found.best]
    return (
        (found.reached == "yes" and rate < SHARE)
        or (found.reached == "no" and max(rates) >= SHARE)
        or not found.judged.low <= rate <= found.judged.high
    )


@pytest.mark.computes
@pytest.mark.parametrize("rates", HARD.values(), ids=HARD)
def test_what_is_said_is_wrong_in_less_than_5_percent(rates: list[float]) -> None:
    assert np.mean([is_wrong(rates, search(rates, seed=seed)) for seed in range(SEARCHES)]) < THRESHOLD_ERROR


def test_this_test_would_see_a_judge_of_the_seeds_that_picked() -> None:
    """The best of 60 below the share, judged on the race's own seeds, is often said to reach it."""
    rates = HARD["60 just below"]

    def careless(seed: int) -> bool:
        solved = np.random.default_rng(seed).random((60, 256)) < np.asarray(rates)[:, None]
        found = any_reaches(
            lambda alive, seeds: solved[alive, seeds.start % 256 : seeds.start % 256 + len(seeds)],
            candidates=60,
            share=SHARE,
            first=32,
            most=256,
        )
        return is_wrong(rates, found)

    assert np.mean([careless(seed) for seed in range(60)]) > 2 * THRESHOLD_ERROR


def test_the_best_of_many_is_never_judged_on_the_seeds_that_picked_it() -> None:
    """All are lucky in the race and bad after it: a judge of the race's seeds would say yes."""

    def outcomes(alive: Counts, seeds: range) -> Bools:
        return np.full((len(alive), len(seeds)), seeds.start < 512)

    found = any_reaches(outcomes, candidates=5, share=SHARE, first=32, most=512)
    assert found.reached == "undecided"
    assert (found.judged.k, found.judged.n, found.raced) == (0, PICK, 512)


def test_yes_no_and_undecided() -> None:
    yes = search([0.5, 0.99, 0.3], seed=1)
    assert (yes.reached, yes.best) == ("yes", 1)
    assert yes.judged.low >= SHARE
    no = search([0.5, 0.9, 0.3], seed=1)
    assert (no.reached, no.best) == ("no", 1)
    assert no.judged.high < 0.97
    near = search([0.5, 0.951, 0.3], seed=1)
    assert (near.reached, near.best, near.raced) == ("undecided", 1, 2048)
    assert near.judged.low < SHARE <= near.judged.high
    assert search([0.0], seed=1).reached == "no"
    assert search([1.0], seed=1).reached == "yes"


def test_who_is_asked_for_which_seeds() -> None:
    asked: list[tuple[list[int], range]] = []

    def outcomes(alive: Counts, seeds: range) -> Bools:
        asked.append((alive.tolist(), seeds))
        return np.repeat((alive == 2)[:, None], len(seeds), axis=1)

    found = any_reaches(outcomes, candidates=3, share=SHARE, first=64, most=1024)
    assert asked == [
        ([0, 1, 2], range(64)),
        ([2], range(64, 128)),
        ([2], range(128, 256)),
        ([2], range(1024, 1024 + 256)),
    ]
    assert found.runs == 3 * 64 + 64 + 128 + 256
    assert (found.reached, found.best, found.raced) == ("yes", 2, 256)


def test_what_the_race_leaves_open_the_fresh_seeds_may_still_decide() -> None:
    """The race's leader never reaches the share, by bad luck or rightly: the last look is a fresh one."""

    def search_of(fresh: int) -> Reaching:
        def outcomes(alive: Counts, seeds: range) -> Bools:
            every = 16 if seeds.start < 1024 else fresh
            return np.array([[seed % every != 0 for seed in seeds] for _ in alive])

        return any_reaches(outcomes, candidates=1, share=SHARE, first=32, most=1024)

    assert [search_of(fresh).reached for fresh in (2, 500, 20)] == ["no", "yes", "undecided"]
    assert search_of(20).raced == search_of(20).judged.n == 1024


def test_at_most_so_many_leaders_are_judged() -> None:
    """Ten that solve every seed of the race, and none of the others: three are judged, then it goes on."""
    judged: set[int] = set()

    def outcomes(alive: Counts, seeds: range) -> Bools:
        if seeds.start >= 4096:
            judged.update(alive.tolist())
        return np.full((len(alive), len(seeds)), seeds.start < 4096)

    found = any_reaches(outcomes, candidates=10, share=SHARE, first=32, most=4096)
    assert len(judged) == TRIES
    assert (found.reached, found.raced) == ("undecided", 4096)


def test_one_that_is_judged_out_leaves_the_race() -> None:
    """A lucky leader is put out by the fresh seeds, and the next one is judged, and enough."""

    def outcomes(alive: Counts, seeds: range) -> Bools:
        lucky = seeds.start < 1024
        return np.array([[(lucky if place == 0 else seed % 50 != 0) for seed in seeds] for place in alive])

    found = any_reaches(outcomes, candidates=2, share=SHARE, first=32, most=1024)
    assert (found.reached, found.best) == ("yes", 1)


@pytest.mark.parametrize(("candidates", "share"), [(0, 0.95), (3, 1.0), (3, 0.0)])
def test_impossible_questions_are_refused(candidates: int, share: float) -> None:
    with pytest.raises(StatsError, match=f"candidates = {candidates}, share = {share}: there must be"):
        any_reaches(lambda alive, seeds: np.zeros(0), candidates=candidates, share=share, first=1, most=1)  # type: ignore[arg-type]
