"""A misspelt option stops before anything runs; what is for a script goes behind ``--``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused, environment

from trainlab.cli.main import app
from trainlab.cli.options import UsageError
from trainlab.cli.parser_errors import check_passed_on, near_option, options_of_command

OPTIONS = {"-n": True, "--seed": True, "--json": True, "--html": True, "--try": False, "--at-least": True}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("--jsn", "--json"),
        ("--jsonn", "--json"),
        ("--jsan=x.json", "--json"),
        ("--josn", "--json"),
        ("-json", "--json"),
        ("--seeds", "--seed"),
        ("--see", "--seed"),
        ("--at-leest", "--at-least"),
        ("--n", "-n"),
        ("--n=4", "-n"),
        ("–n", "-n"),
        ("—json", "--json"),
        ("–json", "--json"),
        ("-m", ""),
        ("-x", ""),
        ("--m", ""),
        ("--lr", ""),
        ("--epochs", ""),
        ("--jn", ""),
        ("--atleat", ""),
        ("json", ""),
        ("--", ""),
        ("-", ""),
    ],
)
def test_one_edit_away(word: str, meant: str) -> None:
    assert near_option(word, OPTIONS) == meant


@pytest.mark.parametrize("command", ["doctor", "seeds"])
def test_the_options_are_those_of_the_command(command: str) -> None:
    options = options_of_command(app, command)
    assert options["--json"]
    assert options["--html"]
    assert not options["--help"]
    assert {
        name: command if name in options else {"doctor": "seeds", "seeds": "doctor"}[command]
        for name in ("-n", "--try")
    } == {"-n": "seeds", "--try": "doctor"}
    assert not options.get("--try", False)
    assert not options.get("--rerun", False)


@pytest.fixture(autouse=True)
def script(folder: Path) -> None:
    """A script that leaves a sign of having run."""
    (folder / "train.py").write_text("open('ran', 'w')\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("seeds", "train.py", "--n", "4"),
            "trainlab: --n: trainlab seeds has no such option. Did you mean -n? If it is for the script, "
            "write "
            "-- before it: trainlab seeds train.py -- --n 4\n",
        ),
        (
            ("seeds", "--n=4", "train.py"),
            "trainlab: --n: trainlab seeds has no such option. Did you mean -n? If it is for the script, "
            "write "
            "-- before it: trainlab seeds train.py -- --n=4\n",
        ),
        (("seeds", "--metric", "loss", "train.py", "data", "--wrkers", "2"), "Did you mean --workers? If it"),
        (
            ("doctor", "train.py", "--seed", "3"),
            "Did you mean --seeds? If it is for the script, write -- before",
        ),
        (
            ("doctor", "train.py", "--lr", "0.1", "--jsn", "x"),
            "trainlab doctor train.py --lr 0.1 -- --jsn x\n",
        ),
        (("doctor", "train.py", "--jsn", "--lr"), "trainlab doctor train.py --lr -- --jsn\n"),
        (("doctor", "--htm", "x.html", "train.py"), "Did you mean --html? If it is for the script"),
        (("doctor", "--jsn=x.json", "train.py"), "Did you mean --json? If it is for the script"),
        (("doctor", "-m", "package.train", "--stepps=3"), "trainlab doctor -m package.train -- --stepps=3\n"),
        (("doctor", "--try", "--step", "5", "train.py"), "trainlab doctor --try train.py -- --step 5\n"),
        (("doctor", "--step", "train.py"), "trainlab doctor train.py -- --step\n"),
        (("doctor", "train.py", "--hlp"), "Did you mean --help?"),
        (
            ("doctor", "-q", "train.py"),
            "trainlab: -q: there is no such option. See: trainlab doctor --help\n",
        ),
        (("seeds", "-q", "train.py"), "trainlab seeds: there is no option -q. See: trainlab seeds --help\n"),
        (
            ("study", "tiny.toml", "--sedes", "3"),
            "study: there is no option --sedes. Did you mean --seeds? See: ",
        ),
        (
            ("study", "tiny.toml", "-seeds", "3"),
            "study: there is no option -seeds. Did you mean --seeds? See: ",
        ),
    ],
)
def test_nothing_runs(trainlab: Caller, arguments: tuple[str, ...], said: str) -> None:
    outcome = trainlab(*arguments)
    assert_refused(outcome, said)
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["train.py", "--", "--n", "4"],
        ["train.py", "--epochs", "3", "-n", "4"],
        ["--metric", "--n", "train.py"],
        ["train.py", "-1", "-.5", "n", "-x"],
        ["-n=4", "train.py", "--see-all"],
    ],
)
def test_what_is_passed_on_or_ours(words: list[str]) -> None:
    options = options_of_command(app, "seeds")
    check_passed_on("seeds", words, options)
    with pytest.raises(UsageError, match="--josn"):
        check_passed_on("seeds", ["--josn", *words], options)


# The obvious next step where a file is given to the command of another, or a question by another name.


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
