"""The smallest budget: carried out, its sentence from made-up results, and what is refused."""

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from studies.races.racing import study

import trainlab
from trainlab.errors import SpecError
from trainlab.execution import Interrupted, Provenance
from trainlab.stats import Rate
from trainlab.studies import BudgetJudged, BudgetProgress, SmallestResult
from trainlab.studies.smallest_result import numbers_words


def budgets(*parameters: int, **limits: Any) -> list[trainlab.Budget]:
    return [trainlab.budget(number, inputs=2, outputs=1, **limits) for number in parameters]


def smallest(*parameters: int, limits: dict[str, Any] | None = None, **options: Any) -> SmallestResult:
    given = {"seeds": 8, "max_seeds": 32, "workers": 1, **options}
    return trainlab.smallest_budget(study(), budgets=budgets(*parameters, **(limits or {})), **given)


def without_time(result: SmallestResult) -> dict[str, Any]:
    data = result.to_dict()
    del data["how"]["time"]
    return data


FEW = {"max_depth": 1, "min_width": 2}


@pytest.mark.trains
def test_small_budgets_are_raced_whole_and_the_first_enough_ends_it() -> None:
    """Against what each best network solves of the same fresh seeds, trained by itself."""
    result = smallest(8, 9, 21, limits=FEW, share=0.3)
    assert [item.networks for item in result.budgets] == [item.count() for item in budgets(8, 9, **FEW)]
    for item in result.budgets:
        assert item.experiment is not None
        assert item.solved is not None
        assert item.experiment.network.parameters == item.parameters
        (cell,) = trainlab.run(item.experiment, seeds=64, workers=1).cells
        assert item.solved.k == int(cell.runs.solved[32 : 32 + item.solved.n].sum())
        assert item.run is None or item.run.first_seed >= 32
    found = result.smallest
    assert found is result.budgets[-1]
    assert found.solved is not None
    assert found.solved.low >= 0.3
    assert result.ended == ("all" if found.parameters == 21 else "found")
    assert result.runs == sum(item.runs for item in result.budgets)


def test_a_number_that_no_network_has_is_none_and_all_can_be_asked_for() -> None:
    result = smallest(5, 9, limits=FEW, share=0.05, every_budget=True)
    first, *rest = result.budgets
    assert (first.networks, first.best, first.reached) == (0, None, "no")
    assert [item.reached for item in rest] == ["yes"]
    assert result.ended == "all"
    assert "5: no; no network has so many" in str(result)
    assert result.to_frame().best.isna().tolist() == [True, False]


def test_the_error_is_shared_out_over_all_budgets_asked_for() -> None:
    one, both = smallest(9, limits=FEW, share=0.01), smallest(9, 13, limits=FEW, share=0.01)
    alone, shared = one.budgets[0].solved, both.budgets[0].solved
    assert alone is not None
    assert shared is not None
    assert (alone.k, alone.n) == (shared.k, shared.n)
    assert shared.low < alone.low


@pytest.mark.trains
def test_what_is_stored_is_never_trained_again_and_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"limits": FEW, "share": 0.9, "store": tmp_path}

    def press(progress: BudgetProgress) -> None:
        if progress.parameters == 8 and not progress.training.stopping:
            signal.raise_signal(signal.SIGINT)

    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(Interrupted, match="goes on from there"):
        smallest(6, 7, 8, **asked, on_progress=press)
    whole = smallest(6, 7, 8, **asked)
    again = smallest(6, 7, 8, **asked)
    assert again.how.trained_steps == 0
    assert (
        without_time(again) == without_time(whole) == without_time(smallest(6, 7, 8, limits=FEW, share=0.9))
    )
    fresh = smallest(6, 7, 8, **asked, fresh=True)
    assert fresh.how.trained_steps > whole.how.trained_steps


