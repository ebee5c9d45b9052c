"""Verdicts asked from every side: those that turn round are mixed, and say under what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies.made_up import TINY, cells_of, flags, runs_of, study_of

from trainlab.engine import Runs
from trainlab.report.verdict_part import verdict_part
from trainlab.spec import Cell, Experiment
from trainlab.stats import Side, Verdict
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import effects_of
from trainlab.studies.judge import verdicts_of
from trainlab.studies.sides import from_every_side, sides_words, weighed

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
    assert sides_words(change) == f"Also so {words}."
    assert sides_words(change) in verdict_part([change])
    assert change.to_dict()["sides"][0] == {"words": "within 0.05", "outcome": "upheld"}


def test_a_tolerance_that_turns_it_round_makes_it_mixed() -> None:
    # With A all miss by 0.08, without it half by 0.01 and half by 0.9.
    def make(cell: Cell) -> Runs:
        return near(cell.experiment, [0.08] * 100 if cell.changes else [0.01] * 50 + [0.9] * 50)

    change = judged(cells_of(STUDY, make))["change"]
    assert change.outcome == "mixed"
    assert change.sentence.endswith(
        " It depends on how success is read: upheld as asked, refuted within 0.05."
    )
    assert change.sides[0] == Side(words="as asked", outcome="upheld")
    assert sides_words(change).startswith("Asked otherwise: upheld as asked, within 0.25, rounded and")
    assert sides_words(change).endswith("; refuted within 0.05.")
    assert change.opposite is None


def test_what_was_learnt_and_lost_turns_it_round() -> None:
    # Without A all were solved, and 60 of 100 unlearnt it; with it 70 are.
    def make(cell: Cell) -> Runs:
        if cell.changes:
            return near(cell.experiment, [0.01] * 70 + [0.9] * 30)
        return near(cell.experiment, [0.01] * 40 + [0.9] * 60, ever=60)

    change = judged(cells_of(STUDY, make))["change"]
    assert change.sides[-1] == Side(words="counting runs solved at some time", outcome="refuted")
    assert change.outcome == "mixed"


def test_the_other_way_round_too() -> None:
    refuted = Verdict(topic="change", sentence="A hurts.", statement="A helps.", outcome="refuted")
    same = replace(refuted, sides=(Side(words="rounded", outcome="mixed"),))
    assert weighed(same) == same
    assert sides_words(same) == "Asked otherwise: mixed rounded."
    turned = weighed(replace(refuted, sides=(Side(words="rounded", outcome="upheld"),)))
    assert turned.outcome == "mixed"
    assert turned.sentence == "A hurts. It depends on how success is read: refuted as asked, upheld rounded."
    assert weighed(refuted) == refuted
    assert sides_words(refuted) == ""


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
    assert weighed(told) == told
