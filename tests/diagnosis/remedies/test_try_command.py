"""``trainlab doctor --try``: the whole command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import forked
import pytest

SCRIPT = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(300, 4)
y = torch.sin(x[:, :1]) + x[:, 1:2]
with open("log.txt", "a") as log:
    log.write("started\\n")
print("a line of the script's")
assert sys.argv[1:] == ["a"]
model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
for _ in range(6):
    for rows in torch.randperm(300).split(20):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()
"""


def command(folder: Path, code: str, *options: str) -> subprocess.Popen[str]:
    (folder / "train.py").write_text(code, encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "trainlab.cli.main",
        "doctor",
        *options,
        "--json",
        "report.json",
        "train.py",
        "a",
    ]
    return forked.Popen(words, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, said = process.communicate(timeout=300)
    return process.returncode, out, said


def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_a_remedy_is_tried_and_helps(tmp_path: Path):
    code = SCRIPT.replace("LR", "3.0")
    status, out, said = finished(command(tmp_path, code, "--try", "--seeds", "1", "--budget", "200"))
    assert status == 1, said
    assert said.startswith(
        "trainlab: --try runs train.py as it is, then again and again with other random seeds, with and "
        "without remedies, several at a time, for up to 200 s. What the script writes, sends or deletes "
        "happens each time; that can't be undone.\n"
    )
    found = report(tmp_path)
    assert found["findings"][0]["fault"] == "lr_too_high"
    trials = found["findings"][0]["tried"]["remedies"]
    assert trials[0]["remedy"] == "the learning rate × 0.1"
    assert trials[0]["took_hold"] == 90
    assert trials[-1]["after"]["loss"] < trials[-1]["before"]["loss"]
    # What the reruns print goes nowhere; what they write is there.
    assert out.count("a line of the script's") == 1
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert log.count("started") == 1 + found["tried"]["runs"]
    assert "tried      With the learning rate × 0.1" in out


def test_a_healthy_training_is_run_once(tmp_path: Path):
    status, out, said = finished(command(tmp_path, SCRIPT.replace("LR", "0.01"), "--try"))
    assert status == 0, said
    assert "Nothing could be tried: there is no finding." in out
    assert (tmp_path / "log.txt").read_text(encoding="utf-8").count("started") == 1


def test_ctrl_c_keeps_what_was_found(tmp_path: Path):
    slow = (
        SCRIPT.replace("LR", "1.0")
        + "import os, time\nif os.path.getsize('log.txt') > 10:\n    time.sleep(60)\n"
    )
    process = command(tmp_path, slow, "--try", "--budget", "300")
    log = tmp_path / "log.txt"
    until = time.monotonic() + 120
    while time.monotonic() < until and not (log.exists() and log.read_text().count("started") > 1):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    status, out, said = finished(process)
    assert status == 130, said
    assert "Traceback" not in said
    assert "Trying was stopped" in " ".join(out.split())
    assert report(tmp_path)["tried"]["ended"] == "interrupted"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--budget", "5"], "--budget 5: says how remedies are tried; give --try as well."),
        (["--seeds", "5"], "--seeds 5: says how remedies are tried; give --try as well."),
        (["--try", "--seeds", "0"], "--seeds 0: must be a whole number from 1 to 1,000."),
        (["--try", "--budget", "0"], "--budget 0: must be a whole number from 1 to 10,000,000."),
    ],
)
def test_wrong_options(tmp_path: Path, options: list[str], message: str):
    status, _, said = finished(command(tmp_path, SCRIPT, *options))
    assert status == 2
    assert message in said
    assert not (tmp_path / "log.txt").exists()


def test_no_such_script_is_said_before_anything_else(tmp_path: Path):
    words = [sys.executable, "-m", "trainlab.cli.main", "doctor", "--try", "none.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("trainlab: none.py: no such file.")
