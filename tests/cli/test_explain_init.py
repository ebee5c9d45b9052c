"""``trainlab explain init``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused

SMALL = ("--seeds", "6", "--depth", "3", "--width", "12", "--scheme", "default", "--scheme", "he_normal")


def test_json_alone_on_stdout(trainlab: Caller) -> None:
    outcome = trainlab("explain", "init", "tiny.toml", *SMALL, "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    numbers = json.loads(outcome.out)["numbers"]
    assert numbers["stack"]["depth"] == 3
    assert [each["scheme"] for each in numbers["stack"]["signals"]] == ["default", "he_normal"]
    assert {each["case"] for each in numbers["claims"]} == {"small", "large"}
    assert numbers["seeds"] == 6


@pytest.mark.trains
def test_sections_answer_and_files(trainlab: Caller) -> None:
    outcome = trainlab(
        "explain",
        "init",
        "tiny.toml",
        "--cell",
        "large:A",
        *SMALL,
        "--activation",
        "relu",
        "--details",
        "--html",
        "a.html",
    )
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].strip() == "The schemes"
    assert "A deep stack: 3 layers of 12 relu units" in outcome.out
    assert "trained as large with A is (xor, adam with lr 0.05" in " ".join(outcome.out.split())
    assert lines[-1] == "report: a.html"
    page = Path("a.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert page.count("<svg") == 6
    assert 'id="sizes"' in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--scheme", "he_norml"), ("scheme = 'he_norml'", "Did you mean 'he_normal'?")),
        (("--activation", "softmax"), ("activation = 'softmax'", "must be 'linear'")),
        (("--depth", "0"), ("depth = 0", "from 1 to 1,000")),
        (("--depth", "1.5"), ("'1.5' is not a whole number",)),
        (("--width", "-3"), ("width = -3",)),
        (("--seeds", "0"), ("--seeds 0",)),
        (("--engine", "quick"), ("--engine 'quick'",)),
        (("--cell", ""), ("--cell ''",)),
        (("--cell", "tall"), ("network 'tall'",)),
        (("--html", "-"), ("--html -",)),
        (("--json", "tiny.toml"), ("--json tiny.toml", "is the same file as FILE")),
    ],
)
def test_what_is_refused(trainlab: Caller, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_refused(trainlab("explain", "init", "tiny.toml", *arguments), *words)


def test_a_file_that_is_none(trainlab: Caller) -> None:
    assert_refused(trainlab("explain", "init", "none.toml"), "none.toml")
