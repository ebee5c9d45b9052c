"""Commands and options that can't be carried out: one clear line each, and nothing happens."""

import os
from pathlib import Path

import pytest
from cli.calling import TINY, Caller, assert_refused, call_apart

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
    (("budget", "44", "--inputs", "0", "--outputs", "1"), "--inputs 0 is too small"),
    ((*BUDGET, "--count", "--list"), "--count"),
    ((*BUDGET, "--list", "--sample", "2"), "--sample"),
    ((*BUDGET, "--min-width", "5", "--max-width", "2"), "--max-width 2 is below --min-width 5"),
    ((*BUDGET, "--sample", "9" * 30), "--sample"),
    ((*BUDGET, "--hidden-bias", "jes"), "'yes'"),
    (("new", "tiny.toml"), "exists already"),
    (("new", "nowhere/x.toml"), "does not exist"),
    (("new", "."), "is a folder"),
    (("new", "-"), "-"),
    (("doctor",), "trainlab doctor: SCRIPT is missing. For example: trainlab doctor train.py\n"),
    (("seeds",), "trainlab seeds: SCRIPT is missing. For example: trainlab seeds train.py -n 20\n"),
    (("race",), "trainlab race: WHAT is missing. For example: trainlab race 44 xor44"),
    (("map", "xor44"), "trainlab map: --x is missing. For example: trainlab map xor44"),
    (("map",), "trainlab map: FILE is missing."),
    (("params",), "trainlab params: NETWORK is missing. For example: trainlab params 2-11-1\n"),
    (("new",), "trainlab new: FILE is missing. For example: trainlab new first.toml\n"),
]


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
