"""The base install has no PyTorch: what works without it must not ask for it; what doesn't says so in a line.

Each process, and those that it starts, is an environment without it: ``sys.modules["torch"] = None``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainlab.errors import how_to_install

HIDE = "import sys\nsys.modules['torch'] = None\n"
OWNERS = (
    "trainlab.engine.torch.",
    "trainlab.diagnosis.probe.",
    "trainlab.diagnosis.torch_private",
    "trainlab.diagnosis.judge.study_run_playback",
    "trainlab.diagnosis.script.reseed",
    "trainlab.diagnosis.lift.",
    "trainlab.diagnosis.remedies.applying",
    "trainlab.diagnosis.remedies.changes.",
    "trainlab.diagnosis.remedies.patching",
    "trainlab.diagnosis.replay.",
    "trainlab.diagnosis.seeds.seeds_function",
    "trainlab.diagnosis.script.notebook_shell",  # IPython
    "trainlab.callbacks.lightning",
    "trainlab.callbacks.skorch",
    "trainlab.callbacks.transformers",
)
"""Modules that are loaded only beside a training in PyTorch, or that stand for a library."""
TINY = """\
title = "Tiny"
seeds = 3
[baseline]
epochs = 20
[networks]
small = "2-2-1"
large = "2-3-1"
[changes.A]
set.optimizer = { name = "adam", lr = 0.05 }
"""
COMMANDS = (
    "params 2-3-1",
    "budget 44 --inputs 2 --outputs 1 --count",
    "budget 44 --inputs 2 --outputs 1 --min-width 3 --hidden-bias yes --output-bias no --list",
    "faults",
    "faults dead_relu",
    "new first.toml",
    "new --data points.csv --target ill own.toml",
    "study tiny.toml --json study.json --html study.html",
    "run tiny.toml --html run.html",
    "race 44 tiny.toml --inputs 2 --outputs 1 --hidden-bias yes --output-bias no --min-width 2 --max-depth 2 "
    "--max-seeds 32 --html race.html",
    "map tiny.toml --x lr=0.01..0.1 --y momentum=0.1..0.9 --size 2x2 --seeds 2 --html map.html",
    "show",
)
EXPLAIN = (
    "neuron tiny.toml --seeds 2",
    "learning-rate tiny.toml --seeds 2",
    "init --seeds 2",
    "loss --seeds 2",
    "chain-rule tiny.toml --seeds 2",
)
CALLS = """\
import sys
from trainlab.cli.main import main
for words in {commands!r}:
    try:
        main(words.split())
    except SystemExit as stop:
        print(f"ENDED {{words.split()[0]}} {{stop.code}}", file=sys.stderr)
"""


def python(code: str, folder: Path, *, hidden: bool = True) -> "subprocess.CompletedProcess[str]":
    beside = folder / "beside"
    beside.mkdir()
    # Python reads it when it starts, in the workers of an engine, too.
    (beside / "sitecustomize.py").write_text(HIDE if hidden else "")
    paths = [str(beside), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.process
def test_every_module_but_those_beside_pytorch_loads_without_it(tmp_path: Path):
    code = f"""
import importlib, pkgutil, trainlab
for found in pkgutil.walk_packages(trainlab.__path__, "trainlab."):
    if not f"{{found.name}}.".startswith({OWNERS!r}) and not found.name.startswith({OWNERS!r}):
        importlib.import_module(found.name)
for name in trainlab.__all__:
    getattr(trainlab, name)
"""
    done = python(code, tmp_path)
    assert done.stderr == ""


@pytest.mark.process
@pytest.mark.parametrize("hidden", [True, False], ids=["without PyTorch", "with PyTorch at hand"])
def test_commands_that_train_with_the_fast_engine_do_not_load_pytorch(tmp_path: Path, hidden: bool):
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "points.csv").write_text("ill,age\n" + "1,50\n0,20\n" * 30)
    code = f"{CALLS.format(commands=COMMANDS)}\nprint(sys.modules.get('torch'), file=sys.stderr)"
    done = python(code, tmp_path, hidden=hidden)
    ended = [f"ENDED {words.split()[0]} 0" for words in COMMANDS]
    assert [line for line in done.stderr.splitlines() if "%" not in line] == [*ended, "None"]


@pytest.mark.process
@pytest.mark.parametrize("words", EXPLAIN)
def test_each_question_is_answered_without_pytorch(tmp_path: Path, words: str):
    (tmp_path / "tiny.toml").write_text(TINY)
    page = f"explain {words} --html page.html"
    done = python(CALLS.format(commands=(page,)), tmp_path)
    assert done.stderr.splitlines()[-1:] == ["ENDED explain 0"], done.stderr
    assert (tmp_path / "page.html").exists()


@pytest.mark.process
@pytest.mark.parametrize(
    "words",
    [
        "study tiny.toml --why 2",
        "study tiny.toml --engine reference",
        "study tiny.toml --engine torch",
        "doctor train.py",
        "seeds train.py --seeds 2",
    ],
)
def test_commands_that_need_pytorch_say_so_in_a_line(tmp_path: Path, words: str):
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "train.py").write_text("import torch\n")
    done = python(CALLS.format(commands=(words,)), tmp_path)
    message, ended = done.stderr.splitlines()
    assert ended == f"ENDED {words.split()[0]} 2"
    assert "PyTorch" in message
    assert message.endswith(f"nstall it with: {how_to_install('torch')}")


@pytest.mark.process
@pytest.mark.parametrize(
    "call",
    [
        "trainlab.watch().start()",
        "trainlab.doctor(lambda: None)",
        "trainlab.population(lambda: None, inputs=[[0.0]], targets=[[0.0]], loss=None)",
        "trainlab.run(trainlab.load_study('xor44').cells()[0].experiment, seeds=1, engine='torch')",
    ],
)
def test_functions_that_need_pytorch_say_so_in_a_line(tmp_path: Path, call: str):
    code = f"import trainlab\ntry:\n    {call}\nexcept trainlab.TrainlabError as error:\n    print(error)"
    done = python(code, tmp_path)
    assert done.stderr == ""
    assert "PyTorch" in done.stdout
    assert done.stdout.endswith(f"nstall it with: {how_to_install('torch')}\n")
    assert done.stdout.count("\n") == 1
