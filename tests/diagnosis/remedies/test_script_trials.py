"""Runs in processes of their own: what comes back, what is ended, what is done again."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from crash.kills import is_alive

from trainlab.diagnosis import Plan
from trainlab.diagnosis.remedies import script_trials
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.script_trials import ScriptTrials
from trainlab.diagnosis.remedies.trial import Job, Run

pytestmark = pytest.mark.usefixtures("forking")
TRAIN = """
import os, sys, time
import torch
from torch import nn

assert sys.stdin.read() == ""
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(20):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(torch.randn(8, 3)), torch.randn(8, 1)).backward()
    optimizer.step()
"""
LR = Remedy(words="the learning rate × 0.1", changes=({"change": "lr", "times": 0.1},))


def runs(
    folder: Path, code: str, jobs: list[Job], *, seconds: float = 20, within: float = 120, lanes: int = 2
) -> list[tuple[Job, Run]]:
    script = folder / "train.py"
    script.write_text(code, encoding="utf-8")
    runner = ScriptTrials(Plan(script=str(script)), seconds=seconds)
    runner.lanes = lanes
    return list(runner.run(jobs, deadline=time.monotonic() + within))


def test_runs_of_one_seed_are_one_but_for_the_remedy(tmp_path: Path):
    jobs = [Job(1), Job(1), Job(2), Job(1, LR)]
    made = dict(runs(tmp_path, TRAIN, jobs, lanes=1))
    unchanged, again, other_seed, changed = (made[job].outcome for job in jobs)
    assert unchanged is not None
    assert changed is not None
    assert unchanged == again != other_seed
    assert changed.first_loss == unchanged.first_loss
    assert changed.last_loss != unchanged.last_loss
    assert [made[job].acted for job in jobs] == [0, 0, 0, 20]
    assert all(run.error == "" and run.seconds > 0 for run in made.values())


def test_a_failing_script_and_one_that_ends_without_a_word(tmp_path: Path):
    begun = tmp_path / "begun"
    quits = f"import ctypes, os\nif os.path.exists({str(begun)!r}):\n    ctypes.CDLL(None)._exit(3)\n"
    code = f"{quits}open({str(begun)!r}, 'w').close()\n{TRAIN}raise ValueError('no more')"
    (_, first), (_, second) = runs(tmp_path, code, [Job(1), Job(2)], lanes=1)
    assert first.error == "ValueError: no more"
    assert first.outcome is not None
    assert second.outcome is None
    assert second.error == "the process ended without a report"


def test_what_is_at_work_at_the_deadline_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    begun = tmp_path / "pid"

    class Deadline(threading.Timer):
        """Comes once the script is at work."""

        def run(self) -> None:
            assert self.interval <= 60
            while not (begun.exists() and begun.read_text()):
                time.sleep(0.05)
            self.function()

    monkeypatch.setattr(script_trials, "threading", SimpleNamespace(Timer=Deadline, Event=threading.Event))
    code = f"import os, time\nopen({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(999)"
    started = time.monotonic()
    assert runs(tmp_path, code, [Job(1), Job(2)], within=60, lanes=1) == []
    assert time.monotonic() - started < 200
    until = time.monotonic() + 60
    while is_alive(int(begun.read_text())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(int(begun.read_text()))


def test_a_run_that_takes_far_longer_than_the_first_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trainlab.diagnosis.remedies.script_trials.SLACK", 5.0)
    ((_, run),) = runs(tmp_path, "import time\ntime.sleep(999)", [Job(1)], seconds=0.1)
    assert run.outcome is None
    assert run.error == "not done after 5 s"


def test_runs_that_do_not_fit_on_the_device_together_go_one_after_the_other(tmp_path: Path):
    lock = tmp_path / "lock"
    code = f"""
import os, time
try:
    os.close(os.open({str(lock)!r}, os.O_CREAT | os.O_EXCL))
except FileExistsError:
    raise RuntimeError("CUDA out of memory.")
{TRAIN}
time.sleep(8)
os.remove({str(lock)!r})
"""
    made = runs(tmp_path, code, [Job(1), Job(2)])
    assert [run.error for _, run in made] == ["", ""]
