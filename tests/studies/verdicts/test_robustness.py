"""Verdicts asked from every side: those that turn round are mixed, and say under what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from studies.made_up import TINY, cells_of, flags, runs_of, study_of

from trainlab.engine import Runs
from trainlab.report.study_answer import verdict_part
from trainlab.spec import Cell, Experiment, Study, study_from_dict
from trainlab.stats import Estimate, Side, Verdict, rate
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import effects_of
from trainlab.studies.verdicts.robustness import (
    from_every_side,
    held_words,
    mixed_if_turned,
    sides_words,
    turned_changes,
    turns_round,
)
from trainlab.studies.verdicts.study_verdicts import verdicts_of

STUDY = study_of("A", ask=())


def near(experiment: Experiment, distances: list[float], *, ever: int = 0) -> Runs:
    """Return runs whose predictions miss by so much; the first `ever` that aren't solved were so before."""
    missed = np.array(distances)
    solved = missed < experiment.solved.within  # pyright: ignore[reportAttributeAccessIssue]
    unlearnt = ~solved & (np.cumsum(~solved) <= ever)
    runs = runs_of(experiment, solved, unlearnt=unlearnt)
    targets = experiment.data().targets
    return replace(runs, predictions=(targets[None] + missed[:, None, None]).astype(np.float32))


def judged(cells: tuple[CellResult, ...]) -> dict[str, Verdict]:
    verdicts = verdicts_of(STUDY, cells, effects_of(STUDY, cells)[0])
    return {verdict.topic: verdict for verdict in from_every_side(STUDY, cells, verdicts)}


def test_what_holds_from_every_side_says_so() -> None:
    def make(cell: Cell) -> Runs:
        return near(cell.experiment, [0.01] * 95 + [0.9] * 5 if cell.changes else [0.9] * 100)

    change = judged(cells_of(STUDY, make))["change"]
    assert change.outcome == "upheld"
    assert [side.outcome for side in change.sides] == ["upheld"] * 4
    words = "within 0.05, within 0.25, rounded and counting runs solved at some time"
    assert sides_words(change) == f"Holds from all 4 sides: {words}."
    assert sides_words(change) in verdict_part([change])
    assert change.to_dict()["sides"][0] == {"words": "within 0.05", "outcome": "upheld", "turns": False}


def test_a_tolerance_that_turns_it_round_makes_it_mixed() -> None:
    # With A all miss by 0.08, without it half by 0.01 and half by 0.9.
    def make(cell: Cell) -> Runs:
        return near(cell.experiment, [0.08] * 100 if cell.changes else [0.01] * 50 + [0.9] * 50)

    change = judged(cells_of(STUDY, make))["change"]
    assert change.outcome == "mixed"
    assert change.sentence.endswith(" It depends on how it is asked: upheld as asked, refuted within 0.05.")
    assert change.sides[0] == Side(words="as asked", outcome="upheld")
    assert sides_words(change).startswith("Turns round: refuted within 0.05; upheld within 0.25, rounded and")
    assert change.opposite is None


def test_what_was_learnt_and_lost_turns_it_round() -> None:
    # Without A all were solved, and 60 of 100 unlearnt it; with it 70 are.
    def make(cell: Cell) -> Runs:
        if cell.changes:
            return near(cell.experiment, [0.01] * 70 + [0.9] * 30)
        return near(cell.experiment, [0.01] * 40 + [0.9] * 60, ever=60)

    change = judged(cells_of(STUDY, make))["change"]
    words = "counting runs solved at some time"
    assert change.sides[-1] == Side(words=words, outcome="refuted", turns=True)
    assert change.outcome == "mixed"


def test_the_other_way_round_too() -> None:
    refuted = Verdict(topic="change", sentence="A hurts.", statement="A helps.", outcome="refuted")
    same = replace(refuted, sides=(Side(words="rounded", outcome="mixed"),))
    assert mixed_if_turned(same) == same
    assert sides_words(same) == "Asked in other ways: mixed rounded."
    turned = mixed_if_turned(replace(refuted, sides=(Side(words="rounded", outcome="upheld", turns=True),)))
    assert turned.outcome == "mixed"
    assert turned.sentence == "A hurts. It depends on how it is asked: refuted as asked, upheld rounded."
    assert mixed_if_turned(refuted) == refuted
    assert sides_words(refuted) == ""


