"""Every result has verdicts with sentences, a short repr, JSON, and, where it holds rows, data frames."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from diagnosis.seeds.made import population, run
from studies.maps.made_map import made_map
from studies.races import test_smallest
from studies.races.test_race_verdict import made_up

from trainlab import Report, StudyResult, Verdict
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.explain import Explanation
from trainlab.explain.explanation import ShortAnswer
from trainlab.page.section import Table
from trainlab.studies.verdicts.change_verdicts import most_telling_first


def a_report() -> Report:
    return diagnose(TrainingRecord(), ended={"how": "end", "code": 0})


def an_explanation() -> Explanation:
    return Explanation(
        question="loss",
        verdict="How far it is.",
        answer=ShortAnswer(sentence="How far.", table=Table(title="A table", headers=("a",), rows=(("1",),))),
        sections=(),
        numbers={},
    )


MAKERS: dict[str, Callable[[], Any]] = {
    "map": made_map,
    "race": lambda: made_up(90, 20, out=1),
    "smallest budget": lambda: test_smallest.made_up(test_smallest.judged(9, "yes")),
    "seeds": lambda: population(run(1), run(2)),
    "diagnosis": a_report,
    "explanation": an_explanation,
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_result_has_verdicts_a_short_repr_and_json(name: str):
    result = MAKERS[name]()
    assert result.verdicts
    assert all(isinstance(one, Verdict) and one.sentence for one in result.verdicts)
    assert len({one.topic for one in result.verdicts}) == len(result.verdicts)
    assert repr(result).startswith(f"<{type(result).__name__}")
    assert len(repr(result)) < 100
    assert json.loads(result.to_json())["format"] == 1
    assert result.verdicts[0].sentence.split()[0] in str(result)
    assert result._repr_html_()


def test_so_has_a_study(trained: StudyResult):
    assert trained.verdicts == most_telling_first(trained.verdicts)
    assert str(trained).splitlines()[1] == trained.answer


def test_what_was_found_out_comes_before_what_was_checked():
    topics = ("parameters", "predictions", "of tomorrow", "change", "vanishing", "together", "change")
    told = most_telling_first(
        Verdict(topic=topic, sentence=f"{place}.") for place, topic in enumerate(topics)
    )
    assert [one.topic for one in told] == [
        "together",
        "change",
        "change",
        "vanishing",
        "of tomorrow",
        "predictions",
        "parameters",
    ]
    assert [one.sentence for one in told[1:3]] == ["3.", "6."]


def test_the_verdicts_of_a_map_are_its_sentences():
    found = made_map()
    assert tuple(one.sentence for one in found.verdicts) == found.verdict
    assert [one.topic for one in found.verdicts] == ["learns", "extent", "best", "own", "elsewhere"]
    assert [one.topic for one in made_map(own=False).verdicts] == ["learns", "extent", "best", "elsewhere"]


def test_a_race_is_decided_or_not():
    (won,), (tied,), (none,) = (
        made_up(*solved, out=out).verdicts for solved, out in (((90, 20), 1), ((90, 88), 0), ((0, 0), 0))
    )
    assert won.statement == "One network learns better than all others."
    assert (won.outcome, tied.outcome, none.outcome) == ("upheld", "mixed", "mixed")
    assert won.sentence == made_up(90, 20, out=1).verdict


def test_remedies_that_were_tried_are_a_verdict_of_their_own():
    tried = replace(a_report(), tried={"words": "Tried: nothing helped."})
    assert [(one.topic, one.outcome) for one in tried.verdicts] == [("diagnosis", ""), ("tried", "")]
    assert tried.verdicts[1].sentence == "Tried: nothing helped."


def test_a_row_a_candidate():
    result = made_up(90, 20, out=1)
    frame = result.to_frame()
    assert frame.name.tolist() == ["N0", "N1"]
    assert frame.solved.tolist() == [90, 20]
    assert frame.share.tolist() == [0.9, 0.2]
    assert frame.dropped_in.isna().tolist() == [True, False]
    assert frame.parameters.tolist() == [result.base.network.parameters] * 2


def test_a_row_a_point():
    found = made_map()
    found.counts.runs[:, 2, 4] = -1
    frame = found.to_frame()
    assert len(frame) == 48
    assert list(frame.columns[:4]) == ["optimizer.lr", "solved.within", "trained", "solved"]
    best = frame[found.best.row * 8 + found.best.column :].iloc[0]
    assert (best["optimizer.lr"], best["solved.within"]) == (found.question.x.values[3], 0.3)
    assert (best.solved, best.n, best.share, best.outcome) == (10, 10, 1.0, "solved")
    rate = found.at(best["optimizer.lr"], best["solved.within"])
    assert (best.low, best.high) == (rate.low, rate.high)
    between = frame.iloc[2 * 8 + 4]
    assert not between.trained
    assert between.n == 0
    assert between[["solved", "low", "high", "stuck"]].isna().all()
    assert between.share == found.shares.solved[2, 4]
    trained = frame[frame.trained]
    failures = trained[["diverged", "vanishing", "standing_still", "stuck"]].sum(axis=1)
    assert np.array_equal(trained.solved + failures, trained.n)


def test_a_row_a_seed():
    found = population(run(1), run(2, state="stuck", fault="dead_relu"), run(3, state="unknown"))
    frame = found.to_frame()
    assert frame.seed.tolist() == [1, 2, 3]
    assert frame.success.tolist() == [True, False, None]
    assert frame.fault.tolist() == ["", "dead_relu", ""]
    assert frame.value.tolist() == [0.9] * 3
    assert found.to_frame(library="polars")["success"].null_count() == 1
