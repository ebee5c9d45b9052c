"""Why a run failed: the record's words at once, the doctor's after it, and what a solved run shows beside."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from web.experiments import sent, xor

from trainlab import Experiment
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.judge.study_run import JudgedRun
from trainlab.engine import Engine, Runs
from trainlab.engine.fast import FastEngine
from trainlab.web.answers import why
from trainlab.web.answers.why import answer_why_seed
from trainlab.web.questions import Asked, Limits, WhySeed

DEEP = xor(network="2-4-4-4-4-4-4-4-1", loss="l1", optimizer={"name": "sgd", "lr": 0.05}, sampling="single")


def asked(experiment: dict[str, Any], seed: int) -> list[dict[str, Any]]:
    question = msgspec.convert({"ask": "why-seed", "experiment": experiment, "seed": seed}, Asked)
    assert isinstance(question, WhySeed)
    return [header for header, _ in sent(answer_why_seed(question, Limits()))]


def seeds_of(experiment: dict[str, Any], *, solved: bool) -> list[int]:
    (runs,) = FastEngine().train(Experiment.from_dict(experiment), range(30))
    return [seed for seed in range(30) if bool(runs.solved[seed]) == solved]


def judged(fault: str, **more: object):
    def judge(run: Runs, engine: Engine) -> JudgedRun:
        return JudgedRun(seed=run.first_seed, found_again=True, fault=fault, where="layer 1", **more)

    return judge


def test_a_solved_run_didn_t_fail():
    seed = seeds_of(xor(), solved=True)[0]
    (header,) = asked(xor(), seed)
    assert header["sentence"] == f"Seed {seed} didn't fail: it is solved at the end."
    assert (header["by"], header["ending"], header["fault"]) == ("record", "solved", None)


def test_without_torch_the_record_answers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(why, "has_torch", lambda: False)
    (header,) = asked(xor(), seeds_of(xor(), solved=False)[0])
    assert header["last"]
    assert header["by"] == "record"


def test_what_a_solved_run_has_as_well_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(why, "has_torch", lambda: True)
    monkeypatch.setattr(why, "judge_run", judged("lr_too_high"))
    seed = seeds_of(xor(), solved=False)[0]
    record, doctor, beside = asked(xor(), seed)
    assert [each["last"] for each in (record, doctor, beside)] == [False, False, True]
    assert doctor["sentence"] == (
        f"{record['sentence']} The doctor finds that {all_faults()['lr_too_high'].title}: layer 1."
    )
    other = next(each for each in seeds_of(xor(), solved=True) if each > seed)
    assert beside["beside"] == {"seed": other, "same": True}
    assert beside["sentence"].endswith(f"So it is with seed {other}, which was solved all the same.")


def test_a_run_without_a_cause_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(why, "has_torch", lambda: True)
    monkeypatch.setattr(why, "judge_run", judged("", at_rest=True))
    record, doctor = asked(xor(), seeds_of(xor(), solved=False)[0])
    words = "The doctor's rules tell no cause; its loss no longer fell."
    assert doctor["sentence"] == f"{record['sentence']} {words}"


def test_a_run_that_ends_elsewhere_isn_t_judged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(why, "has_torch", lambda: True)
    monkeypatch.setattr(
        why, "judge_run", lambda run, engine: JudgedRun(seed=run.first_seed, found_again=False)
    )
    record, doctor = asked(xor(), seeds_of(xor(), solved=False)[0])
    assert (doctor["by"], doctor["sentence"]) == ("record", record["sentence"])


@pytest.mark.trains
def test_the_doctor_itself_finds_where_the_gradient_goes():
    pytest.importorskip("torch")
    seed = seeds_of(DEEP, solved=False)[0]
    found = asked(DEEP, seed)[-1]
    assert found["fault"] == "vanishing_gradient"
    assert found["evidence"]
    assert found["by"] == "doctor"