def test_a_line_says_how_many_sides_hold() -> None:
    said = Verdict(topic="change", sentence="A helps.", statement="A helps.", outcome="upheld")
    one = Side(words="rounded", outcome="upheld")
    few = Side(words="by PyTorch (20 seeds)", outcome="mixed")
    assert sides_words(replace(said, sides=(one,))) == "Holds from another side, too: rounded."
    some = replace(said, sides=(one, few))
    assert sides_words(some) == "Holds from 1 of 2 sides; mixed by PyTorch (20 seeds)."
    open_too = replace(said, outcome="mixed", sides=(few, few))
    assert sides_words(open_too).startswith("Mixed from both sides: by PyTorch")
    turned = mixed_if_turned(replace(said, sides=(replace(one, outcome="refuted", turns=True), few)))
    assert sides_words(turned) == "Turns round: refuted rounded; mixed by PyTorch (20 seeds)."
    assert held_words([said, replace(said, sides=(one,)), some, turned], ["in float64"]) == (
        "Asked from every side, also in float64: 1 of 3 verdicts comes out the same, 1 turns round, "
        "1 differs on some side without turning round (--details)."
    )
    assert held_words([said], ["in float64"]) == ""
    assert "1 of 1 verdict comes out the same, none turns round (" in held_words(
        [replace(said, sides=(one,))], ["x"]
    )


@pytest.mark.parametrize("kept", [True, False])
def test_tolerances_are_asked_only_where_all_predictions_are_kept(kept: bool) -> None:
    def make(cell: Cell) -> Runs:
        runs = near(cell.experiment, [0.01] * 20)
        return runs if kept else replace(runs, predictions=runs.predictions[:, :2])

    words = [side.words for side in judged(cells_of(STUDY, make))["change"].sides]
    assert ("rounded" in words) == kept
    assert words[-1] == "counting runs solved at some time"


def test_a_lone_reading_has_no_other_sides() -> None:
    quiet = study_of("A", ask=(), record={"solved_every": 0}, solved={"loss": 0.1})
    cells = cells_of(quiet, lambda cell: runs_of(cell.experiment, flags((20, True), (20, False))))
    verdicts = verdicts_of(quiet, cells, effects_of(quiet, cells)[0])
    assert from_every_side(quiet, cells, verdicts) == verdicts
    assert TINY.record.solved_every == 10


def test_failures_that_another_reading_calls_solved_are_no_error() -> None:
    asked = study_of("A", ask=("vanishing",))

    def make(cell: Cell) -> Runs:
        return near(cell.experiment, [0.01] * 40 + [0.2] * 60)

    cells = cells_of(asked, make)
    found = from_every_side(asked, cells, verdicts_of(asked, cells, effects_of(asked, cells)[0]))
    assert "vanishing" in {verdict.topic for verdict in found}


def test_runs_that_stop_once_solved_are_asked_of_no_other_tolerance() -> None:
    stopping = study_of("A", ask=(), stopping="solved")
    cells = cells_of(stopping, lambda cell: near(cell.experiment, [0.09] * 40))
    verdicts = verdicts_of(stopping, cells, effects_of(stopping, cells)[0])
    sides = {side.words for verdict in from_every_side(stopping, cells, verdicts) for side in verdict.sides}
    assert sides == {"counting runs solved at some time"}


def test_rounded_predictions_stay_what_they_are() -> None:
    said = Verdict(topic="predictions", sentence="They round.", statement="It predicts 0.", outcome="upheld")
    told = replace(said, sides=(Side(words="within 0.1", outcome="refuted"),))
    assert mixed_if_turned(told) == told


