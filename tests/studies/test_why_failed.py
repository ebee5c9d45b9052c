"""Why the runs of a study failed: which are looked into, what is kept, and how it is counted."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

import trainlab
from trainlab.diagnosis.judge.study_run import JudgedRun
from trainlab.errors import SpecError, lacking
from trainlab.execution import Interrupted, Progress, RunSettings
from trainlab.spec import study_from_toml
from trainlab.stats import rate
from trainlab.studies import StudyResult
from trainlab.studies.why_failed import why_failed

TEXT = """
seeds = 12
[baseline]
task = "xor"
loss = "mse"
epochs = 120
[baseline.network]
activation = "tanh"
output_activation = "linear"
[baseline.optimizer]
name = "adam"
lr = 0.03
[baseline.sampling]
name = "full"
[networks]
small = "2-4-1"
[changes.slow]
set.optimizer.lr = 1e-6
[changes.zero]
set.init = { weight = { name = "constant", val = 0.0 }, bias = { name = "constant", val = 0.0 } }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def result(folder: Path) -> StudyResult:
    return trainlab.study(study_from_toml(TEXT), store=folder, why=3, workers=1)


def test_known_causes_have_their_share(result: StudyResult) -> None:
    for change, fault in (("slow", "lr_too_low"), ("zero", "zero_init")):
        item = result.cell("small", change)
        assert item.why is not None
        assert item.solved.k == 0
        (cause,) = item.why.causes
        assert (cause.fault, cause.rate, cause.solved) == (fault, rate(3, 3), None)
        assert (cause.seeds, item.why.failed, item.why.looked_into) == ((0, 1, 2), 12, 3)
        assert (item.why.lost, item.why.unexplained, item.why.at_rest) == (0, rate(0, 3), rate(0, 3))


def test_solved_runs_are_judged_beside_the_failed(result: StudyResult) -> None:
    item = result.cell("small")
    failed = np.flatnonzero(~item.runs.solved)
    assert 1 <= len(failed) < 3
    assert item.why is not None
    assert item.why.failed == item.why.looked_into == len(failed)
    assert item.why.unexplained is not None
    told = sum(cause.rate.k for cause in item.why.causes)
    assert told + item.why.unexplained.k == len(failed)
    assert all(cause.solved is not None for cause in item.why.causes)


def test_it_is_told_in_plain_data(result: StudyResult) -> None:
    why = result.to_dict()["cells"][1]["why"]
    assert (why["failed"], why["looked_into"], why["lost"]) == (12, 3, 0)
    assert why["causes"][0]["fault"] == "lr_too_low"
    assert why["causes"][0]["rate"] == rate(3, 3).to_dict()
    assert trainlab.study(study_from_toml(TEXT)).to_dict()["cells"][1]["why"] is None


def test_what_is_known_isnt_judged_again(
    folder: Path, result: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise AssertionError("judged again")

    monkeypatch.setattr("trainlab.diagnosis.judge.study_run.judge_run", fails)
    again = trainlab.study(study_from_toml(TEXT), store=folder, why=3, workers=1)
    assert [item.why for item in again.cells] == [item.why for item in result.cells]
    with pytest.raises(AssertionError, match="judged again"):
        trainlab.study(study_from_toml(TEXT), store=folder, why=4, workers=1)


def test_other_rules_judge_anew(folder: Path, result: StudyResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.diagnosis.judge.study_run.rules_digest", lambda: "others")
    judged: list[int] = []

    def judge(run: trainlab.StudyResult, _: object) -> JudgedRun:
        judged.append(run.first_seed)  # type: ignore[attr-defined]
        return JudgedRun(seed=judged[-1], found_again=judged[-1] > 0)

    monkeypatch.setattr("trainlab.diagnosis.judge.study_run.judge_run", judge)
    again = trainlab.study(study_from_toml(TEXT), only=["small:slow"], store=folder, why=3, workers=1)
    why = again.cells[0].why
    assert judged == [0, 1, 2]
    assert why is not None
    assert (why.looked_into, why.lost, why.unexplained, why.causes) == (3, 1, rate(2, 2), ())


@pytest.mark.process
def test_processes_find_the_same(result: StudyResult) -> None:
    found = trainlab.study(study_from_toml(TEXT), only=["small:slow"], why=3, workers=2)
    assert found.cells[0].why == result.cell("small", "slow").why


def test_ctrl_c_keeps_what_was_judged(tmp_path: Path) -> None:
    seen: list[Progress] = []

    def press(progress: Progress) -> None:
        if progress.engine == "doctor":
            seen.append(progress)
            if progress.runs_done == 2:
                signal.raise_signal(signal.SIGINT)

    def go(press: object = None) -> StudyResult:
        plan = study_from_toml(TEXT)
        return trainlab.study(
            plan,
            only=["small:slow"],
            store=tmp_path,
            why=5,
            workers=1,
            on_progress=press,  # type: ignore[arg-type]
        )

    with pytest.raises(Interrupted, match=r"stopped after 2 of 5 judged runs\. All .* is saved"):
        go(press)
    assert [one.runs_done for one in seen] == [0, 1, 2]
    rest: list[Progress] = []
    go(rest.append)
    assert next(one for one in rest if one.engine == "doctor").runs_total == 3


def test_a_cell_that_always_solves_has_nothing_to_tell() -> None:
    easy = TEXT.replace('"2-4-1"', '"2-12-1"').replace("epochs = 120", "epochs = 1500")
    (cell,) = trainlab.study(study_from_toml(easy), only=["small"], seeds=4, why=2, workers=1).cells[:1]
    assert cell.solved.k == 4
    assert cell.why is not None
    assert (cell.why.looked_into, cell.why.unexplained, cell.why.causes) == (0, None, ())


def test_a_number_below_0_is_refused() -> None:
    with pytest.raises(SpecError, match=r"why = -1: must be a whole number ≥ 0"):
        trainlab.study(study_from_toml(TEXT), why=-1)


def test_without_torch_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.engine.choose.has_torch", lambda: False)
    with pytest.raises(trainlab.TrainlabError) as caught:
        why_failed([], most=1, settings=RunSettings(engine="fast"), store=None)
    assert str(caught.value) == lacking("why", "PyTorch", extra="torch")
