"""A misspelt option stops before anything runs; what is for a script goes behind ``--``."""

from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused

from trainlab.cli.main import app
from trainlab.cli.misspelt_options import check_passed_on, near_option
from trainlab.cli.options import UsageError
from trainlab.cli.parser_errors import options_of_command

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