def verdict(outcome: str, estimate: float, low: float, high: float) -> Verdict:
    made = Estimate(estimate=estimate, low=low, high=high, p=0.5, p_small=0.5, n=100)
    return Verdict(topic="change", sentence="", outcome=outcome, difference=made)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("here", "there", "turns"),
    [
        # The opposite turns it round, whatever the numbers.
        (verdict("upheld", 0.1, 0.05, 0.15), verdict("refuted", -0.1, -0.2, -0.05), True),
        (verdict("refuted", -0.1, -0.15, -0.05), verdict("upheld", 0.1, 0.05, 0.2), True),
        # Fewer seeds leave it open, and their interval holds what was estimated: that says nothing.
        (verdict("upheld", 0.1, 0.05, 0.15), verdict("mixed", 0.06, -0.02, 0.14), False),
        (verdict("refuted", -0.1, -0.15, -0.05), verdict("mixed", -0.06, -0.14, 0.02), False),
        # An interval that leaves it out says that it is something else there.
        (verdict("upheld", 0.1, 0.05, 0.15), verdict("mixed", 0.01, -0.02, 0.04), True),
        (verdict("refuted", -0.1, -0.15, -0.05), verdict("mixed", -0.01, -0.04, 0.02), True),
        # The same outcome holds, though the number is another; and what is open can't turn round.
        (verdict("upheld", 0.1, 0.05, 0.15), verdict("upheld", 0.3, 0.2, 0.4), False),
        (verdict("mixed", 0.01, -0.02, 0.04), verdict("upheld", 0.3, 0.2, 0.4), False),
    ],
)
def test_what_turns_round_where_runs_were_trained_again(here: Verdict, there: Verdict, turns: bool) -> None:
    assert turns_round(here, there, trained=True) is turns
    opposite = there.outcome != here.outcome and "mixed" not in (here.outcome, there.outcome)
    assert turns_round(here, there) is opposite


def test_a_share_left_out_turns_it_round_too() -> None:
    upheld = Verdict(topic="solved", sentence="", outcome="upheld", share=rate(950, 1000))
    assert not turns_round(upheld, replace(upheld, outcome="mixed", share=rate(93, 100)), trained=True)
    assert turns_round(upheld, replace(upheld, outcome="mixed", share=rate(80, 100)), trained=True)


def test_runs_trained_again_are_another_side() -> None:
    def make(cell: Cell) -> Runs:
        return near(cell.experiment, [0.01] * 95 + [0.9] * 5 if cell.changes else [0.9] * 100)

    cells = cells_of(STUDY, make)
    verdicts = verdicts_of(STUDY, cells, effects_of(STUDY, cells)[0])
    none = cells_of(STUDY, lambda cell: near(cell.experiment, [0.9] * 20))
    again = {"in float64": cells, "by PyTorch": none}
    found = {each.topic: each for each in from_every_side(STUDY, cells, verdicts, again=again)}
    assert found["change"].sides[-2:] == (
        Side(words="in float64", outcome="upheld"),
        Side(words="by PyTorch", outcome="mixed", turns=True),
    )
    assert found["change"].outcome == "mixed"
    assert found["together"].sides[-1].turns
    assert found["change"].sentence.endswith(": upheld as asked, mixed by PyTorch.")


# What a change of nothing but the epochs sets isn't the question of the other changes.

LONG = study_from_dict(
    {
        "ask": [],
        "baseline": TINY.to_dict(),
        "networks": {"Net": "2-3-1"},
        "changes": {
            "A": {"set": {"optimizer": {"name": "adam", "lr": 0.2}}},
            "D": {"set": {"epochs": 50}},
        },
    }
)


def solved_counts(study: Study, counts: dict[tuple[str, ...], int]) -> dict[tuple[str, ...], Verdict]:
    """Return the verdicts, by topic and what they are about, of cells that so many of 100 runs solve."""
    cells = cells_of(
        study, lambda cell: runs_of(cell.experiment, flags((counts[cell.changes], True), (100, False))[:100])
    )
    verdicts = verdicts_of(study, cells, effects_of(study, cells)[0])
    return {(each.topic, *each.about[1:]): each for each in from_every_side(study, cells, verdicts)}


