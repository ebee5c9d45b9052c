"""What the five commands of ``trainlab explain`` have in common."""

from __future__ import annotations

import json
from inspect import signature
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cli.calling import Caller, assert_refused
from rich.console import Console

import trainlab.explain
from trainlab.cli import explain
from trainlab.cli.commands import QUESTIONS
from trainlab.cli.explain import headed, read_numbers
from trainlab.cli.options import UsageError
from trainlab.draw import terminal_table

FIVE = ("neuron", "learning-rate", "init", "loss", "chain-rule")
WRONG = [
    (("--seeds", "0"), "--seeds 0: must be a whole number from 1 to 1,000,000."),
    (("--seeds", "1000001"), "--seeds 1000001: must be a whole number from 1 to 1,000,000."),
    (("--seeds", "1.5"), "'1.5' is not a whole number"),
    (("--workers", "0"), "--workers 0: must be a whole number from 1 to 1,024."),
    (("--engine", "fasst"), "--engine 'fasst': must be 'auto'"),
    (("--cell", ""), "--cell '': name a cell"),
    (("--html", "-"), "--html -: the report is a page"),
    (("--json", "tiny.toml"), "--json tiny.toml: is the same file as FILE"),
    (("--json", "nowhere/a.json"), "does not exist"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words[:30] for _, words in WRONG])
@pytest.mark.parametrize("name", FIVE)
def test_refused(trainlab: Caller, name: str, given: tuple[str, ...], words: str) -> None:
    assert_refused(trainlab("explain", name, "tiny.toml", *given), words)


def test_a_title_that_asks_has_no_colon_behind_it(trainlab: Caller) -> None:
    assert headed("What is a neuron?") == "What is a neuron?"
    assert headed("The loss of 2-2-1") == "The loss of 2-2-1:"
    outcome = trainlab("explain", "neuron", "tiny.toml", "--seeds", "1", "--details")
    assert "What is a neuron? A neuron adds up" in outcome.out


@pytest.mark.parametrize("name", [question.name.replace("-", "_") for question in QUESTIONS])
def test_what_is_left_out_is_what_the_function_takes(name: str) -> None:
    of_command = signature(getattr(explain, f"{name}_command")).parameters
    of_function = signature(getattr(trainlab.explain, name)).parameters
    if name != "chain_rule":  # whose own network has no name to be given by
        assert of_command["file"].default == of_function["source"].default
    same = set(of_command) & set(of_function)
    assert {of_command[each].default == of_function[each].default for each in same} == {True}


SMALL = {
    "learning-rate": ("--rates", "1e-3..1:3", "--schedule", "step"),
    "init": ("--scheme", "default", "--scheme", "he_normal", "--depth", "3", "--width", "12"),
}


@pytest.mark.trains
@pytest.mark.parametrize("name", FIVE)
def test_the_answer_fits_a_screen_and_no_word_of_any_table_breaks(
    trainlab: Caller, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = trainlab("explain", name, "tiny.toml", "--seeds", "2", *SMALL.get(name, ()), "--json", "a.json")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    data = json.loads(Path("a.json").read_text())
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert " ".join(outcome.out.split()).startswith(f"{data['title']} {data['answer']['sentence']}")
    assert all(part["heading"] in " ".join(outcome.out.split()) for part in data["sections"])
    tables = [data["answer"]["table"], *(table for part in data["sections"] for table in part["tables"])]
    assert len(tables) > 4
    for table in tables:
        words, printed = whole_words(table["headers"], table["rows"], table["title"])
        assert words <= printed


def whole_words(headers: list[str], rows: list[list[Any]], title: str) -> tuple[set[str], set[str]]:
    """The words of a table's texts, and those that are printed of it in 80 columns."""
    out = StringIO()
    Console(file=out, width=80).print(terminal_table(headers, rows, title=title))
    assert max(len(line.rstrip()) for line in out.getvalue().splitlines()) <= 80
    texts = [*headers, title, *(cell for row in rows for cell in row if isinstance(cell, str))]
    return {word for text in texts for word in text.split()}, set(out.getvalue().split())


def test_numbers() -> None:
    assert read_numbers("--input", " -1, .5,1e3") == [-1.0, 0.5, 1000.0]
    for text, words in (
        ("1,,2", "'' is not a number"),
        ("1_0", "'1_0' is not a number"),
        ("inf", "inf is not a finite number"),
    ):
        with pytest.raises(UsageError, match=f"--input '{text}': {words}"):
            read_numbers("--input", text)


def test_only_some_sections(trainlab: Caller) -> None:
    outcome = trainlab("explain", "chain-rule", "tiny.toml", "--only", "paths, forward", "--json", "a.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Forward: from the inputs to the loss\n")
    assert "Every path from" in outcome.out
    assert "More with --details" not in outcome.out
    data = json.loads(Path("a.json").read_text())
    assert [part["name"] for part in data["sections"]] == ["forward", "paths"]
    assert (data["verdict"], data["answer"]) == ("", None)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("chain-rule", "pahts", "--only 'pahts': must be 'forward', 'paths', 'backward', 'layers', "),
        ("neuron", "apart,planes", "Did you mean 'plane'?"),
        ("loss", "", "--only '': must be 'pairing', "),
    ],
)
def test_only_what_there_is(trainlab: Caller, name: str, given: str, words: str) -> None:
    assert_refused(trainlab("explain", name, "tiny.toml", "--only", given), words)
