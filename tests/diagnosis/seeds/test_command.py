"""`trainlab seeds` on real scripts, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import forked
import pytest
from crash.signals import HEARING
from diagnosis.seeds.made import SCRIPT

import trainlab
from trainlab.errors import DiagnosisError

COMMAND = [sys.executable, "-m", "trainlab.cli.main", "seeds"]


def seeds(*words: str, folder: Path, text: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    """Ask of a script, with one worker: each has to be started first, for longer than these train."""
    (folder / "train.py").write_text(text, encoding="utf-8")
    return forked.run([*COMMAND, "train.py", "--workers", "1", *words], cwd=folder)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with the script, and a population of it, of which the runs are kept."""
    folder = tmp_path_factory.mktemp("seeds")
    done = seeds(
        "--rerun", "--seeds", "6", "--metric", "mse", "--save", "runs.jsonl", "--json", "-", folder=folder
    )
    assert done.returncode == 0, done.stderr
    return folder, told(done)


def test_outcomes_differ_by_seed_and_an_exception_is_an_outcome(kept: tuple[Path, dict[str, Any]]):
    _, data = kept
    assert data["way"] == {"name": "rerun", "why": "asked for", "checks": None}
    assert [run["seed"] for run in data["runs"]] == [1, 2, 3, 4, 5, 6]
    assert data["yours"]["seed"] is None
    values = [run["value"] for run in [data["yours"], *data["runs"]]]
    assert len(set(values)) == 7
    failed = [run for run in data["runs"] if run["failed"]]
    assert failed
    assert len(failed) < 6
    assert {run["message"] for run in failed} == {"ValueError: bad luck"}
    (error,) = [cause for cause in data["failures"]["causes"] if cause["kind"] == "error"]
    assert error["name"] == "ValueError"
    assert error["seeds"] == [run["seed"] for run in failed]


def test_the_file_is_gone_on_from(kept: tuple[Path, dict[str, Any]]):
    folder, before = kept
    options = ("--rerun", "--seeds", "7", "--metric", "mse", "--save", "runs.jsonl", "--json", "-")
    after = told(seeds(*options, folder=folder))
    assert after["runs"][:6] == before["runs"]
    assert after["yours"] | {"standing": 0} == before["yours"] | {"standing": 0}
    assert len((folder / "runs.jsonl").read_text(encoding="utf-8").splitlines()) == 1 + 8


def test_one_seed_is_diagnosed_and_is_the_run_of_the_population(kept: tuple[Path, dict[str, Any]]):
    folder, data = kept
    run = next(run for run in data["runs"] if run["failed"])
    done = seeds("--seed", str(run["seed"]), "--json", "-", folder=folder)
    assert done.returncode == 3
    report = told(done)
    assert report["ended"]["message"] == "ValueError: bad luck"
    assert report["outcome"]["last_loss"] == run["last_loss"]


def test_a_seed_that_changes_nothing_is_found_early(tmp_path: Path):
    fixed = SCRIPT.replace(
        "start =",
        "generator = torch.Generator().manual_seed(1)\nfor p in model.parameters():\n"
        "    nn.init.normal_(p, generator=generator)\nstart =",
    ).replace("start > 0", "False")
    data = told(seeds("--seeds", "30", "--rerun", "--json", "-", folder=tmp_path, text=fixed))
    assert data["seeds"]["finished"] < 10
    assert "The seed changes nothing" in data["notes"][0]


def test_a_script_that_is_broken_is_run_thrice(tmp_path: Path):
    done = seeds("--seeds", "50", "--json", "-", folder=tmp_path, text="import torch\nraise KeyError('x')\n")
    assert done.returncode == 3
    data = told(done)
    assert data["seeds"]["finished"] <= 3
    assert data["notes"][0].endswith("KeyError: 'x'")


def test_data_drawn_after_the_network_are_told_of(tmp_path: Path):
    text = SCRIPT.replace("loss = nn", "x = torch.randn(32, 1)\n    y = x**2\n    loss = nn")
    data = told(seeds("--seeds", "3", "--rerun", "--json", "-", folder=tmp_path, text=text))
    assert any("differ from seed to seed " in note for note in data["notes"])


def test_without_modules_the_seeds_are_changed_from_the_start(tmp_path: Path):
    text = """
import torch
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
x = torch.randn(20, 3)
for step in range(3):
    loss = ((x @ w - 1) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
error = loss.item()
raise SystemExit(0)
"""
    data = told(seeds("--seeds", "2", "--metric", "error", "--json", "-", folder=tmp_path, text=text))
    assert len({run["value"] for run in [data["yours"], *data["runs"]]}) == 3
    assert any("makes no module" in note for note in data["notes"])


