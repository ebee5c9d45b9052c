"""The obvious next step where a file is given to the command of another, or a question by another name."""

import subprocess
import sys
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused, environment

HINTS: list[tuple[tuple[str, ...], str]] = [
    (
        ("doctor", "first.toml"),
        "first.toml: is a study file, not a training script. Run it with: trainlab study first",
    ),
    (
        ("seeds", "first.toml"),
        "first.toml: is a study file, not a training script. Run it with: trainlab study first",
    ),
    (
        ("doctor", "xor44"),
        "xor44: is an example study, not a training script. Run it with: trainlab study xor44",
    ),
    (
        ("doctor", "my data.csv"),
        "my data.csv: is data, not a training script. To write a study for it: trainlab new --data 'my "
        "data.csv' "
        "first.toml",
    ),
    (
        ("doctor", "README.md"),
        "README.md: isn't a training script; give a .py file, a notebook (.ipynb), or -m MODULE.",
    ),
    (("seeds", "data.parquet"), "To write a study for it: trainlab new --data data.parquet first.toml"),
    (
        ("study", "xor44.toml"),
        "xor44.toml: no such file. The example of that name is run without the ending: xor44",
    ),
    (("map", "xor44.toml", "--x", "lr=1..2", "--y", "std=1..2"), "is run without the ending: xor44"),
    (("study", "first"), "first: no such file. Did you mean 'first.toml'?"),
    (("run", "xor4"), "xor4: no such file, nor an example of that name. Did you mean 'xor44'?"),
    (
        ("study", "train.py"),
        "train.py: is a script, not a study file. To see why it doesn't learn: trainlab doctor train.py",
    ),
    (
        ("run", "notebook.ipynb"),
        "notebook.ipynb: is a notebook, not a study file. To see why it doesn't learn: trainlab doctor "
        "notebook.ipynb",
    ),
    (("race", "44", "train.py"), "train.py: is a script, not a study file."),
    (("explain", "init", "train.py"), "train.py: is a script, not a study file."),
    (
        ("study", "data.csv"),
        "data.csv: is data, not a study file. To write one for it: trainlab new --data data.csv first.toml",
    ),
    (("run", "data.npz"), "data.npz: is data, not a study file."),
    (("first.toml",), "first.toml is a file, not a command. Run it with: trainlab study first.toml"),
    (
        ("train.py",),
        "train.py is a script, not a study file. To see why it doesn't learn: trainlab doctor train.py",
    ),
    (("xor44",), "xor44 is an example study. Run it with: trainlab study xor44"),
    (("explain", "learning_rate"), "Did you mean: trainlab explain learning-rate?"),
    (("explain", "lr"), "Did you mean: trainlab explain learning-rate?"),
    (
        ("store", "improt"),
        "trainlab store: there is no 'improt'; must be 'check', 'repair' or 'import'. Did you mean 'import'?",
    ),
    (("explain", "backprop"), "Did you mean: trainlab explain chain-rule?"),
    (("explain", "Initialization"), "Did you mean: trainlab explain init?"),
    (
        ("explain", "xor44"),
        "there is no question 'xor44'; there are neuron, learning-rate, init, loss and chain-rule. Name the "
        "question first, as in: trainlab explain learning-rate xor44",
    ),
]


@pytest.mark.parametrize(("arguments", "said"), HINTS, ids=lambda item: " ".join(item)[:40])
def test_one_line_with_the_next_step(
    trainlab: Caller, folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "first.toml").write_text("seeds = 3\n")
    assert_refused(trainlab(*arguments), said)


def test_python_m_trainlab(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "trainlab", "params", "2-3-1", "--json"],
        cwd=folder,
        env=environment(),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert '"parameters": 13' in ended.stdout
