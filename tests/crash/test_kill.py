"""A study that is killed loses no finished chunk, and ends with the numbers of one that isn't."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash.a_study import EXPERIMENTS, SEEDS
from execution.fake_engine import FakeEngine, assert_same

from trainlab.execution import train_all
from trainlab.store import Store

SCRIPT = Path(__file__).with_name("a_study.py")
CHUNKS = 120


@contextmanager
def study(folder: Path, *, seconds: float, workers: int = 1) -> Generator["subprocess.Popen[str]"]:
    """Start the study in a process group of its own, until its first chunk is begun; end it after."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), str(seconds), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        wait_for(process, "training")
        yield process
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for(process: "subprocess.Popen[str]", what: str) -> None:
    """Read what the study prints, up to the first line that begins so."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        if line.startswith(what):
            return
        seen += line
    raise AssertionError(f"the study ended without {what!r}: {seen}")


def seeds_held(folder: Path) -> int:
    """Check the file, and that what it holds fits together; return the seeds held over all experiments."""
    with sqlite3.connect(f"{folder / 'store.sqlite3'}") as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (rows,) = db.execute("SELECT count(*) FROM runs").fetchone()
    db.close()
    with Store.open(folder, create=False) as store:
        held = sum(row.seeds for row in store.summary())
    assert rows == held
    return held


def assert_ends_as_if_undisturbed(folder: Path) -> None:
    expected = train_all(EXPERIMENTS, SEEDS, engine=FakeEngine(chunk_seeds=50), workers=1)
    with Store.open(folder) as store:
        resumed = train_all(EXPERIMENTS, SEEDS, engine=FakeEngine(chunk_seeds=7), store=store, workers=1)
    for one, other in zip(resumed, expected, strict=True):
        assert_same(one, other)
    assert seeds_held(folder) == len(SEEDS) * len(EXPERIMENTS)


@pytest.mark.parametrize(
    ("victim", "kills"),
    [
        ("driver", 40),
        ("driver of processes", 10),
        ("worker process", 10),
        pytest.param("driver on Ray", 4, marks=pytest.mark.slow),
        pytest.param("worker of Ray", 8, marks=pytest.mark.slow),
        pytest.param("node of Ray", 4, marks=pytest.mark.slow),
    ],
)
def test_killed_again_and_again_at_random_moments(victim: str, kills: int) -> None:
    if "Ray" in victim:
        pytest.importorskip("ray")
    ended = subprocess.run(
        [sys.executable, "-m", "crash.kills", str(kills), victim],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    *_, row = ended.stdout.splitlines()
    assert int(row.removeprefix(victim).split()[0]) >= kills


def test_interrupted_it_stops_at_a_border_and_goes_on(tmp_path: Path) -> None:
    with study(tmp_path, seconds=0.02) as process:
        wait_for(process, "saved 5/")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    *_, message = output.strip().splitlines()
    done = int(message.split()[2])
    assert 5 <= done < CHUNKS
    assert message == (
        f"stopped after {done} of {CHUNKS} chunks (each some seeds of one experiment). "
        "All that was finished is saved: the same command, without --fresh, goes on from there."
    )
    assert seeds_held(tmp_path) == done * 4
    assert_ends_as_if_undisturbed(tmp_path)


def test_interrupted_twice_it_ends_at_once(tmp_path: Path) -> None:
    with study(tmp_path, seconds=600.0) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        assert process.poll() is None
        # More than one, because a busy machine may melt two signals into one.
        for _ in range(10):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
            if process.poll() is not None:
                break
        output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in output
    assert seeds_held(tmp_path) == 0


def is_gone(group: int) -> bool:
    """Whether no process of the group is left, after at most a minute."""
    for _ in range(1200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("how", ["interrupted", "killed"])
def test_worker_processes_end_with_their_study(tmp_path: Path, how: str) -> None:
    with study(tmp_path, seconds=0.02, workers=2) as process:
        wait_for(process, "saved 3/")
        if how == "interrupted":
            # As a terminal does: to every process of the group.
            os.killpg(process.pid, signal.SIGINT)
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 130, output
            assert "Traceback" not in output
            assert output.strip().splitlines()[-1].startswith("stopped after")
        else:
            process.send_signal(signal.SIGKILL)
            assert process.wait(60) == -signal.SIGKILL
        assert is_gone(process.pid)
    assert 0 < seeds_held(tmp_path) < len(SEEDS) * len(EXPERIMENTS)
    assert_ends_as_if_undisturbed(tmp_path)
