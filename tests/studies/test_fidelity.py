"""Runs of a study beside a plain PyTorch loop."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import trainlab
from trainlab.draw.svg import escape
from trainlab.engine.reference import ReferenceEngine
from trainlab.errors import EngineError
from trainlab.execution import RunSettings
from trainlab.report import study_html
from trainlab.spec import Study, study_from_dict
from trainlab.stats import paired_difference
from trainlab.studies import StudyResult, retraining
from trainlab.studies.retraining import Fidelity, fidelity_of


@pytest.fixture(scope="module")
def plan() -> Study:
    return study_from_dict(
        {
            "baseline": {"network": "2-3-1", "epochs": 30, "optimizer": {"name": "adam", "lr": 0.1}},
            "changes": {"relu": {"set": {"network": {"activation": "relu"}}}, "L1": {"set": {"loss": "l1"}}},
        }
    )


@pytest.fixture(scope="module")
def result(plan: Study) -> StudyResult:
    return trainlab.study(plan, seeds=30, fidelity=10)


@pytest.mark.process
def test_what_is_drawn_is_trained_again_by_the_plain_loop(result: StudyResult) -> None:
    found = result.fidelity
    assert found is not None
    drawn = retraining._draw([item.runs for item in result.cells], 10)
    ours = np.concatenate([runs.solved[seeds.start : seeds.stop] for runs, seeds in drawn])
    there = np.concatenate(
        [ReferenceEngine().train(runs.experiment, seeds)[0].solved for runs, seeds in drawn]
    )
    assert (found.runs, found.cells) == (12, 3)
    assert (found.ours, found.torchs) == (int(ours.sum()), int(there.sum()))
    assert found.alike == int((ours == there).sum())
    assert found.difference == paired_difference(there, ours)
    assert found.short.startswith("Trained again in plain PyTorch: 1")
    assert escape(found.sentence) in study_html(result)
    assert result.to_dict()["fidelity"]["sentence"] == found.sentence


@pytest.mark.process
def test_an_engine_that_trains_otherwise_is_told_of(
    monkeypatch: pytest.MonkeyPatch, result: StudyResult
) -> None:
    def none_solved(experiments: Any, seeds: Any, settings: RunSettings) -> tuple[list[Any], int, float]:
        runs = [
            SimpleNamespace(solved=np.zeros(len(part), dtype=bool), loss=np.ones(len(part))) for part in seeds
        ]
        return runs, 0, 0.0

    monkeypatch.setattr(retraining, "train_stored", none_solved)
    runs = [replace(item.runs, solved=np.ones(30, dtype=bool)) for item in result.cells]
    found = fidelity_of(runs, runs=16, settings=RunSettings())
    assert found.p < 0.001
    assert found.sentence.startswith("The engine doesn't train as PyTorch does: of 16 runs of 4 cells")
    assert found.short.startswith("They differ.")
    few = fidelity_of(runs, runs=5, settings=RunSettings())
    assert "too few to see any difference" not in few.sentence
    assert fidelity_of(runs[:1], runs=5, settings=RunSettings()).visible == pytest.approx(6 / 5)


def test_few_runs_show_nothing_and_say_so() -> None:
    same = np.array([True, False, True, False])
    found = Fidelity(
        runs=4,
        cells=1,
        ours=2,
        torchs=2,
        alike=4,
        difference=paired_difference(same, same),
        p=1.0,
        our_zeros=0,
        torch_zeros=0,
    )
    assert "too few to see any difference" in found.sentence
    more = replace(found, runs=40)
    assert "if they all differed one way, 15 points would have been seen" in more.sentence


@pytest.mark.process
def test_more_seeds_than_a_cell_has_are_not_drawn(result: StudyResult) -> None:
    drawn = retraining._draw([result.cells[0].runs, result.cells[0].runs], 50)
    assert [seeds for _, seeds in drawn] == [range(30)]


@pytest.mark.process
def test_kept_runs_are_not_trained_again(
    plan: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trainlab.study(plan, seeds=8, only=["2-3-1:none"], store=tmp_path, fidelity=2).fidelity
    monkeypatch.setattr(ReferenceEngine, "train", None)
    again = trainlab.study(plan, seeds=8, only=["2-3-1:none"], store=tmp_path, fidelity=2).fidelity
    assert first == again


@pytest.mark.process
def test_of_cells_with_few_seeds_more_are_drawn(result: StudyResult) -> None:
    short = [replace(item.runs, solved=item.runs.solved[:2]) for item in result.cells]
    assert sum(len(seeds) for _, seeds in retraining._draw(short, 8)) == 8


def test_what_cannot_be_compared_is_refused_before_anything_runs(
    plan: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["trainlab.execution.train"], "train_all", None)
    with pytest.raises(EngineError, match="'reference' is the plain PyTorch loop itself"):
        trainlab.study(plan, engine="reference", fidelity=3)
    monkeypatch.setattr(retraining, "has_torch", lambda: False)
    with pytest.raises(EngineError, match="fidelity: needs PyTorch, which isn't installed"):
        trainlab.study(plan, fidelity=3)


@pytest.mark.process
def test_fresh_forgets_the_runs_of_the_plain_loop_too(
    plan: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"seeds": 8, "only": ["2-3-1:none"], "store": tmp_path, "fidelity": 2}
    trainlab.study(plan, **asked)
    monkeypatch.setattr(ReferenceEngine, "train", None)
    with pytest.raises(TypeError, match="not callable"):
        trainlab.study(plan, **asked, fresh=True)
