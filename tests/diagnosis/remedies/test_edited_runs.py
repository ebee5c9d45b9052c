"""Edits are run before they are printed: one that fails or changes nothing isn't, and nobody is harmed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainlab.diagnosis import Plan
from trainlab.diagnosis.remedies.edited_runs import with_edits_run

pytestmark = pytest.mark.process
SCRIPT = """import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(64, 2)
data = TensorDataset(x, (x[:, :1] > 0).float())
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
for epoch in range(12):
    for x, y in DataLoader(data, batch_size=16, shuffle=True, num_workers=epoch // 11):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(x), y).backward()
        optimizer.step()
    with open("log.txt", "a") as log:
        log.write("epoch")
print("done", os.environ.get("WHO", "somebody"))
"""
RATE = "optimizer = torch.optim.SGD(model.parameters(), lr={})"


def edit(new: str, *, line: int = 10) -> str:
    return f"# train.py:{line}\n- {SCRIPT.splitlines()[line - 1]}\n+ {new}"


def run(
    folder: Path, code: str, script: str = SCRIPT, fault: str = "lr_too_low", **card: Any
) -> dict[str, Any]:
    """Return the remedy of a report's one finding, with this code, once that was run."""
    (folder / "train.py").write_text(script, encoding="utf-8")
    finding = {
        "fault": fault,
        "consequence_of": None,
        "remedy": {"text": "Raise it.", "code": code, "value": None},
    }
    report = {
        "ended": {"how": "end", "code": 0},
        "card": {"steps": 48, "seconds": 0.5} | card,
        "findings": [finding | {"evidence": [], "where": ""}],
    }
    (found,) = with_edits_run(report, Plan(script=str(folder / "train.py")), tell=lambda used, words: None)[
        "findings"
    ]
    assert not (folder / "log.txt").exists()
    return found["remedy"]


def test_it_is_told_where_the_script_comes_with_an_edit_that_helps(tmp_path: Path):
    remedy = run(tmp_path, edit(RATE.format(1.0)))
    assert remedy["code"] == edit(RATE.format(1.0))
    told = remedy["run"]
    assert (told["steps"], told["error"], told["changes"]) == (48, "", True)
    accuracy, without = (
        float(part.split(" ")[-1]) for part in told["words"].split(" (")[0].split(", without it")
    )
    assert accuracy > 0.9 > without


def test_an_edit_with_which_the_script_fails_is_not_printed(tmp_path: Path):
    remedy = run(tmp_path, edit(RATE.format("nowhere")))
    assert remedy["code"] == ""
    assert "nowhere" in remedy["run"]["error"]


def test_an_edit_that_changes_nothing_is_not_printed(tmp_path: Path):
    remedy = run(tmp_path, edit("torch.manual_seed(0 + 0)", line=6))
    assert (remedy["code"], remedy["run"]["changes"]) == ("", False)


def test_one_that_changes_only_what_is_printed_is(tmp_path: Path):
    line = len(SCRIPT.splitlines())
    remedy = run(tmp_path, edit("print('all', 'done')", line=line))
    assert remedy["code"]
    assert remedy["run"]["changes"]


def test_of_a_part_nobody_says_that_nothing_changes(tmp_path: Path):
    remedy = run(tmp_path, edit("torch.manual_seed(0 + 0)", line=6), steps=2000, seconds=400.0)
    assert remedy["code"]
    assert remedy["run"]["changes"]


@pytest.mark.parametrize(
    "begins",
    [
        "import subprocess\nsubprocess.run(['true'])",
        "raise ValueError",
        "import socket\nsocket.socket().bind(('', 0))",
    ],
)
def test_where_the_script_itself_cannot_run_so_its_edit_stays_as_it_is(tmp_path: Path, begins: str):
    code = edit(RATE.format(1.0))
    remedy = run(tmp_path, code, SCRIPT.replace("torch.manual_seed(0)", f"{begins};torch.manual_seed(0)", 1))
    assert (remedy["code"], "run" in remedy) == (code, False)


@pytest.mark.parametrize(
    "code", ["", "optimizer.zero_grad()", edit("x = 1").replace("train.py", "other.py"), edit("x", line=9)]
)
def test_what_is_no_edit_of_the_script_is_not_run(tmp_path: Path, code: str):
    assert "run" not in run(tmp_path, code.replace("- model = nn", "- model = n"))


def test_a_script_that_became_shorter_meanwhile_is_not_run(tmp_path: Path):
    assert "run" not in run(tmp_path, edit(RATE.format(1.0)), "import torch\n")


def test_an_edit_with_which_the_script_ends_itself_as_failed_is_not_printed(tmp_path: Path):
    remedy = run(tmp_path, edit("raise SystemExit(3)"))
    assert (remedy["code"], remedy["run"]["error"]) == ("", "exit code 3")


def test_what_only_the_edited_script_may_not_do_is_no_failure(tmp_path: Path):
    code = edit("__import__('subprocess').run(['true'])")
    remedy = run(tmp_path, code)
    assert (remedy["code"], "run" in remedy) == (code, False)


def test_an_edit_of_the_evaluation_alone_is_not_dropped(tmp_path: Path):
    remedy = run(tmp_path, edit("torch.manual_seed(0 + 0)", line=6), fault="average_lags")
    assert remedy["code"]


def test_chance_is_the_same_with_an_edit_and_without(tmp_path: Path):
    script = SCRIPT.replace("torch.manual_seed(0)", "torch.get_rng_state()")
    code = edit("torch.get_rng_state()  # again", line=6).replace("manual_seed(0)", "get_rng_state()")
    remedy = run(
        tmp_path, code.replace("torch.get_rng_state()  # again", "(torch.get_rng_state())[0]"), script
    )
    assert (remedy["code"], remedy["run"]["changes"]) == ("", False)
