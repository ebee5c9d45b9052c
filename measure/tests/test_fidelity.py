"""What the comparison of engines keeps and tells: rates cell by cell, runs of the plain loop."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.stats import binomtest

from measure import fidelity, plain_runs
from measure.fidelity import Pair, cells_asked, compared, show
from trainlab.errors import TrainlabError
from trainlab.spec import Cell, load_study

# The comparison of engines tells what it is shown.


def runs(solved: list[int], zeros: int) -> Any:
    loss = np.where(np.arange(len(solved)) < zeros, 0.0, 0.1)
    return SimpleNamespace(solved=np.array(solved, dtype=bool), loss=loss)


def test_a_difference_on_the_same_seeds_is_seen_and_none_where_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    apart = Pair(name="apart", fast=runs([0] * 12 + [1] * 8, 0), other=runs([1] * 20, 5))
    alike = Pair(name="alike", fast=runs([1, 0] * 10, 4), other=runs([0, 1] * 10, 4))
    assert apart.p == pytest.approx(binomtest(12, 12).pvalue)
    assert alike.p == 1.0
    show([apart, alike], engine="torch")
    out = capsys.readouterr().out
    assert "Cells that differ (McNemar, Holm, 5 %): 1 of 2" in out
    assert "The largest difference: apart, −60.0 points" in out
    assert "At a loss of exactly 0: fast 4 of 40" in out
    assert "torch: 9 of 40" in out


def test_the_plain_loop_is_asked_for_the_longest_cells_with_adam() -> None:
    asked = cells_asked("reference")
    assert len(asked) == 20
    assert all({"A", "D"} <= set(cell.changes) for cell in asked)
    assert len(cells_asked("torch")) == 96 + 8


ABOUT = {"processor": "P", "date": "2026-11-28", "versions": {"torch": "2.13.0", "numba": "0.68"}}


def test_the_page_says_which_cells_differ(tmp_path: Path) -> None:
    path = tmp_path / "fidelity.json"
    apart = Pair(name="apart", fast=runs([0] * 12 + [1] * 8, 0), other=runs([1] * 20, 5))
    alike = Pair(name="alike", fast=runs([1, 0] * 10, 4), other=runs([0, 1] * 10, 4))
    fidelity.write("torch", compared([apart, alike], engine="torch", about=ABOUT), path)
    fidelity.write("reference", compared([alike], engine="reference", about=ABOUT), path)
    text = fidelity.page(json.loads(path.read_text(encoding="utf-8")))
    assert "**apart: one solves more runs than the other.** In all, the fast engine solves" in text
    assert "**In none of 1 cell is a difference shown.**" in text
    assert "| apart | 8 of 20 | 20 | −60.0 points" in text
    assert text.index("on stacks of networks") < text.index("A plain PyTorch loop")


def test_what_no_cell_shows_alone_and_all_do_together_is_told(tmp_path: Path) -> None:
    path = tmp_path / "fidelity.json"
    slightly = [
        Pair(name=name, fast=runs([1] * 10, 0), other=runs([0] * 3 + [1] * 7, 0)) for name in "abcdef"
    ]
    fidelity.write("torch", compared(slightly, engine="torch", about=ABOUT), path)
    text = fidelity.page(json.loads(path.read_text(encoding="utf-8")))
    assert "**In none of 6 cells is a difference shown.**" in text
    assert "All cells together differ by +30.0 points" in text
    assert f"p = {binomtest(18, 18).pvalue:.2g} by McNemar's test, for this number of seeds alone." in text


# Runs of the plain loop are kept seed by seed, and believed only while they come out the same.


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
    with pytest.raises(TrainlabError, match=r"runs\.json has no run of some cell; scripts/measure"):
        plain_runs.read(cells, tmp_path / "runs.json")