def test_progress_says_which_budget_it_is_at() -> None:
    seen: list[BudgetProgress] = []
    smallest(6, 7, limits=FEW, share=0.9, on_progress=seen.append)
    assert {(each.parameters, each.place, each.budgets) for each in seen} == {(6, 1, 2), (7, 2, 2)}


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ((), {}, "budgets: there are none; give one or more"),
        ((9, 8), {}, "budgets: 9 and 8 parameters follow each other; the number must rise"),
        ((9, 9), {}, "the number must rise"),
        ((9,), {"share": 1.0}, "share = 1.0: must be a finite number > 0.0 and < 1.0."),
        ((9,), {"max_seeds": 4}, "max_seeds = 4: must be a whole number ≥ 8"),
        ((9,), {"limits": {"bad": 0}}, "inputs = 3, outputs = 1: the task 'xor' needs 2 and 1."),
        (
            (40,),
            {},
            "43,549,069,297 networks have 40 parameters, and at most 100,000 can race. Begin with fewer",
        ),
        ((9,), {"cell": "Z"}, "network 'Z': the study has no such network"),
    ],
)
def test_what_is_refused(given: tuple[int, ...], options: dict[str, Any], words: str) -> None:
    asked = dict(options)
    made = budgets(*given)
    if asked.pop("limits", None):
        made = [replace(each, inputs=3) for each in made]
    with pytest.raises(SpecError) as raised:
        trainlab.smallest_budget(study(), budgets=made, **{"seeds": 8, "max_seeds": 32, **asked})
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_before_a_budget_too_large_to_race_it_ends_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trainlab.studies.smallest.MAX_CANDIDATES", 3)
    result = smallest(2, 3, 4, 5, 6)
    assert [item.parameters for item in result.budgets] == [2, 3, 4]
    assert (result.ended, result.settled) == ("too many", False)
    assert result.verdict.endswith("From 5 on there are too many networks to race: not tried.")
    assert result.verdicts[0].outcome == "mixed"


def judged(parameters: int, reached: Any, k: int = 200) -> BudgetJudged:
    rate = Rate(k=k, n=256, low=k / 256 - 0.01, high=k / 256 + 0.01)
    return BudgetJudged(
        parameters=parameters, networks=3, reached=reached, best=f"N{parameters}", solved=rate
    )


def made_up(*items: BudgetJudged, ended: Any = "all") -> SmallestResult:
    base = trainlab.Experiment.from_dict({"network": "2-2-1", "epochs": 3})
    asked = tuple(item.parameters for item in items)
    how = Provenance(
        engine="fast",
        engine_reason="asked for",
        first_seed=0,
        seeds=1,
        workers=1,
        versions={},
        machine="",
        seconds=0.0,
        trained_steps=0,
        trained_seconds=0.0,
    )
    return SmallestResult(
        title="t",
        field="f",
        base=base,
        share=0.95,
        budgets=items,
        asked=(*asked, asked[-1] + 1) if ended == "too many" else asked,
        ended=ended,
        first_seeds=8,
        max_seeds=32,
        how=how,
    )


def outcome_of(result: SmallestResult) -> tuple[str, bool, str]:
    return result.verdicts[0].outcome, result.settled, result.verdict


def test_the_fewest() -> None:
    assert outcome_of(made_up(judged(8, "no"), judged(9, "no"), judged(10, "yes", 255))) == (
        "upheld",
        True,
        "10 parameters are the fewest tried with which some network solves xor on 95 % of seeds: N10, 255 of "
        "256 fresh seeds (99.6 %, 98.6 to 100.6 %). With 8 and 9 none does.",
    )


def test_enough_and_something_open_below() -> None:
    assert outcome_of(made_up(judged(8, "no"), judged(9, "undecided"), judged(10, "yes"))) == (
        "upheld",
        False,
        "10 parameters are enough: with them some network solves xor on 95 % of seeds: N10, 200 of 256 fresh "
        "seeds (78.1 %, 77.1 to 79.1 %). Whether some network does with 9, these seeds can't tell. "
        "With 8 none does.",
    )
    alone = made_up(judged(10, "yes"))
    assert "10 parameters are enough: with them" in alone.verdict


def test_more_is_not_always_enough() -> None:
    assert outcome_of(made_up(judged(9, "no"), judged(10, "yes"), judged(11, "no")))[2].endswith(
        "With 9 none does. More isn't always enough: with 11 none does."
    )
    assert made_up(judged(10, "yes"), judged(11, "undecided")).verdict.endswith(
        " Of 11, these seeds can't tell."
    )


def test_none_and_none_yet() -> None:
    outcome, settled, words = outcome_of(made_up(judged(8, "no", 9), judged(9, "no")))
    assert (outcome, settled) == ("refuted", True)
    assert words == (
        "No network with 8 and 9 parameters solves xor on 95 % of seeds. The best is N9, 200 of 256 fresh "
        "seeds (78.1 %, 77.1 to 79.1 %), with 9."
    )
    outcome, settled, words = outcome_of(made_up(judged(8, "no"), judged(9, "undecided")))
    assert (outcome, settled) == ("mixed", False)
    assert words.startswith(
        "With 9 parameters these seeds can't tell whether some network solves xor on 95 % of seeds. "
        "None does with 8. The best is "
    )


def test_numbers_that_follow_each_other_are_said_together() -> None:
    assert numbers_words([2, 3, 4, 6, 8, 9]) == "2 to 4, 6, 8 and 9"
    assert numbers_words([7]) == "7"
