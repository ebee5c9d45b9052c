"""``trainlab explain loss``: terminal, JSON, page, and what it refuses."""

import json
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused

SMALL = ("--seeds", "8", "--workers", "1", "--store", "s")


@pytest.mark.trains
def test_json_alone_on_stdout_and_the_same_again(trainlab: Caller) -> None:
    first, again = (trainlab("explain", "loss", *SMALL, "--json", "-") for _ in range(2))
    assert (first.code, first.err) == (0, "")
    result = json.loads(first.out)
    assert (result["question"], result["numbers"]["pairing"]["loss"]) == ("loss", "l1")
    assert first.out == again.out


def test_terminal_page_and_named_losses(trainlab: Caller, folder: Path) -> None:
    outcome = trainlab(
        *("explain", "loss", "tiny.toml", *SMALL, "--loss", "l1", "--loss", "hinge"),
        *("--details", "--html", "l.html"),
    )
    assert (outcome.code, outcome.err) == (0, "")
    words = " ".join(outcome.out.split())
    for heading in (
        "Do output and loss fit the task?",
        "Losses and their slopes",
        "Outliers: L1, MSE and Huber",
    ):
        assert heading in words
    assert "tanh + hinge" in words
    assert "What is a loss? mse after tanh for two classes works" in words
    page = (folder / "l.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert "http:" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--loss", "mes"), "loss = 'mes': must be 'l1', 'mse'"),
        (("--seeds", "0"), "--seeds 0: must be a whole number from 1"),
        (("--engine", "slow"), "--engine 'slow': must be"),
        (("--cell", "Model 9:A"), "Model 9"),
        (("none.toml",), "none.toml"),
        (("--html", "-"), "--html -"),
        (("--json", "tiny.toml", "tiny.toml"), "is the same file"),
    ],
)
def test_wrong_use_is_one_line(trainlab: Caller, arguments: tuple[str, ...], words: str) -> None:
    assert_refused(trainlab("explain", "loss", *arguments), words)
