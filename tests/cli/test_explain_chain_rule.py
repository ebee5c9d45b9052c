"""``trainlab explain chain-rule``: files, JSON, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused

CHAIN = ("explain", "chain-rule")


def test_json_alone_on_stdout(trainlab: Caller) -> None:
    outcome = trainlab(*CHAIN, "--seeds", "8", "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    result = json.loads(outcome.out)
    assert result["question"] == "chain-rule"
    assert result["numbers"]["network"] == {"label": "4-3-2-1", "widths": [4, 3, 2, 1], "parameters": 26}
    checks = result["numbers"]["checks"]
    assert checks["paths"] == pytest.approx(checks["autograd"], rel=1e-12)


def test_sections_files_and_the_answer_last(trainlab: Caller) -> None:
    outcome = trainlab(*CHAIN, "--seeds", "8", "--details", "--html", "a.html", "--json", "a.json")
    assert (outcome.code, outcome.err) == (0, "")
    text = " ".join(outcome.out.split())
    for words in ("Forward: from the inputs to the loss", "Every path from w1[3,4]", "Downhill:", "2 paths"):
        assert words in text
    assert text.index("Forward:") < text.index("Every path") < text.index("What is the chain rule?")
    assert outcome.out.splitlines()[-2:] == ["report: a.html", "JSON: a.json"]
    assert Path("a.html").read_text().lower().startswith("<!doctype html>")


@pytest.mark.trains
def test_a_file_a_cell_a_network_a_weight_and_a_point(trainlab: Caller) -> None:
    words = ("tiny.toml", "--cell", "large:A", "--network", "2-4-4-1", "--weight", "w1.2.1", "--seeds", "3")
    point = ("--input", "-0.5,1", "--target", "1", "--seed", "5", "--engine", "torch")
    result = json.loads(trainlab(*CHAIN, *words, *point, "--json", "-").out)
    numbers = result["numbers"]
    assert (numbers["network"]["label"], numbers["weight"], numbers["seed"]) == ("2-4-4-1", "w1[2,1]", 5)
    assert numbers["inputs"] == [-0.5, 1.0]
    assert numbers["paths"]["count"] == 4


@pytest.mark.trains
def test_a_thousand_million_paths_are_no_error(trainlab: Caller) -> None:
    outcome = trainlab(*CHAIN, "--network", "2-64-64-64-64-64-64-1", "--seeds", "2")
    assert (outcome.code, outcome.err) == (0, "")
    assert "1,073,741,824 paths" in " ".join(outcome.out.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--weight", "w9[1,1]"), "there is no layer 9; the network has layers 1 to 3"),
        (("--weight", "first"), "is no weight's name; write w2[1,3]"),
        (("--input", "nan,1", "--target", "1"), "--input 'nan,1': nan is not a finite number"),
        (("--input", "0,x", "--target", "1"), "--input '0,x': 'x' is not a number"),
        (("--input", "0,1"), "--input: is given without --target"),
        (("--target", "1"), "--target: is given without --input"),
        (
            ("--input", "1,2,3", "--target", "1", "--network", "4-3-1"),
            "has 3 numbers, but 4-3-1 has 4 inputs",
        ),
        (("xor44", "--input", "0", "--target", "1"), "has 1 number, but 2-5-4-1 has 2 inputs"),
        (("--input", "1,2,3,4", "--target", "0,1"), "has 2 numbers, but 4-3-2-1 has 1 output"),
        (("--point", "17"), "point = 17: the data have 16 examples; give a whole number from 1 to 16"),
        (("--point", "1.5"), "'1.5' is not a whole number"),
        (("--network", "2-64-64-64-64-64-64-1", "--paths", "all"), "has 1,073,741,824 paths to the loss"),
        (("--network", "2-x-1"), "widths = '2-x-1'"),
        (("--paths", "none"), "--paths"),
        (("--seed", "-1"), "seed = -1"),
        (("--seeds", "0"), "--seeds 0: must be a whole number from 1"),
        (("--engine", "quick"), "--engine 'quick': must be 'auto'"),
        (("--cell", ""), "--cell '': name a cell"),
        (("--html", "-"), "--html -: the report is a page"),
        (("tiny.toml", "--json", "tiny.toml"), "is the same file as FILE"),
        (("nowhere.toml",), "nowhere.toml: no such file"),
    ],
)
def test_what_is_refused(trainlab: Caller, arguments: tuple[str, ...], words: str) -> None:
    assert_refused(trainlab(*CHAIN, *arguments), words)