def test_ctrl_c_reports_what_is_finished_and_keeps_it(tmp_path: Path):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    options = ["train.py", "--seeds", "100000", "--rerun", "--save", "runs.jsonl", "--json", "-"]
    process = subprocess.Popen(
        [*HEARING, *COMMAND, *options],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = tmp_path / "runs.jsonl"
        deadline = time.monotonic() + 200
        while not (lines.exists() and lines.read_bytes().count(b"\n") > 3) and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    data = json.loads(out)
    assert data["seeds"]["interrupted"] is True
    assert len(data["runs"]) == lines.read_bytes().count(b"\n") - 2
    assert not _nurseries_in(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_after_a_few_it_gives_no_answer_and_loses_nothing(tmp_path: Path, number: signal.Signals):
    slow = f"import time\nprint('begun', file=open('begun', 'a'), flush=True)\n{SCRIPT}\ntime.sleep(1)\n"
    (tmp_path / "train.py").write_text(slow, encoding="utf-8")
    (tmp_path / "train.runs.jsonl").write_text("of the user's own", encoding="utf-8")
    asked = ("--seeds", "9", "--rerun", "--metric", "mse")
    with forked.Popen(
        [*COMMAND, "train.py", *asked, "--workers", "1", "--json", "few.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        begun, deadline = tmp_path / "begun", time.monotonic() + 200
        while not (begun.exists() and begun.read_text().count("begun") > 3) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    few = json.loads((tmp_path / "few.json").read_text(encoding="utf-8"))
    done = few["seeds"]["finished"]
    assert 0 < done < 8
    words = f"{done} of 9 seeds {'is' if done == 1 else 'are'} finished: too few to tell, 8 are needed"
    assert few["verdict"] == f"{words}."
    # On a busy machine a line a minute may come before.
    said = err.splitlines()[-1]
    assert said == f"trainlab: {words}. The same command with --save train.runs1.jsonl goes on from there."
    assert out == "JSON: few.json\n"
    before = begun.read_text().count("begun")
    again = seeds(*asked, "--save", "train.runs1.jsonl", "--json", "-", folder=tmp_path, text=slow)
    data = told(again)
    assert data["seeds"] == {"asked": 9, "finished": 9, "interrupted": False}
    assert data["runs"][:done] == few["runs"]
    assert begun.read_text().count("begun") - before == 9 - done


def _nurseries_in(folder: Path) -> list[str]:
    mine: list[str] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path("/proc", name, "cmdline").read_bytes()
            where = os.readlink(f"/proc/{name}/cwd")
            state = Path("/proc", name, "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if b"trainlab.diagnosis.script.process_pool" in words and state != "Z" and where == str(folder):
            mine.append(name)
    return mine


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.py",), "none.py: no such file. Give the training script"),
        (("train.py", "--metric", "acc"), "--metric acc: the script prints no number after this name"),
        (
            ("hello.py",),
            "hello.py: no training was seen, neither a backward pass nor an optimizer step; trainlab doctor "
            "hello.py says more. To compare seeds by a number that it prints, or by a variable: "
            "--metric NAME. It prints numbers after: hello.",
        ),
        (("train.py", "--metric", " "), "give the name that the script prints"),
        (("train.py", "--solved", "acc > 0.9"), "--solved 'acc > 0.9': the script prints no number after"),
        (("train.py", "--solved", "acc 0.9"), "--solved 'acc 0.9': must be NAME > NUMBER"),
        (("train.py", "--solved", "mse < 1", "--metric", "mse"), "--solved says what counts already"),
        (("train.py", "--at-least", "nan"), "--at-least nan: must be a number"),
        (("train.py", "--seeds", "0"), "--seeds 0: must be a whole number from 1"),
        (("train.py", "--at-least", "2", "--at-most", "1"), "no run could succeed"),
        (("train.py", "--html", "-"), "only --json can go to the terminal"),
        (("train.py", "--json", "train.py"), "is the same file as SCRIPT"),
        (("train.py", "--save", "train.py"), "is the same file as SCRIPT"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, words: tuple[str, ...], said: str):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "hello.py").write_text("print('hello: 3')\n", encoding="utf-8")
    done = forked.run([*COMMAND, *words], cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.usefixtures("forking")
def test_the_function_runs_a_script_as_the_command_does(tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    found = trainlab.seeds(script, n=1, metric="mse", at_most=1.0, rerun=True, workers=1)
    assert (found.way.name, found.script, len(found.runs)) == ("rerun", str(script), 1)
    assert found.verdicts[0].topic == "seed"
    with pytest.raises(DiagnosisError) as raised:
        trainlab.seeds(script, n=1, metric="accuracy", rerun=True, workers=1)
    assert str(raised.value).startswith("metric accuracy: the script prints no number after this name")
    assert "--" not in str(raised.value)
