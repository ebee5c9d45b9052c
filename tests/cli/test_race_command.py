import json
from pathlib import Path

import pytest
from cli.calling import TINY, Caller, assert_refused, without_time

from trainlab.studies import RaceProgress

RACE = ("race", "13", "tiny.toml", "--inputs", "2", "--outputs", "1", "--min-width", "2")
"""Few networks."""
FEW = ("--seeds", "4", "--max-seeds", "8")


def test_networks_race_to_files_and_terminal(trainlab: Caller, folder: Path) -> None:
    outcome = trainlab(*RACE, *FEW, "--cell", "small:A", "--json", "r.json", "--html", "r.html")
    assert (outcome.code, outcome.err) == (0, "")
    data = json.loads((folder / "r.json").read_text())
    assert data["verdict"][:40] in outcome.out
    assert "report: r.html\nJSON: r.json\n" in outcome.out
    assert data["field"].endswith("trained with A")
    assert {item["parameters"] for item in data["candidates"]} == {13}
    assert "<!doctype html>" in (folder / "r.html").read_text()
    again = trainlab(*RACE, *FEW, "--cell", "small:A", "--json", "-")
    assert without_time(again.out) == without_time((folder / "r.json").read_text())
    assert json.loads(again.out)["how"]["time"]["trained_steps"] == 0


def test_a_grid_races(trainlab: Caller, folder: Path) -> None:
    (folder / "grid.toml").write_text(TINY + '[race]\n"optimizer.lr" = [0.01, 0.1]\nepochs = [5, 10]\n')
    outcome = trainlab("race", "grid.toml", *FEW, "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    assert len(json.loads(outcome.out)["candidates"]) == 4
    assert trainlab("study", "grid.toml", "--seeds", "2", "--json", "-").code == 0


def test_the_file_s_task_says_how_many_inputs_and_outputs(trainlab: Caller, folder: Path) -> None:
    short = ("race", "13", "tiny.toml", "--min-width", "2")
    given = trainlab(*RACE, *FEW, "--json", "-")
    for arguments in (short, (*short, "--inputs", "2"), (*short, "--outputs", "1", "--cell", "small:none")):
        outcome = trainlab(*arguments, *FEW, "--json", "-")
        assert (outcome.code, outcome.err) == (0, "")
        assert json.loads(outcome.out)["candidates"] == json.loads(given.out)["candidates"]


def test_limits_and_draws_are_passed_on(trainlab: Caller) -> None:
    limits = ("--hidden-bias", "any", "--output-bias", "any", "--max-width", "3")
    depth = ("--min-depth", "1", "--max-depth", "3", "--draw", "2", "--draw-seed", "5")
    data = json.loads(trainlab(*RACE, *FEW, *limits, *depth, "--json", "-").out)
    assert len(data["candidates"]) == 2
    assert "hidden bias any, output bias any, hidden widths 2 to 3, hidden layers 1 to 3" in data["field"]
    assert "(seed 5)" in data["field"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("race",), ("trainlab race: WHAT is missing. For example: trainlab race 44 xor44",)),
        (("race", "44"), ("race 44: give a study file as well, as in: race 44 xor44",)),
        (("race", "4.5", "tiny.toml"), ("race 4.5: must be a whole number of parameters",)),
        (("race", "44", "none.toml"), ("none.toml: no such file",)),
        (
            ("race", "44", "tiny.toml", "--inputs", "3"),
            ("inputs = 3, outputs = 1: the task 'xor' needs 2 and 1.",),
        ),
        (("race", "tiny.toml", "--inputs", "2"), ("give their number of parameters, as in: race 44 FILE",)),
        (("race", "tiny.toml", "--draw", "9"), ("--draw: draws networks; give their number",)),
        (("race", "tiny.toml"), ("the study has no [race] table",)),
        (("race", "none.toml"), ("none.toml: no such file",)),
        ((*RACE, "--seeds", "0"), ("--seeds 0: must be a whole number from 1",)),
        (
            (*RACE, "--max-seeds", "8"),
            ("--max-seeds 8: is less than the 32 seeds of the first round; raise it, or lower --seeds.",),
        ),
        ((*RACE, "--budget-seeds", "0"), ("--budget-seeds 0: must be",)),
        ((*RACE, "--budget-seeds", "5"), ("budget_seeds = 5: the first round alone takes",)),
        ((*RACE, "--draw", "1"), ("--draw 1: must be a whole number from 2",)),
        ((*RACE, "--engine", "fats"), ("Did you mean 'fast'?",)),
        ((*RACE, "--hidden-bias", "maybe"), ("hidden_bias", "maybe")),
        ((*RACE, "--cell", "medium"), ("network 'medium': the study has no such network",)),
        ((*RACE, "--html", "-"), ("--html -: the report is a page",)),
        ((*RACE, "--json", "no/r.json"), ("the folder no does not exist",)),
        (("race", "9999999999999999", "tiny.toml", "--inputs", "2", "--outputs", "1"), ("parameters",)),
    ],
)
def test_bad_options_are_one_line(
    trainlab: Caller, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_refused(trainlab(*arguments), *words)


def test_ctrl_c_is_130_and_goes_on(trainlab: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    from trainlab.cli import race as command

    def pressed(progress: RaceProgress) -> str:
        if not progress.training.stopping:
            signal.raise_signal(signal.SIGINT)
        return ""

    with monkeypatch.context() as patched:
        patched.setattr(command, "_round_words", pressed)
        stopped = trainlab(*RACE, *FEW, "--json", "r.json")
    assert stopped.code == 130
    assert "the same command, without --fresh, goes on from there" in stopped.err
    assert not Path("r.json").exists()
    assert trainlab(*RACE, *FEW, "--json", "r.json").code == 0
