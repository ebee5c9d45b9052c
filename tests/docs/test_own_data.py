"""docs/own_data.md: the fields that it shows are those of a file, and its error is the one that comes."""

import re
from pathlib import Path

import pytest
from docs.pages import ROOT

from trainlab import load_study
from trainlab.errors import TrainlabError
from trainlab.spec import File, Points


def blocks(language: str) -> list[str]:
    text = (ROOT / "docs" / "own_data.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_task_on_the_page_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("patients.csv").write_text("ill,id,ward,age,income\nyes,1,A,50,2.5\nno,2,B,40,1.5\n")
    table, _ = blocks("toml")
    Path("first.toml").write_text(f'[baseline]\nnetwork = "2-8-1"\n{table}')
    task = load_study("first.toml").baseline.task
    assert isinstance(task, File)
    for field in File.__struct_fields__:
        assert field == "targets" or f"\n{field} = " in table
    assert load_study("first.toml").baseline.data().feature_names == ("age", "income")


def test_the_points_on_the_page_can_be_read_and_one_moved(tmp_path: Path) -> None:
    _, table = blocks("toml")
    change = "[changes.moved]\nset.task.inputs.4.0 = 2\n"
    (tmp_path / "first.toml").write_text(f'[baseline]\nnetwork = "2-8-1"\n{table}{change}')
    study = load_study(tmp_path / "first.toml")
    task = study.baseline.task
    assert isinstance(task, Points)
    for field in Points.__struct_fields__:
        assert f"\n{field} = " in table
    assert task.inputs[4] == (0.5, 0.5)
    assert study.experiment("2-8-1", ["moved"]).data().inputs[4].tolist() == [2, 0.5]


def test_the_error_on_the_page_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prices.csv").write_text("size;price\n81,5;300\n90,0;350\n")
    task = '{ name = "file", path = "prices.csv" }'
    Path("first.toml").write_text(f'[baseline]\nnetwork = "1-8-1"\ntask = {task}\n')
    with pytest.raises(TrainlabError) as caught:
        load_study("first.toml")
    (told,) = blocks("text")
    assert f"trainlab: {caught.value}" == " ".join(told.split())
