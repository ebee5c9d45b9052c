"""Commands and options that can't be carried out: one clear line each, and nothing happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli.calling import TINY, Caller, assert_refused, call_apart

from trainlab.cli.parser_errors import as_typed

BUDGET = ("budget", "44", "--inputs", "2", "--outputs", "1")
STUDY = ("study", "tiny.toml")

WRONG: list[tuple[tuple[str, ...], str]] = [
    (("stdy", "tiny.toml"), "there is no command 'stdy'. Did you mean 'study'? See: trainlab --help"),
    (("--nonsense",), "--nonsense"),
    (("study",), "trainlab study: FILE is missing. For example: trainlab study xor44\n"),
    ((*STUDY, "extra"), "trainlab study: 'extra' is one argument too many. For example: "),
    (
        (*STUDY, "--only", "small:none", "small:A"),
        "'small:A' is one argument too many. Give --only again before it.\n",
    ),
    ((*STUDY, "--sedes", "3"), "--seeds"),
    *(((*STUDY, "--seeds", text), "--seeds") for text in ("0", "-3", "abc", "1e9", "1.5", "", "9" * 5000)),
    *((("run", "tiny.toml", "--seeds", text), "--seeds") for text in ("0", "-3", "abc", "20000000")),
    ((*STUDY, "--workers", "0"), "--workers 0"),
    ((*STUDY, "--workers", "5000"), "1,024"),
    *(((*STUDY, "--sides", text), "--sides") for text in ("-1", "some", "100001")),
    *(((*STUDY, "--why", text), "--why") for text in ("-1", "some", "10001", "")),
    ((*STUDY, "--engine", "fasst"), "'fast'"),
    ((*STUDY, "--only", "smal"), "smal"),
    ((*STUDY, "--only", "small:B"), "'B'"),
    ((*STUDY, "--only", ""), "--only"),
    ((*STUDY, "--only"), "--only"),
    ((*STUDY, "--json", "nowhere/x.json"), "does not exist"),
    ((*STUDY, "--json", "."), "is a folder"),
    ((*STUDY, "--json", ""), "--json"),
    ((*STUDY, "--json", "/proc/x.json"), "can't be written"),
    ((*STUDY, "--json", "x" * 300), "can't be written"),
    ((*STUDY, "--json", "tiny.toml"), "same file"),
    ((*STUDY, "--json", "one", "--html", "./one"), "same file"),
    ((*STUDY, "--json"), "trainlab study: --json needs a value. See: trainlab study --help\n"),
    ((*STUDY, "--json", "-x"), "./-x"),
    ((*STUDY, "--html", "-"), "--html -"),
    ((*STUDY, "--store", "tiny.toml"), "is a file"),
    ((*STUDY, "--store", "tiny.toml/x"), "tiny.toml/x"),
    (("show", "--store", "tiny.toml"), "holds no store"),
    *((("params", text), "NETWORK") for text in ("2-x-1", "2--1", "2", "")),
    (("params", "2-0-1"), "0"),
    (("params", "2-1", "--output-bias", "any"), "'yes' or 'no'"),
    *((("budget", n, "--inputs", "2", "--outputs", "1"), n) for n in ("0", "-1", "9" * 30, "1e3")),
    (("budget", "44", "--input", "2"), "trainlab budget: there is no option --input. Did you mean --inputs?"),
    (("budget", "44"), "trainlab budget: --inputs is missing. For example: trainlab budget 44 --inputs 2"),
    (("budget", "44", "--inputs", "0", "--outputs", "1"), "--inputs 0: must be a whole number from 1"),
    ((*BUDGET, "--count", "--list"), "--count"),
    ((*BUDGET, "--list", "--draw", "2"), "--draw"),
    ((*BUDGET, "--min-width", "5", "--max-width", "2"), "--max-width 2 is below --min-width 5"),
    ((*BUDGET, "--draw", "9" * 30), "--draw"),
    ((*BUDGET, "--hidden-bias", "jes"), "'yes'"),
    (("new", "tiny.toml"), "exists already"),
    (("new", "nowhere/x.toml"), "does not exist"),
    (("new", "."), "is a folder"),
    (("new", "-"), "-"),
    (("doctor",), "trainlab doctor: SCRIPT is missing. For example: trainlab doctor train.py\n"),
    (("seeds",), "trainlab seeds: SCRIPT is missing. For example: trainlab seeds train.py --seeds 20\n"),
    (("race",), "trainlab race: WHAT is missing. For example: trainlab race 44 xor44"),
    (("map", "xor44"), "trainlab map: --x is missing. For example: trainlab map xor44"),
    (("map",), "trainlab map: FILE is missing."),
    (("params",), "trainlab params: NETWORK is missing. For example: trainlab params 2-11-1\n"),
    (("new",), "trainlab new: FILE is missing. For example: trainlab new first.toml\n"),
]


PLACES = [
    (("study", "tiny.toml"), "--json"),
    (("run", "tiny.toml"), "--html"),
    (("map", "tiny.toml", "--x", "lr=0.1..1", "--y", "momentum=0..1"), "--svg"),
    (("doctor", "train.py"), "--json"),
    (("lab", "tiny.toml"), "--export"),
    (("explain", "loss", "tiny.toml"), "--html"),
    (("endings", "tiny.toml"), "--json"),
    (("race", "3", "tiny.toml"), "--html"),
]
ONLY_FILES = [(("seeds", "train.py"), "--save"), (("seeds", "train.py"), "--as-experiment")]


@pytest.mark.parametrize(("arguments", "option"), [*PLACES, *ONLY_FILES], ids=lambda item: str(item[0]))
def test_what_can_not_be_written_is_refused_before_anything_runs(
    trainlab: Caller, folder: Path, arguments: tuple[str, ...], option: str
) -> None:
    (folder / "train.py").write_text("raise SystemExit(3)")
    os.mkfifo(folder / "pipe")
    is_file = (arguments, option) in ONLY_FILES
    device = "is a device or a pipe; give the name of a file."
    places = {
        "/dev/full": device if is_file else "can't be written (No space left on device).",
        "pipe": device if is_file else "is a pipe that nobody reads; start its reader first.",
        ".": "is a folder; give the name of a file in it.",
    }
    for place, why in places.items():
        if not Path(place).exists():
            continue  # only Linux has /dev/full
        outcome = trainlab(*arguments, option, place)
        assert (outcome.code, outcome.out, outcome.err) == (2, "", f"trainlab: {option} {place}: {why}\n")
    assert not (folder / ".trainlab").exists()


@pytest.mark.parametrize(
    ("arguments", "word"), WRONG, ids=lambda item: " ".join(item)[:40] if item else "none"
)
def test_refused(trainlab: Caller, folder: Path, arguments: tuple[str, ...], word: str) -> None:
    assert_refused(trainlab(*arguments), word)
    assert Path("tiny.toml").read_text() == TINY
    assert {path.name for path in folder.iterdir()} <= {"tiny.toml", ".trainlab"}


def test_a_store_of_something_else(trainlab: Caller) -> None:
    Path(".trainlab").mkdir()
    Path(".trainlab/store.sqlite3").write_bytes(b"no database, whatever its name" * 100)
    assert_refused(trainlab(*STUDY), "store.sqlite3", "not a trainlab store")
    assert_refused(trainlab("show"), "store.sqlite3")
    assert Path(".trainlab/store.sqlite3").read_bytes().startswith(b"no database")


def test_a_device_is_written_to_and_stays_a_device(trainlab: Caller) -> None:
    assert_refused(trainlab(*STUDY, "--json", "/dev/full"), "/dev/full", "No space")
    assert trainlab(*STUDY, "--json", "/dev/null").code == 0
    assert os.path.exists("/dev/null")
    assert not os.path.isfile("/dev/null")
    assert not os.path.isfile("/dev/full")


@pytest.mark.process
def test_in_a_process_of_its_own(folder: Path) -> None:
    ended = call_apart("study", "missing.toml", folder=folder)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "trainlab: missing.toml: no such file. 'trainlab new FILE' writes one to start from.\n"
    )


def test_output_that_takes_nothing(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        ended = call_apart(*BUDGET, "--max-depth", "2", "--list", folder=folder, stdout=full)
    assert ended.returncode == 2
    assert ended.stderr == "trainlab: can't read or write the output (No space left on device).\n"


# Study files that can't be carried out: one clear line each, and nothing happens.


EDITED = {
    "unknown field": ('loss = "mse"', 'los = "mse"', ("los", "'loss'")),
    "misspelt activation": (
        'small = "2-2-1"',
        'small = { widths = "2-2-1", activation = "tahn" }',
        ("'tanh'",),
    ),
    "negative width": ('"2-2-1"', '"2--2-1"', ("2--2-1",)),
    "width 0": ('"2-2-1"', '"2-0-1"', ("small",)),
    "width in letters": ('"2-2-1"', '"2-x-1"', ("2-x-1",)),
    "edit of no such name": ("set.optimizer =", "set.optimiser =", ("optimiser", "'optimizer'")),
    "NaN": ("lr = 0.05", "lr = nan", ("lr", "nan")),
    "infinite": ("lr = 0.05", "lr = 1e400", ("lr", "inf")),
    "epochs 0": ("epochs = 20\n", "epochs = 0\n", ("epochs", "0")),
    "epochs beyond all digits": ("epochs = 20\n", f"epochs = {'9' * 5000}\n", ("TOML",)),
    "contradictory biases": (
        'small = "2-2-1"',
        'small = { widths = "2-2-1", bias = [true, true], output_bias = false }',
        ("output_bias", "bias"),
    ),
    "seeds 0": ("seeds = 5", "seeds = 0", ("seeds", "0")),
    "no TOML": ('title = "Tiny"', "title = Tiny", ("line 1",)),
    "nested deeply": ('title = "Tiny"', f"title = {'[' * 20000}{']' * 20000}", ()),
    "a null character": ('"Tiny"', '"Ti\0ny"', ("TOML",)),
}


@pytest.mark.parametrize("what", EDITED)
@pytest.mark.parametrize("command", ["study", "run"])
def test_edited(trainlab: Caller, folder: Path, command: str, what: str) -> None:
    old, new, words = EDITED[what]
    assert TINY.count(old) == 1
    Path("bad.toml").write_text(TINY.replace(old, new))
    Path("out.json").write_text("kept")
    assert_refused(
        trainlab(command, "bad.toml", "--json", "out.json", "--html", "o.html"), "bad.toml", *words
    )
    assert Path("out.json").read_text() == "kept"
    assert sorted(path.name for path in folder.iterdir()) == ["bad.toml", "out.json", "tiny.toml"]


@pytest.mark.parametrize("command", ["study", "run"])
def test_no_study_at_all(trainlab: Caller, folder: Path, command: str) -> None:
    Path("empty.toml").write_text(" \n")
    Path("binary.toml").write_bytes(bytes(range(256)))
    Path("folder").mkdir()
    os.mkfifo("pipe")
    for name, word in {
        "empty.toml": "is empty",
        "binary.toml": "not a text file",
        "folder": "is a folder",
        "pipe": "is a pipe",
        "missing.toml": "no such file",
        "/dev/null": "is empty",
        "x" * 300: "",
        "tiny.toml/x": "can't be read",
        "nul\0": "",
        "\ud800": "",
    }.items():
        assert_refused(trainlab(command, name), word)
    assert not Path(".trainlab").exists()


def test_an_endless_device_ends(trainlab: Caller) -> None:
    assert_refused(trainlab("study", "/dev/zero"), "/dev/zero")


# Messages name options as they are typed, and leave all else as it is.


OPTIONS = ("--inputs", "--outputs", "--min-width", "--max-width", "--size", "-h")


@pytest.mark.parametrize(
    ("command", "message", "typed"),
    [
        ("budget", "inputs=0 is too small", "--inputs 0 is too small"),
        ("budget", "parameters=0 is too small", "PARAMETERS 0 is too small"),
        (
            "budget",
            "max_width=3 is below min_width=5; allowed are limits with min_width <= max_width: raise "
            "max_width.",
            "--max-width 3 is below --min-width 5; allowed are limits with --min-width <= --max-width: raise "
            "--max-width.",
        ),
        ("budget", "allowed are two widths, inputs first", "allowed are two widths, inputs first"),
        ("params", "widths = '2-x': must be", "NETWORK '2-x': must be"),
        ("map", "size = '3': must be", "--size '3': must be"),
        ("map", "baseline.size = 3: must be", "baseline.size = 3: must be"),
        ("study", "size = 3: must be", "size = 3: must be"),
    ],
)
def test_options_stand_as_typed(command: str, message: str, typed: str):
    assert as_typed(message, command, OPTIONS) == typed
