"""A run that never ends is ended, and a command that is stopped early leaves nothing half done."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from crash.kills import is_alive
from diagnosis.lift.made import PLAIN
from diagnosis.seeds.made import run

from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.process_pool import ProcessPool
from trainlab.diagnosis.seeds.populate import limit_of, populate, seed_run
from trainlab.diagnosis.seeds.question import Question
from trainlab.errors import DiagnosisError

REDRAWN = PLAIN.replace("optimizer =", "x = x + 0.1 * torch.randn(12, 2)\noptimizer =", 1)


@pytest.mark.usefixtures("forking")
def test_a_run_with_another_seed_that_never_ends_is_a_failure_by_name(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import time, torch\nwhile True:\n    time.sleep(0.01)\n", encoding="utf-8")
    plans = [Plan(script=str(script), seed=seed) for seed in (1, 2)]
    ran = list(ProcessPool(workers=2, limit=2.0).carry_out(plans, Event()))
    runs = [seed_run(one, "") for one in ran]
    assert [one.fault for one in runs] == ["time limit"] * 2
    assert all(one.failed and "the limit of 2 s" in one.message for one in runs)


def test_a_run_ends_with_the_server_that_has_forked_it(tmp_path: Path) -> None:
    script, told = tmp_path / "train.py", tmp_path / "pid"
    text = f"""
import os, time
open({str(told)!r}, "w").write(f"{{os.getpid()}} {{os.getppid()}}.")
time.sleep(600)
"""
    script.write_text(text, encoding="utf-8")

    def numbers() -> list[int]:
        return [int(word) for word in told.read_text(encoding="ascii").rstrip(".").split()]

    def kill_the_server() -> None:
        while not (told.exists() and told.read_text().endswith(".")):
            time.sleep(0.05)
        os.kill(numbers()[1], signal.SIGKILL)

    threading.Thread(target=kill_the_server, daemon=True).start()
    (ran,) = ProcessPool(workers=1).carry_out([Plan(script=str(script), seed=1)], Event())
    assert ran.report is None
    assert "SIGKILL" in ran.ending
    until = time.monotonic() + 60
    while is_alive(numbers()[0]) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(numbers()[0])


@pytest.mark.parametrize(("own", "limit"), [(3.0, 120.0), (40.0, 400.0)])
def test_the_limit_goes_by_the_scripts_own_run(own: float, limit: float) -> None:
    assert limit_of(run(None, seconds=own)) == limit


@pytest.mark.usefixtures("forking")
def test_stopped_before_it_is_known_whether_it_lifts_there_is_a_report_and_no_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Event()
    attempt = sys.modules["trainlab.diagnosis.seeds.populate"]._Attempt
    monkeypatch.setattr(attempt, "_run_pilots", lambda *_: stop.set())
    found = populate(_question(tmp_path, PLAIN), stop=stop, on_progress=lambda *_: None)
    assert found is not None
    assert (found.interrupted, found.way.name, found.runs) == (True, "rerun", ())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.py"]


@pytest.mark.usefixtures("forking")
def test_the_data_of_an_experiment_are_written_with_it_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(DiagnosisError, match="the training can't be lifted"):
        populate(_question(tmp_path, REDRAWN), stop=Event(), on_progress=lambda *_: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.py"]
    populate(_question(tmp_path, PLAIN), stop=Event(), on_progress=lambda *_: None)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".npz", ".py", ".toml"]


def _question(folder: Path, text: str, **options: Any) -> Question:
    (folder / "train.py").write_text(text, encoding="utf-8")
    experiment = str(folder / "it.toml")
    return Question(script=str(folder / "train.py"), count=3, workers=1, as_experiment=experiment, **options)
