"""How a run lost what it had solved is told by a process of its own, within a time, or in a line why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from trainlab.errors import TrainlabError
from trainlab.spec import Experiment, File, any_study_from_toml
from trainlab.web.pages.run_pages import SECONDS, run_within, spike_page

EXPERIMENT = Experiment.from_dict({"network": "2-2-1", "epochs": 4})

RUN = "trainlab.web.pages.run_pages.run_within"


def instead(monkeypatch: pytest.MonkeyPatch, *, page: str = "", code: int = 0, said: str = "") -> list[Any]:
    """Let a made-up process answer; returns what it was asked, and the experiment that it found."""
    asked: list[Any] = []

    def run(seconds: float, command: list[str], *, folder: str) -> tuple[int, str]:
        experiment = any_study_from_toml(Path(folder, "experiment.toml").read_text()).baseline
        asked.extend((command, experiment, seconds))
        if page:
            Path(folder, "spike.html").write_text(page)
        return code, said

    monkeypatch.setattr(RUN, run)
    return asked


def test_the_command_line_makes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = instead(monkeypatch, page="<p>the page</p>")
    assert spike_page(EXPERIMENT, 7) == "<p>the page</p>"
    command, experiment, seconds = asked
    assert command[1:] == [
        *("-P", "-m", "trainlab", "run", "experiment.toml", "--spike", "--seed", "7"),
        *("--html", "spike.html", "--workers", "1"),
    ]
    assert (experiment, seconds) == (EXPERIMENT, SECONDS)


def test_a_data_file_is_found_from_the_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    task = {"name": "file", "path": "a.csv"}
    before = Experiment.from_dict({"network": "2-2-1", "task": task})
    asked = instead(monkeypatch, page="<p></p>")
    spike_page(Experiment.from_dict({**before.to_dict(), "after": before.to_dict()}), 0)
    found = asked[1]
    for each in (found, found.after):
        assert isinstance(each.task, File)
        assert each.task.path == os.path.join(tmp_path, "a.csv")


def test_what_the_command_line_refuses_is_told_in_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, code=2, said="a warning\ntrainlab: spike: replays the run by a loop in PyTorch\n")
    with pytest.raises(TrainlabError, match=r"^trainlab: spike: replays the run by a loop in PyTorch$"):
        spike_page(EXPERIMENT, 0)


def test_what_takes_too_long_is_left_to_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(seconds: float, command: list[str], *, folder: str) -> tuple[int, str]:
        return run_within(0.2, [sys.executable, "-c", "import time; time.sleep(60)"], folder=folder)

    monkeypatch.setattr(RUN, run)
    with pytest.raises(TrainlabError) as caught:
        spike_page(EXPERIMENT, 3)
    assert str(caught.value) == (
        "That takes more than 60 seconds. Save the experiment as experiment.toml, and run: trainlab run "
        "experiment.toml --spike --seed 3 --html spike.html"
    )
