"""``trainlab study --on ray``, the whole command: the same JSON, a quiet terminal, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import pytest
from cli.calling import TINY, Caller, assert_refused, command, environment, without_time
from crash.signals import MARK, marked_processes
from execution.ray_starts import patiently, was_late

from trainlab.cli import main
from trainlab.execution.ray_tasks import ClusterWarning

PATIENCE = 120
"""Seconds for a command that starts Ray on a busy machine."""


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A mark that all processes started by a test have; the file `tiny.toml` is in its folder."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    mark = f"{tmp_path.name}-{os.getpid()}"
    monkeypatch.setenv(MARK, mark)
    (tmp_path / "tiny.toml").write_text(TINY)
    return mark


def left(mark: str, *, within: float) -> list[int]:
    """The processes with the mark but this one, that are still there after so many seconds."""
    end = time.monotonic() + within
    while (
        there := [each for each in marked_processes(mark) if each != os.getpid()]
    ) and time.monotonic() < end:
        time.sleep(0.05)
    return there


@pytest.mark.process
def test_the_same_json_and_nothing_else(tmp_path: Path, marked: str) -> None:
    for on, more in (("here", ()), ("ray", ("--on", "ray"))):
        words = ("study", "tiny.toml", "--store", f"{on}-store", "--json", f"{on}.json", *more)
        ended = patiently(partial(_carried_out, tmp_path, *words))
        # On a busy machine Ray starts for longer than a minute, and then each has its line.
        said = [line for line in ended.stderr.splitlines() if not line.startswith("trainlab: training, ")]
        assert (ended.returncode, said) == (0, [])
    here, ray = ((tmp_path / f"{on}.json").read_text() for on in ("here", "ray"))
    assert without_time(here) == without_time(ray)
    assert "; Ray on 1 node with " in ray
    assert left(marked, within=60) == []


def _carried_out(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Carry out a command; raise what Ray says if its processes weren't there in time."""
    options = {"cwd": folder, "env": environment(), "capture_output": True, "text": True}
    ended = subprocess.run(command(*words), timeout=PATIENCE, **options)
    if ended.returncode and was_late(ended.stderr):
        raise TimeoutError(ended.stderr)
    return ended


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_whoever_ends_it_nothing_is_left_running(tmp_path: Path, marked: str, number: signal.Signals) -> None:
    (tmp_path / "tiny.toml").write_text(
        TINY.replace("epochs = 20", "epochs = 20000").replace("seeds = 5", "seeds = 90000")
    )
    with patiently(partial(_begun, tmp_path, marked)) as started:
        started.send_signal(number)
        _, told = started.communicate(timeout=PATIENCE)
    if number == signal.SIGTERM:
        assert started.returncode == 130, told
        assert told.startswith("trainlab: stopped after ")
        assert len(told.splitlines()) == 1
    # Three seconds, on a machine that does nothing else.
    assert left(marked, within=60) == []


def _begun(folder: Path, mark: str) -> "subprocess.Popen[str]":
    """Start a study on Ray and return once it trains; raise what Ray says if it wasn't there in time."""
    words = ("study", "tiny.toml", "--on", "ray", "--store", "s")
    options = {"cwd": folder, "env": environment(), "stderr": subprocess.PIPE, "text": True}
    started = subprocess.Popen(command(*words), **options)
    end = time.monotonic() + PATIENCE
    try:
        while not _training(mark):
            if started.poll() is not None or time.monotonic() > end:
                started.kill()
                raise TimeoutError(started.communicate()[1])
            time.sleep(0.2)
    except BaseException:
        started.kill()
        raise
    return started


def _training(mark: str) -> bool:
    """Whether a worker of Ray carries out a task: then it is called by the task's name."""
    for each in marked_processes(mark):
        try:
            if b"ray::train_task" in Path(f"/proc/{each}/cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


def test_wrong_places_are_refused_in_a_line(
    tmp_path: Path, trainlab: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(TINY)
    before = "ray" in sys.modules
    assert_refused(trainlab("study", "tiny.toml", "--on", "cloud"), "'cloud'", "'ray:HOST:PORT'")
    assert_refused(trainlab("run", "tiny.toml", "--on", "ray:head"), "with a port from 1 to 65535")
    assert_refused(
        trainlab("study", "tiny.toml", "--on", "ray:127.0.0.1:9"), "no Ray answers there", "ray start"
    )
    assert ("ray" in sys.modules) == before


def test_what_differs_on_a_node_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show = main._warning(warnings.showwarning)
    show(ClusterWarning("node 10.0.0.7 has another processor"), ClusterWarning, "ray_tasks.py", 253)
    assert capsys.readouterr().err == "trainlab: node 10.0.0.7 has another processor\n"