def outcomes(verdict: Verdict) -> dict[str, str]:
    return {side.words: side.outcome for side in verdict.sides if " epoch" in side.words}


def test_other_changes_are_asked_at_each_length() -> None:
    found = solved_counts(LONG, {(): 10, ("A",): 80, ("D",): 90, ("A", "D"): 60})
    change, together = found["change", "A"], found["together", "A", "D"]
    # Over both lengths A helps by 20 points; at 50 epochs it hurts.
    assert outcomes(change) == {"at 20 epochs": "upheld", "at 50 epochs": "refuted"}
    assert change.outcome == "mixed"
    assert change.sentence.endswith("upheld as asked, refuted at 50 epochs.")
    assert turned_changes(list(found.values())) == ["A doesn't help Net at 50 epochs"]
    # So is it with all changes together: at 50 epochs they are A, and the baseline has D.
    assert outcomes(together) == {"at 20 epochs": "upheld", "at 50 epochs": "refuted"}
    assert outcomes(found["change", "D"]) == {}
    # What is solved with A and D is asked of A by itself, not once more of itself.
    assert outcomes(found["solved", "A", "D"]) == {"at 20 epochs": "mixed"}


def test_where_the_length_makes_no_difference_it_holds() -> None:
    found = solved_counts(LONG, {(): 10, ("A",): 80, ("D",): 10, ("A", "D"): 80})
    assert set(outcomes(found["change", "A"]).values()) == {"upheld"}
    assert found["change", "A"].outcome == found["together", "A", "D"].outcome == "upheld"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # Of no other change is there anything to ask.
        ({"D": {"set": {"epochs": 50}}}, set[str]()),
        # Something else is set, too: that is a change like others.
        ({"A": {"set": {"loss": "l1"}}, "D": {"set": {"epochs": 50, "loss": "huber"}}}, set[str]()),
        # Two of them: as long as the last says.
        (
            {"A": {"set": {"loss": "l1"}}, "D": {"set": {"epochs": 50}}, "E": {"set": {"epochs": 70}}},
            {"at 20 epochs", "at 50 epochs", "at 70 epochs"},
        ),
        # Another change sets epochs, too, so that there is no one number.
        (
            {"A": {"set": {"epochs": 30, "loss": "l1"}}, "D": {"set": {"epochs": 50}}},
            {"without D", "at 50 epochs"},
        ),
        # It goes on: an epoch of which training?
        (
            {"A": {"set": {"loss": "l1"}, "then": {"epochs": 5}}, "D": {"set": {"epochs": 50}}},
            {"without D", "with D"},
        ),
    ],
)
def test_how_lengths_are_told(changes: dict[str, Any], words: set[str]) -> None:
    study = study_from_dict({"ask": [], "baseline": TINY.to_dict(), "changes": changes})
    cells = cells_of(study, lambda cell: runs_of(cell.experiment, flags((20, bool(cell.changes)))))
    verdicts = verdicts_of(study, cells, effects_of(study, cells)[0])
    sides = {side.words for each in from_every_side(study, cells, verdicts) for side in each.sides}
    told = {said for said in sides if " epoch" in said or said.endswith(" D")}
    assert told == words


def test_failures_are_asked_at_the_other_length() -> None:
    study = structs.replace(LONG, ask=("vanishing",))

    def make(cell: Cell) -> Runs:
        gradient = 1e-6 if "D" in cell.changes else 1.0
        return runs_of(cell.experiment, flags((5, True), (95, False)), gradient=gradient, last_gradient=1.0)

    cells = cells_of(study, make)
    verdicts = verdicts_of(study, cells, effects_of(study, cells)[0])
    found = {
        each.about: each for each in from_every_side(study, cells, verdicts) if each.topic == "vanishing"
    }
    assert outcomes(found["Net",]) == {"at 50 epochs": "upheld"}
    assert outcomes(found["Net", "A", "D"]) == {"at 20 epochs": "refuted"}
    assert found["Net",].outcome == "mixed"
