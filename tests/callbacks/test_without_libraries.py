"""A library that isn't installed is told in one line, and the rest of trainlab doesn't need it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from trainlab.errors import how_to_install

BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Block())
from trainlab.errors import TrainlabError
for code in {codes}:
    try:
        exec(code)
    except ImportError as error:
        print(isinstance(error, TrainlabError), error.name, error)
"""
CASES = (
    ("lightning", "pytorch_lightning", "from trainlab.callbacks.lightning import DoctorCallback"),
    ("transformers", "transformers", "from trainlab.callbacks.transformers import DoctorCallback"),
    ("skorch", "skorch", "from trainlab.callbacks.skorch import DoctorCallback"),
    ("tensorboard", "tensorboardX", "from trainlab.callbacks.tensorboard import log; log(None, 'folder')"),
    ("mlflow", "mlflow", "from trainlab.callbacks.mlflow import log; log(None)"),
)


def told(*codes: str, without: set[str]) -> list[str]:
    """Return what import errors say, in a process in which these packages aren't installed."""
    code = BLOCK.format(names=without, codes=codes)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_it_is_told_in_one_line():
    absent = {name for _, name, _ in CASES} | {"lightning"}
    assert told(*(code for *_, code in CASES), without=absent) == [
        f"True {name} trainlab.callbacks.{extra}: needs {name}, which isn't installed. "
        f"Install it with: {how_to_install(extra)}"
        for extra, name, _ in CASES
    ]


def test_what_a_library_itself_misses_is_told_as_it_is():
    code = "import trainlab.callbacks.skorch"
    assert told(code, without={"tabulate"}) == ["False tabulate No module named 'tabulate'"]


def test_a_script_under_the_command_is_heard_by_the_command_alone(tmp_path: Path):
    script = tmp_path / "train.py"
    script.write_text(
        "import torch, trainlab\n"
        "model = torch.nn.Linear(2, 1)\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "with trainlab.watch(model) as watched:\n"
        "    for _ in range(70):\n"
        "        optimizer.zero_grad()\n"
        "        model(torch.randn(8, 2)).square().mean().backward()\n"
        "        optimizer.step()\n"
        "print('inside:', watched.report.card['steps'], watched.shared)\n"
        "for _ in range(5):\n"
        "    optimizer.step()\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "trainlab.cli.main", "doctor", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "inside: 70 True" in done.stdout, done.stderr
    assert "75 steps" in done.stdout
