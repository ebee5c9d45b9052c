"""Runs of the plain loop are kept seed by seed, and believed only while they come out the same."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from benchmarks import plain_runs
from trainlab.errors import TrainlabError
from trainlab.spec import Cell, load_study


@pytest.fixture
def cells() -> list[Cell]:
    short = [cell for cell in load_study("xor44").cells() if cell.name in ("Model 1:none", "Model 2:A")]
    return [
        msgspec.structs.replace(cell, experiment=msgspec.structs.replace(cell.experiment, epochs=2))
        for cell in short
    ]


def test_runs_go_on_where_they_stopped_and_end_as_by_themselves(cells: list[Cell], tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    assert plain_runs.train(cells, seeds=1, path=path) == 2
    first = path.read_text(encoding="utf-8")
    assert plain_runs.train(cells, seeds=3, path=path) == 4
    assert plain_runs.train(cells, seeds=3, path=path) == 0
    kept = plain_runs.read(cells, path)
    assert json.loads(first)[cells[1].name][0] == [
        int(kept[cells[1].name].solved[0]),
        kept[cells[1].name].loss[0],
    ]
    for cell in cells:
        alone = [plain_runs.ended(cell.experiment, seed) for seed in range(3)]
        assert kept[cell.name].loss.tolist() == [loss for _, loss in alone]
        assert kept[cell.name].solved.tolist() == [solved for solved, _ in alone]


def test_runs_that_come_out_otherwise_today_are_forgotten(cells: list[Cell], tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(json.dumps({cell.name: [[1, 0.125]] * 5 for cell in cells}), encoding="utf-8")
    assert plain_runs.train(cells, seeds=1, path=path) == 2
    assert [len(ends.loss) for ends in plain_runs.read(cells, path).values()] == [1, 1]


def test_a_cell_without_runs_is_told(cells: list[Cell], tmp_path: Path) -> None:
    with pytest.raises(TrainlabError, match=r"runs\.json has no run of some cell; python -m benchmarks"):
        plain_runs.read(cells, tmp_path / "runs.json")
