"""What the five commands of ``trainlab explain`` have in common."""

from __future__ import annotations

import pytest
from cli.calling import Caller, assert_refused

from trainlab.cli.explain_options import read_numbers
from trainlab.cli.options import UsageError
from trainlab.cli.telling import headed

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
    outcome = trainlab("explain", "neuron", "tiny.toml", "--seeds", "1")
    assert "What is a neuron? A neuron adds up" in outcome.out


def test_numbers() -> None:
    assert read_numbers("--input", " -1, .5,1e3") == [-1.0, 0.5, 1000.0]
    for text, words in (
        ("1,,2", "'' is not a number"),
        ("1_0", "'1_0' is not a number"),
        ("inf", "inf is not a finite number"),
    ):
        with pytest.raises(UsageError, match=f"--input '{text}': {words}"):
            read_numbers("--input", text)
