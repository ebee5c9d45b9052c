"""The whole command, killed or interrupted in mid-study: the same command goes on to the same JSON."""

import contextlib
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from cli.calling import call_apart, command, environment, without_time

# The assignment's study, smaller: 16 cells.
STUDY = """\
title = "Sixteen cells"
seeds = 300
[baseline]
loss = "l1"
epochs = 2000
[baseline.network]
activation = "tanh"
[baseline.init]
weight = { name = "normal", mean = 0.0, std = 1.0 }
[baseline.optimizer]
name = "sgd"
lr = 0.02
momentum = 0.9
[baseline.sampling]
name = "single"
steps_per_epoch = 4
[baseline.record]
loss_every = 50
gradient_every = 100
[networks]
"Model 1" = "2-5-4-1"
"Model 3" = "2-2-2-2-2-2-2-2-1"
[changes.A]
set.optimizer = { name = "adam", lr = 0.02 }
[changes.B]
set.loss = "mse"
[changes.C]
set.network.activation = "sigmoid"
"""
ARGUMENTS = ("study", "study.toml", "--json", "out.json", "--workers", "1")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("undisturbed")
    return finish(folder)


def finish(folder: Path) -> str:
    """Run the command to its end; return its JSON without times."""
    (folder / "study.toml").write_text(STUDY)
    ended = call_apart(*ARGUMENTS, folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    return without_time((folder / "out.json").read_text())


def saved(folder: Path) -> int:
    """The number of chunks in the store, 0 if there is no store yet."""
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"file:{folder}/.trainlab/store.sqlite3?mode=ro", uri=True)) as db,
    ):
        return db.execute("SELECT count(*) FROM chunks").fetchone()[0]
    return 0


def stop(folder: Path, number: signal.Signals, *, after: int) -> "subprocess.CompletedProcess[str]":
    """Start the command and send it a signal when so many chunks are saved."""
    (folder / "study.toml").write_text(STUDY)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(*ARGUMENTS), cwd=folder, env=environment(), text=True, **pipes) as process:
        end = time.monotonic() + 300
        while saved(folder) < after and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_killed_twice(folder: Path, undisturbed: str) -> None:
    assert stop(folder, signal.SIGKILL, after=2).returncode == -signal.SIGKILL
    first = saved(folder)
    assert stop(folder, signal.SIGKILL, after=9).returncode == -signal.SIGKILL
    assert 2 <= first < 9 <= saved(folder) < 16
    assert not (folder / "out.json").exists()
    assert finish(folder) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(folder: Path, undisturbed: str, number: signal.Signals) -> None:
    ended = stop(folder, number, after=4)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("trainlab: stopped after ")
    assert "the same command, without --fresh, goes on from there" in ended.stderr
    assert 4 <= saved(folder) < 16
    assert finish(folder) == undisturbed
