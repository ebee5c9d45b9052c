"""``trainlab explain learning-rate``: sections, files, and what it refuses."""

import json
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused

QUICK = ["--rates", "1e-3..1:3", "--seeds", "4", "--engine", "fast", "--schedule", "step"]
ASK = ["explain", "learning-rate"]


@pytest.mark.trains
def test_sections_then_the_answer_then_the_files(trainlab: Caller) -> None:
    outcome = trainlab(*ASK, "tiny.toml", *QUICK, "--details", "--json", "a.json", "--html", "a.html")
    assert (outcome.code, outcome.err) == (0, "")
    headings = [
        line for line in outcome.out.splitlines() if line.startswith(("One step", "Checked", "What is"))
    ]
    assert [each[:8] for each in headings] == ["One step", "Checked ", "What is "]
    assert outcome.out.splitlines()[-2:] == ["report: a.html", "JSON: a.json"]
    data = json.loads(Path("a.json").read_text())
    assert (data["question"], data["numbers"]["cell"]) == ("learning-rate", "small")
    page = Path("a.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert all(f'id="{part["name"]}"' in page for part in data["sections"])


@pytest.mark.trains
def test_json_alone_and_schedules_given_again(trainlab: Caller) -> None:
    outcome = trainlab(
        *ASK, "tiny.toml", "--cell", "large:A", *QUICK, "--schedule", "one_cycle:max_lr=0.1", "--json", "-"
    )
    assert (outcome.code, outcome.err) == (0, "")
    numbers = json.loads(outcome.out)["numbers"]
    assert [each["label"] for each in numbers["comparison"]] == ["constant", "step", "one_cycle:max_lr=0.1"]
    assert numbers["experiment"]["optimizer"]["name"] == "adam"
    assert [each["rate"] for each in numbers["rates"]] == pytest.approx([1e-3, 0.0316228, 1], rel=1e-5)


@pytest.mark.trains
def test_help_and_a_default(trainlab: Caller) -> None:
    outcome = trainlab(*ASK, "--help")
    assert outcome.code == 0
    assert "--schedule" in outcome.out
    outcome = trainlab(*ASK, *QUICK, "--json", "-")
    assert json.loads(outcome.out)["numbers"]["cell"] == "Model 2:B+E"


WRONG: list[tuple[list[str], str]] = [
    (["missing.toml"], "missing.toml: no such file"),
    (["--rates", "0.1"], "rates = '0.1': must be LOW..HIGH"),
    (["--rates", "0..1"], "each must be a finite number above 0"),
    (["--rates=-1..1"], "each must be a finite number above 0"),
    (["--rates", "nan..1"], "each must be a finite number above 0"),
    (["--rates", "1..1"], "a grid of one rate shows nothing"),
    (["--schedule", "stepp"], "Did you mean 'step'?"),
    (["--schedule", "step:size=3"], "schedule.size: unknown field"),
    (["--schedule", "exponential:gamma=nan"], "gamma = nan"),
    (["--schedule", "step:"], "no setting follows"),
    (["--seeds", "0"], "--seeds 0"),
    (["--seeds", "1.5"], "--seeds"),
    (["--engine", "fasst"], "'fast'"),
    (["--cell", ""], "--cell '': name a cell"),
    (["--cell", "nobody:A"], "'nobody'"),
    (["--html", "-"], "--html -"),
    (["--json", "x", "--html", "x"], "same file"),
    (["tiny.toml", "--json", "tiny.toml"], "same file"),
    (["--json", "nowhere/a.json"], "does not exist"),
    (["--workers", "0"], "--workers 0"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[" ".join(given) for given, _ in WRONG])
def test_refused(trainlab: Caller, given: list[str], words: str) -> None:
    assert_refused(trainlab(*ASK, *given), words)
