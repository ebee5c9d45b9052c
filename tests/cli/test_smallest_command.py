"""``trainlab race 7..9 FILE``: the fewest parameters that are enough, and what is refused."""

import json
import signal
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused, without_time

from trainlab.studies import BudgetProgress

RANGE = ("race", "7..9", "tiny.toml", "--min-width", "2", "--max-depth", "1", "--cell", "small:A")
FEW = ("--seeds", "4", "--max-seeds", "8")


def test_a_range_of_parameters_races_to_files_and_terminal(trainlab: Caller, folder: Path) -> None:
    outcome = trainlab(*RANGE, *FEW, "--until", "90%", "--json", "r.json", "--html", "r.html")
    assert (outcome.code, outcome.err) == (0, "")
    data = json.loads((folder / "r.json").read_text())
    assert (data["kind"], data["share"], data["asked"]) == ("smallest budget", 0.9, [7, 8, 9])
    assert [item["parameters"] for item in data["budgets"]] == [7, 8, 9]
    assert data["field"].endswith("hidden widths ≥ 2, hidden layers 0 to 1), trained with A")
    assert data["verdict"][:40] in outcome.out
    assert "report: r.html\nJSON: r.json\n" in outcome.out
    page = (folder / "r.html").read_text()
    assert "<!doctype html>" in page
    assert "judged on 8 to 15 at most" in page
    again = trainlab(*RANGE, *FEW, "--until", "0.9", "--json", "-")
    assert without_time(again.out) == without_time((folder / "r.json").read_text())
    assert json.loads(again.out)["how"]["time"]["trained_steps"] == 0
    details = trainlab(*RANGE, *FEW, "--until", "90 %", "--details")
    assert "fast engine" in details.out
    assert "--details" not in details.out


def test_it_ends_with_the_first_that_is_enough_unless_all_are_asked_for(trainlab: Caller) -> None:
    first = json.loads(trainlab(*RANGE, "--max-seeds", "64", "--until", "0.001%", "--json", "-").out)
    asked = ("--max-seeds", "64", "--until", "0.001%", "--every-budget", "--json", "-")
    every = json.loads(trainlab(*RANGE, *asked).out)
    assert len(first["budgets"]) <= len(every["budgets"]) == 3
    assert every["ended"] == "all"
    assert first["budgets"] == every["budgets"][: len(first["budgets"])]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("race", "5..13"), "race 5..13: give a study file as well, as in: race 5..13 xor44"),
        (("race", "13..5", "tiny.toml"), "race 13..5: must rise from 1 or more, over at most 1,000 numbers"),
        (("race", "0..5", "tiny.toml"), "race 0..5: must rise from 1 or more"),
        (("race", "5..5000", "tiny.toml"), "race 5..5000: must rise from 1 or more, over at most 1,000"),
        (("race", "5...9", "tiny.toml"), "race 5...9: a range of parameters is written as in: race 5..13"),
        (("race", "5..9", "none.toml"), "none.toml: no such file"),
        (
            (*RANGE, "--until", "105%"),
            "--until 105%: must be a share of the seeds between 0 and 100 %, as in 95%",
        ),
        ((*RANGE, "--until", "most"), "--until most: must be a share"),
        ((*RANGE, "--draw", "9"), "--draw, --budget-seeds: in a range all networks race until each number"),
        ((*RANGE, "--budget-seeds", "9"), "leave these out of race 7..9"),
        ((*RANGE, "--inputs", "3"), "inputs = 3, outputs = 1: the task 'xor' needs 2 and 1."),
        ((*RANGE, "--max-seeds", "8"), "--max-seeds 8: is less than the 32 seeds of the first round"),
        ((*RANGE, "--html", "-"), "--html -: the report is a page"),
        (("race", "40..44", "tiny.toml"), "43,549,069,297 networks have 40 parameters, and at most 100,000"),
        (
            ("race", "9", "tiny.toml", "--until", "95%"),
            "--until, --every-budget: need a range of parameters",
        ),
        (("race", "tiny.toml", "--every-budget"), "give one, as in: race 5..13 FILE"),
    ],
)
def test_bad_options_are_one_line(trainlab: Caller, arguments: tuple[str, ...], words: str) -> None:
    assert_refused(trainlab(*arguments), words)


def test_ctrl_c_is_130_and_goes_on(trainlab: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainlab.cli import race as command

    def pressed(progress: BudgetProgress) -> str:
        if not progress.training.stopping:
            signal.raise_signal(signal.SIGINT)
        return ""

    with monkeypatch.context() as patched:
        patched.setattr(command, "_budget_words", pressed)
        stopped = trainlab(*RANGE, *FEW, "--json", "r.json")
    assert stopped.code == 130
    assert "the same command, without --fresh, goes on from there" in stopped.err
    assert not Path("r.json").exists()
    assert trainlab(*RANGE, *FEW, "--json", "r.json").code == 0


def test_progress_says_which_budget_and_how_many_race() -> None:
    from trainlab.cli.race import _budget_words
    from trainlab.execution.plan import Workload, progress

    training = progress(Workload(), Workload(), elapsed=0.0)
    words = _budget_words(BudgetProgress(parameters=9, place=5, budgets=9, candidates=72, training=training))
    assert words == "9 parameters (5 of 9 at most), 72 in the race: "
