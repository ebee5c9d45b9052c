"""The sentence of a race, from made-up outcomes: it can come out every way."""

from dataclasses import replace
from typing import Any

from studies.races.racing import networks_race

from trainlab.stats import Rate
from trainlab.studies import RaceCandidate, RaceResult


def made_up(*solved: int, n: int = 100, out: int = 0, **changes: Any) -> RaceResult:
    """A race of so many candidates, the last `out` of them dropped."""
    base = networks_race()
    candidates = [
        RaceCandidate(
            name=f"N{place}",
            experiment=base.base,
            solved=Rate(k=k, n=n, low=k / n, high=k / n),
            rank=(1, 1),
            dropped_in=1 if place >= len(solved) - out else None,
            beaten_by=None,
            run=None,
        )
        for place, k in enumerate(solved)
    ]
    return replace(base, candidates=tuple(candidates), **changes)


def test_one_is_left() -> None:
    assert made_up(90, 20, 10, out=2, ended="one left").verdict == (
        "N0 learns best: 90 of 100 seeds solved (90.0 %, 90.0 to 90.0 %). "
        "It is shown to be better than all 2 others."
    )
    assert made_up(90, 20, out=1).verdict.endswith("It is shown to be better than the other network.")


def test_some_are_tied() -> None:
    assert made_up(90, 88, 10, out=1, ended="most seeds").verdict == (
        "2 networks can't be told apart at the top: N0 and N1, with 88.0 to 90.0 % of 100 seeds solved, the "
        "most that were allowed. The other one is shown to be worse than one that led; ranks say "
        "against whom it holds."
    )
    seven = made_up(*[90] * 7, ended="budget", budget_seeds=7000).verdict
    assert seven == (
        "The 7 networks can't be told apart at the top: N0, N1, N2, N3, N4 and 2 more, with 90.0 % of 100 "
        "seeds solved, when the budget of 7,000 runs was spent."
    )


def test_nobody_solves_anything() -> None:
    assert made_up(0, 0).verdict == "None of the 2 networks solved a single one of 100 seeds."
