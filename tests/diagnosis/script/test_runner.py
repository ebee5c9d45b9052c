"""Scripts that end badly, or not at all: what was seen before is reported all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import forked

LOOP = """
import sys
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def step():
    optimizer.zero_grad()
    x = torch.randn(8, 3)
    nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
    optimizer.step()


"""


def doctor(
    path: Path, code: str, *options: str, stdin: str = "", start: Callable[..., Any] = forked.run
) -> tuple[int, dict[str, Any], str]:
    """Run the command on a script of this code: exit code, report, what it wrote to stderr."""
    script = path / "script.py"
    script.write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", str(script), *options, "--json", "-"]
    done = start(command, input=stdin)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_an_exception_after_three_steps(tmp_path: Path):
    text = f"{LOOP}for _ in range(3):\n    step()\nraise ValueError('no more')\n"
    anew = partial(subprocess.run, capture_output=True, text=True, timeout=300)
    code, report, said = doctor(tmp_path, text, start=anew)
    assert code == 3
    assert report["ended"] == {
        "how": "error",
        "code": 1,
        "message": "ValueError: no more",
        "where": "script.py:20",
    }
    assert report["card"]["steps"] == 3
    assert "Traceback" in said
    assert "runpy" not in said


def test_a_syntax_error(tmp_path: Path):
    code, report, _ = doctor(tmp_path, "x = (\n")
    assert code == 3
    assert report["ended"]["message"].startswith("SyntaxError")
    assert report["ended"]["where"] == "script.py:1"


def test_an_exit(tmp_path: Path):
    code, report, _ = doctor(tmp_path, f"{LOOP}step()\nsys.exit('bad')\n")
    assert code == 3
    assert report["ended"]["how"] == "exit"
    assert report["card"]["steps"] == 1


def test_an_endless_loop_is_ended_in_time(tmp_path: Path):
    code, report, _ = doctor(tmp_path, f"{LOOP}while True:\n    step()\n", "--for", "3")
    assert code == 0
    assert report["ended"]["how"] == "time"
    assert report["card"]["steps"] > 10


def test_so_many_steps(tmp_path: Path):
    code, report, _ = doctor(tmp_path, f"{LOOP}while True:\n    step()\n", "--steps", "25")
    assert code == 0
    assert report["card"]["steps"] == 25


def test_arguments_and_stdin_reach_the_script(tmp_path: Path):
    text = "import sys\nassert __name__ == '__main__'\n"
    text += "assert sys.argv[1:] == ['a', '7']\nassert input() == 'yes'\n"
    code, _, said = doctor(tmp_path, text, "a", "7", stdin="yes\n")
    assert code == 0, said


def test_loaders_with_processes(tmp_path: Path):
    text = f"""{LOOP}
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.randn(64, 3), torch.randn(64, 1))
for xb, yb in DataLoader(data, batch_size=8, shuffle=True, num_workers=2):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(xb), yb).backward()
    optimizer.step()
"""
    code, report, said = doctor(tmp_path, text)
    assert code == 0, said
    assert report["card"]["steps"] == 8
    assert report["troubles"] == []


def test_a_process_that_ends_itself_at_once(tmp_path: Path):
    code, report, _ = doctor(tmp_path, "import os\nos._exit(9)\n")
    assert code == 3
    assert report["ended"]["code"] == 9
    assert report["card"]["steps"] == 0


def test_a_process_that_is_ended_past_python(tmp_path: Path):
    # As a library in C would: past Python, so that nothing can be written first.
    code, report, said = doctor(tmp_path, "import ctypes\nctypes.CDLL(None)._exit(9)\n")
    assert code == 2
    assert report == {}
    assert "script.py: the process ended (exit code 9) before anything could be reported." in said


def test_a_file_that_is_not_there(tmp_path: Path):
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", str(tmp_path / "none.py")]
    done = forked.run(command)
    assert done.returncode == 2
    assert "no such file. Give the training script, a .py or .ipynb file." in done.stderr


def test_a_fault_is_exit_code_1_and_page_json_and_terminal_have_the_report(tmp_path: Path):
    script, page, data = (tmp_path / name for name in ("script.py", "page.html", "report.json"))
    text = LOOP.replace("    optimizer.zero_grad()\n", "") + "for _ in range(30):\n    step()\n"
    script.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", str(script)]
    options = ["--html", str(page), "--json", str(data)]
    done = forked.run([*command, *options])
    assert done.returncode == 1, done.stderr
    report = json.loads(data.read_text(encoding="utf-8"))
    assert (
        report["verdict"] == "Something is wrong with the training: gradients are never cleared "
        "(missing_zero_grad)."
    )
    assert " ".join(done.stdout.split()).startswith(report["verdict"])
    assert done.stdout.endswith(f"report: {page}\nJSON: {data}\n")
    assert "<h1>Diagnosis of script.py</h1>" in page.read_text(encoding="utf-8")
    assert "optimizer.step()" in report["findings"][0]["where"]
    assert report["findings"][0]["remedy"]["code"].splitlines()[1] == "+ optimizer.zero_grad()"


def test_a_page_has_no_place_in_the_terminal(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit(7)\n", encoding="utf-8")
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", str(script)]
    for html, said in (
        ("-", "--html -: the report is a page; give the name of a file"),
        (str(script), "same file"),
    ):
        done = forked.run([*command, "--html", html])
        assert done.returncode == 2
        assert said in done.stderr


def test_the_users_rule_reads_what_is_printed_and_logged(tmp_path: Path):
    text = f"{LOOP}import logging\nfor _ in range(3):\n    step()\nlogging.warning('accuracy=0.87')\n"
    code, report, said = doctor(tmp_path, text, "--solved", "accuracy > 0.9")
    assert code == 1, "a rule that is missed is found, and stops what comes after &&"
    assert report["findings"] == []
    assert report["outcome"]["solved"]["value"] == 0.87
    assert report["verdict"].startswith("Not solved (accuracy 0.87, you asked for > 0.9).")
    assert "accuracy=0.87" in said


def test_a_rule_without_a_number_is_told_below_the_report(tmp_path: Path):
    code, report, said = doctor(tmp_path, f"{LOOP}step()\n", "--solved", "accuracy > 0.9")
    assert code == 2
    assert report["card"]["steps"] == 1
    assert said.endswith(
        "trainlab: --solved 'accuracy > 0.9': the script prints no number after this name, and has no "
        "variable of this name that holds one. trainlab itself measures of it: R² and loss.\n"
    )
