"""Which remedies a report prints, how a printed edit is made, and what counts as a help."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchmarks import doctor_bench, doctor_remedies
from benchmarks.doctor_liftable import BASES, FAULTS, cases
from benchmarks.doctor_remedies import Lifted, counted, edited, is_edit, printed
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.lift.recording import Recording
from trainlab.diagnosis.remedies.trial_runs import Run
from trainlab.diagnosis.report.read_back import Outcome

EDIT = "# a.py:2 (the learning rate × 0.1, as tried)\n- optimizer = SGD(lr=5)\n+ optimizer = SGD(lr=0.5)"
SCRIPT = "for _ in range(3):\n    optimizer = SGD(lr=5)\n    step()\n"


def test_a_printed_edit_is_made_in_its_line():
    assert is_edit(EDIT)
    assert edited(SCRIPT, EDIT) == SCRIPT.replace("lr=5", "lr=0.5")
    assert edited(SCRIPT, "# a.py:3\n- step()") == "for _ in range(3):\n    optimizer = SGD(lr=5)\n"
    assert edited(SCRIPT, EDIT.replace(":2", ":3")) is None
    assert edited(SCRIPT, EDIT.replace(":2", ":9")) is None
    assert not is_edit("for group in optimizer.param_groups:\n    group['lr'] = 0.1")
    assert not is_edit("")


def tried(words: str, verdict: str, learnt: int) -> dict[str, Any]:
    change = {"change": "lr", "times": 0.1}
    return {
        "remedy": words, "changes": [change], "same_loss": True, "verdict": verdict, "learnt": learnt
    }  # fmt: skip


def finding(*trials: dict[str, Any], code: str = "", because: str | None = None) -> dict[str, Any]:
    found = {"remedies": list(trials)} if trials else None
    remedy = {"text": "Lower it.", "code": code}
    return {"fault": "lr_too_high", "consequence_of": because, "remedy": remedy, "tried": found}


LIFTED = cast(
    "Lifted", SimpleNamespace(trials=SimpleNamespace(can_try=lambda one: True), recording=Recording())
)


def told(*findings: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    found = printed({"findings": list(findings)}, LIFTED)
    return [(one.given, one.words, one.verdict, bool(one.edit)) for one in found]


def test_advice_is_what_helped_most_and_the_rest_was_only_tried(monkeypatch: pytest.MonkeyPatch):
    first, second = tried("one", "partly", 9), tried("two", "mended", 70)
    assert told(finding(first, second)) == [
        ("advice", "two", "mended", False),
        ("tried", "one", "partly", False),
    ]
    assert told(finding(first, second, code=EDIT))[0] == ("advice", "two", "mended", True)
    vain = [tried("one", "no help", 0), tried("two", "harmed", 0), tried("three", "no hold", 0)]
    assert told(finding(*vain)) == [("tried", "one", "no help", False), ("tried", "two", "harmed", False)]
    assert told(finding(code=EDIT)) == [("advice", "Lower it.", "", True)]
    untried = [("advice", f"the learning rate × {times}", "", False) for times in ("0.1", "0.01")]
    monkeypatch.setattr(doctor_remedies, "can_be_tried", lambda one, *_: all_faults()[one["fault"]].remedies)
    assert told(finding()) == untried
    assert told(finding(because="dead_relu")) == []


def runs(*states: str) -> list[Run]:
    made = [
        Outcome(
            state=state,  # pyright: ignore[reportArgumentType]
            reached=0.5,
            reached_as="R²",
            neighbours_reach=None,
            first_loss=1.0,
            last_loss=0.5,
            constant_answer_loss=1.0,
            loss_by_constant=0.5,
            fit_by_constant=0.5,
        )
        for state in states
    ]
    return [Run(outcome=one, acted=1) for one in made]


def test_a_remedy_helps_or_hurts_where_more_or_fewer_seeds_learn_than_chance_explains():
    stuck, learnt = runs(*["stuck"] * 10), runs(*["learnt"] * 10)
    assert counted(stuck, learnt, same_loss=True) | {"p": 0.002} == {
        "seeds": 10, "without": 0, "with": 10, "p": 0.002, "better": 10, "worse": 0, "result": "helps"
    }  # fmt: skip
    assert counted(learnt, stuck, same_loss=True)["result"] == "hurts"
    assert counted(stuck, [*learnt[:5], *stuck[5:]], same_loss=True)["result"] == "nothing"
    assert counted(stuck, [*learnt[:6], *stuck[6:]], same_loss=True)["result"] == "helps"


def test_the_liftable_trainings_are_scripts_each_with_a_fault_of_its_own(tmp_path: Any):
    made = list(cases(tmp_path))
    texts = [case.script.read_text() for case in made]
    assert len(made) == len(set(texts)) == len(FAULTS) >= 30
    sound = {base.text() for base in BASES.values()}
    assert not sound & set(texts)
    for text in (*texts, *sound):
        ast.parse(text)
    known = {*all_faults(), "too_few_epochs"}
    assert all(case.right <= known and case.of == "liftable" for case in made)


def test_the_bench_asks_of_each_script_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def measured(case: Any, runner: Any) -> dict[str, Any]:
        asked.append(case.key)
        return {"set": case.of, "key": case.key, "fault": case.fault, "why_not": "no", "remedies": []}

    monkeypatch.setattr(doctor_remedies, "measured", measured)
    monkeypatch.setattr(doctor_remedies, "Scripts", lambda: None)
    words = ["--remedies", "--only", "liftable", "--kept", str(tmp_path / "kept.json")]
    for _ in range(2):
        assert doctor_bench.main(words) == 0
    assert len(asked) == len(FAULTS)
