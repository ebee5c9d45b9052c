"""A library that isn't installed is told in one line, and the rest of trainlab doesn't need it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
"""
CASES = {
    "lightning": (
        ("lightning", "pytorch_lightning"),
        "from trainlab.callbacks.lightning import DoctorCallback",
        "needs pytorch_lightning",
    ),
    "transformers": (
        ("transformers",),
        "from trainlab.callbacks.transformers import DoctorCallback",
        "needs transformers",
    ),
    "skorch": (("skorch",), "from trainlab.callbacks.skorch import DoctorCallback", "needs skorch"),
    "tensorboard": (
        ("tensorboardX",),
        "from trainlab.callbacks.tensorboard import log; log(None, 'folder')",
        "needs tensorboardX",
    ),
    "mlflow": (("mlflow",), "from trainlab.callbacks.mlflow import log; log(None)", "needs mlflow"),
}


def last_line(code: str, *names: str) -> str:
    """Return the last line on stderr of code run where these packages aren't installed."""
    whole = f"{BLOCK.format(names=set(names))}\n{code}"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


@pytest.mark.parametrize("extra", CASES)
def test_it_is_told_in_one_line(extra: str):
    names, code, words = CASES[extra]
    assert last_line(code, *names) == (
        f"trainlab.errors.MissingPackageError: trainlab.callbacks.{extra}: {words}, which isn't installed. "
        f"pip install 'trainlab[{extra}]'"
    )


def test_it_is_an_import_error_and_one_of_trainlabs():
    code = """
from trainlab.errors import TrainlabError
try:
    import trainlab.callbacks.transformers
except ImportError as error:
    assert isinstance(error, TrainlabError)
    assert error.name == "transformers"
"""
    assert last_line(code, "transformers") == ""


def test_what_a_library_itself_misses_is_told_as_it_is():
    code = "import trainlab.callbacks.skorch"
    assert last_line(code, "tabulate") == "ModuleNotFoundError: No module named 'tabulate'"


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
