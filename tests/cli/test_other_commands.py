import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused, command, environment

BUDGET = ("budget", "44", "--inputs", "2", "--outputs", "1")


def test_params(trainlab: Caller) -> None:
    assert trainlab("params", "2-11-1", "--output-bias", "no").out == (
        "2-11-1 (no bias: output)\n"
        "layer   in  out  weights  biases  parameters\n"
        "1        2   11       22      11          33\n"
        "output  11    1       11       0          11\n"
        "total                 33      11          44\n"
    )
    assert json.loads(trainlab("params", "2-11-1", "--json").out)["parameters"] == 45


def test_budget_counts_exactly(trainlab: Caller) -> None:
    assert trainlab(*BUDGET, "--count").out == "592109928932\n"
    assert json.loads(trainlab(*BUDGET, "--count", "--json").out) == {"count": 592109928932}
    assert trainlab(*BUDGET).out.startswith("592,109,928,932 fully connected networks")
    assert json.loads(trainlab(*BUDGET, "--json").out)["count"] == 592109928932


def test_budget_lists_as_many_as_it_counts(trainlab: Caller) -> None:
    asked = (*BUDGET, "--hidden-bias", "yes", "--min-width", "2")
    lines = trainlab(*asked, "--list").out.splitlines()
    assert len(lines) == int(trainlab(*asked, "--count").out) == len(set(lines))
    assert len(trainlab(*asked, "--list", "--json").out.splitlines()) == len(lines)
    drawn = trainlab(*asked, "--draw", "3", "--draw-seed", "1").out
    assert drawn == trainlab(*asked, "--sample", "3", "--seed", "1").out  # older names of the same
    assert drawn != trainlab(*asked, "--draw", "3", "--draw-seed", "2").out
    assert set(drawn.splitlines()) <= set(lines)


def test_a_list_streams_and_may_be_left(folder: Path) -> None:
    listing = subprocess.Popen(
        command(*BUDGET, "--list", "--limit", "100000000"),
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert listing.stdout is not None
    assert listing.stderr is not None
    with listing, listing.stdout as lines:
        assert all(next(lines).startswith("2-") for _ in range(3))
        lines.close()
        assert listing.stderr.read() == ""
    assert listing.returncode == 0


def test_a_list_too_long_to_read_is_refused_and_says_how_to_shorten_it(trainlab: Caller) -> None:
    assert_refused(
        trainlab(*BUDGET, "--list"),
        "--list: would print 592,109,928,932 networks. Give --limit N",
        "--draw N",
    )
    outcome = trainlab(*BUDGET, "--list", "--limit", "3")
    assert (outcome.code, len(outcome.out.splitlines())) == (0, 3)
    assert outcome.err == "trainlab: the first 3 of 592,109,928,932 networks.\n"
    assert_refused(trainlab(*BUDGET, "--limit", "3"), "--limit 3: says how many --list prints")
    assert_refused(trainlab(*BUDGET, "--list", "--limit", "0"), "--limit 0: must be a whole number from 1")


def test_no_network_is_said_in_words(trainlab: Caller) -> None:
    none = ("--min-width", "30", "--min-depth", "1")
    outcome = trainlab(*BUDGET, *none, "--list")
    assert (outcome.code, outcome.out) == (0, "")
    assert "No fully connected network from 2 inputs to 1 output has exactly 44" in outcome.err
    assert "The smallest under these limits has 90." in outcome.err
    assert "The smallest under these limits has 90." in trainlab(*BUDGET, *none).out


@pytest.mark.parametrize("name", ["mine.toml", "a\nb.toml", "{x}.toml", "-", "with space.toml"])
def test_new_then_study(trainlab: Caller, name: str) -> None:
    path = f"./{name}"
    assert trainlab("new", path).code == 0
    outcome = trainlab("study", path, "--seeds", "2", "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(json.loads(outcome.out)["cells"]) == 8


@pytest.mark.process
def test_help_waits_for_no_engine(folder: Path) -> None:
    script = """if True:
        import sys
        from trainlab.cli.main import app
        for name in ("study", "run", "race", "params", "budget", "show", "new"):
            app([name, "--help"], result_action="return_value")
        app(["--help"], result_action="return_value")
        heavy = {"torch", "llvmlite", "scipy"} & set(sys.modules)
        sys.exit(f"imported {heavy}" if heavy else 0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment(),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("Usage: trainlab") == 8


def test_help_and_version_exit_with_0(trainlab: Caller) -> None:
    for arguments in (["--help"], [], ["study", "--help"], ["budget", "-h"], ["--version"]):
        outcome = trainlab(*arguments)
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.strip()
