"""A study's cells trained again in float64 and by another engine, and what its verdicts make of it."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from studies.made_up import cells_of, flags, runs_of, study_of

import trainlab
from trainlab.draw.svg import escape
from trainlab.engine import get_engine
from trainlab.engine.fast import FastEngine
from trainlab.engine.torch import TorchEngine
from trainlab.errors import EngineError, SpecError, lacking
from trainlab.execution import RunSettings
from trainlab.report import print_study, study_html
from trainlab.spec import Study, study_from_dict
from trainlab.studies import StudyResult, retraining
from trainlab.studies.retraining import Retrained, check_retrainable, compare_cells

MADE_UP = study_of("A", ask=())


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
    # By the torch engine, so that no kernel for float64 has to be compiled.
    return trainlab.study(plan, engine="torch", seeds=40, sides=30)


@pytest.mark.process
def test_all_runs_are_trained_in_float64_and_some_by_the_other_engine(result: StudyResult) -> None:
    double, other = result.retrained
    assert (double.words, double.engine, double.runs) == ("in float64", "torch-float64", 40)
    assert (other.words, other.engine, other.runs) == ("by the fast engine (30 seeds)", "fast", 30)
    experiments = [item.cell.experiment for item in result.cells]
    for each, engine, count in ((double, TorchEngine(dtype="float64"), 40), (other, FastEngine(), 30)):
        trained = [engine.train(experiment, range(count))[0].solved.mean() for experiment in experiments]
        ours = [item.runs.solved[:count].mean() for item in result.cells]
        differences = np.subtract(trained, ours)
        assert each.cells == 4
        assert each.largest == pytest.approx(differences[np.argmax(np.abs(differences))])
    words = {side.words for verdict in result.verdicts for side in verdict.sides}
    assert {"in float64", "by the fast engine (30 seeds)"} <= words


@pytest.mark.process
def test_page_json_and_terminal_tell_of_it(result: StudyResult) -> None:
    page = study_html(result)
    assert all(escape(each.sentence) in page for each in result.retrained)
    assert result.to_dict()["retrained"] == [each.to_dict() for each in result.retrained]
    for details, words in (
        (False, "also in float64 and by the fast engine (30 seeds)"),
        (True, "Of 4 cells"),
    ):
        out = io.StringIO()
        print_study(result, console=Console(file=out, width=80), details=details)
        assert words in " ".join(out.getvalue().split())


@pytest.mark.process
@pytest.mark.parametrize(("differing", "verdicts", "told"), [(0, True, 0), (1, True, 1), (0, False, 2)])
def test_cells_that_differ_are_told_in_the_answer_too(
    result: StudyResult, differing: int, verdicts: bool, told: int
) -> None:
    first = replace(result.retrained[0], differing=differing)
    given = replace(
        result,
        retrained=(first, *result.retrained[1:]),
        verdicts=result.verdicts if verdicts else (),
    )
    out = io.StringIO()
    print_study(given, console=Console(file=out, width=80))
    assert out.getvalue().count("Of 4 cells trained again") == told
    assert ("Asked from every side" in out.getvalue()) == verdicts


@pytest.mark.process
def test_kept_runs_are_not_trained_again(
    plan: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"engine": "torch", "seeds": 8, "only": ["2-3-1:none"], "store": tmp_path}
    monkeypatch.setattr(retraining, "other_engine", lambda *asked: "torch")
    first = trainlab.study(plan, **asked, sides=4).retrained
    monkeypatch.setattr(TorchEngine, "train", None)
    assert trainlab.study(plan, **asked, sides=4).retrained == first


def test_cells_that_are_solved_otherwise_are_counted() -> None:
    few = {(): 10, ("A",): 90}
    cells = cells_of(
        MADE_UP, lambda cell: runs_of(cell.experiment, flags((few[cell.changes], True), (100, False))[:100])
    )
    again = cells_of(MADE_UP, lambda cell: runs_of(cell.experiment, flags((10, True), (10, False))))
    found = compare_cells(cells, again, words="by PyTorch (20 seeds)", engine="torch")
    # Of the first 20 seeds 10 are solved here in one cell and all in the other; there 10 in both.
    assert (found.runs, found.cells, found.differing) == (20, 2, 1)
    assert (found.largest, found.where) == (-0.5, "Net 1:A")
    assert "in 1 is it shown that runs are solved more or less often than here" in found.sentence
    assert "; the largest difference is −50.0 points, of Net 1:A." in found.sentence
    same = compare_cells(cells, cells, words="in float64", engine="fast-float64")
    assert (same.differing, same.largest) == (0, 0.0)
    assert same.sentence.startswith(
        "Of 2 cells trained again in float64, in none is it shown that runs are solved"
    )
    assert "largest" not in same.sentence


@pytest.mark.parametrize(("cells", "runs", "most"), [(1, 6, 6), (2, 7, 7), (96, 200, 12)])
def test_what_would_have_been_seen_is_what_the_test_shows(cells: int, runs: int, most: int) -> None:
    found = Retrained(words="", engine="", cells=cells, runs=runs, differing=0, largest=0.0, where="")
    assert found.visible == most / runs
    # So many pairs that differ one way pass Holm's first step, and one fewer doesn't.
    assert cells * 2 * 0.5**most < 0.05 <= cells * 2 * 0.5 ** (most - 1)
    assert "too few seeds to see any" in replace(found, runs=most - 1).sentence
    assert f"{100 * most / runs:.1f} points of one cell would have been seen" in found.sentence


def test_a_cell_trained_otherwise_turns_a_verdict_round(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = study_of("A", ask=(), networks=("2-3-1",))
    numbers = {"fast": 90, "fast-float64": 90, "torch": 0}

    def made(experiments: Any, seeds: Any, *, engine: Any, **options: Any) -> list[Any]:
        name = "fast" if isinstance(engine, str) else engine.name
        counts = [10, numbers[name]]
        ranges = [seeds] * 2 if isinstance(seeds, range) else seeds
        return [
            runs_of(each, flags((count, True), (100, False))[: len(part)])
            for each, count, part in zip(experiments, counts, ranges, strict=True)
        ]

    monkeypatch.setattr(sys.modules["trainlab.execution.train"], "train_all", made)
    monkeypatch.setattr(retraining, "train_all", made)
    first = trainlab.study(plan, seeds=100)
    found = trainlab.study(plan, seeds=100, sides=50)
    change = {each.topic: each for each in found.verdicts}["change"]
    assert {each.topic: each.outcome for each in first.verdicts}["change"] == "upheld"
    assert change.outcome == "mixed"
    assert change.sentence.endswith("upheld as asked, refuted by PyTorch (50 seeds).")
    assert {"in float64": "upheld", "by PyTorch (50 seeds)": "refuted"}.items() <= {
        side.words: side.outcome for side in change.sides
    }.items()


def test_every_engine_comes_in_float64() -> None:
    names = [get_engine(name, dtype="float64").name for name in ("fast", "torch", "torch-cuda", "reference")]
    assert names == ["fast-float64", "torch-float64", "torch-cuda-float64", "reference-float64"]


def test_what_cannot_be_trained_again_is_refused_before_anything_runs(
    plan: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["trainlab.execution.train"], "train_all", None)
    with pytest.raises(SpecError, match="sides"):
        trainlab.study(plan, sides=-1)
    monkeypatch.setattr(retraining, "other_engine", lambda *asked: None)
    with pytest.raises(EngineError, match="sides: trains again by another engine, but only one can"):
        check_retrainable("auto", [plan.baseline])
    monkeypatch.setattr(retraining, "has_torch", lambda: False)
    with pytest.raises(EngineError) as caught:
        trainlab.study(plan, sides=3)
    assert str(caught.value) == lacking("sides", "PyTorch", extra="torch")


@pytest.mark.process
def test_fresh_forgets_what_was_trained_again_too(
    plan: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    asked: dict[str, Any] = {"engine": "torch", "seeds": 8, "only": ["2-3-1:none"], "store": tmp_path}
    monkeypatch.setattr(retraining, "other_engine", lambda *asked: "torch")

    def note(experiments: Any, seeds: Any, settings: RunSettings, *, engine: Any) -> None:
        forgotten.extend([engine.name] if settings.fresh else [])
        assert len(experiments) == len(seeds) == 1

    monkeypatch.setattr(retraining, "start_afresh", note)
    trainlab.study(plan, **asked, sides=4)
    assert forgotten == []
    trainlab.study(plan, **asked, sides=4, fresh=True)
    assert forgotten == ["torch-float64", "torch"]
