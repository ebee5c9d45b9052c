"""``trainlab endings``: the answer, JSON, what it refuses."""

import json
from pathlib import Path

import pytest
from cli.calling import TINY, Caller, assert_refused, without_time

ENDINGS = ["endings", "tiny.toml", "--seeds", "6", "--longer", "2"]


def test_json_alone_on_stdout_and_the_same_again(trainlab: Caller) -> None:
    first, again = (trainlab(*ENDINGS, "--json", "-").out for _ in range(2))
    result = json.loads(first)
    assert (result["kind"], result["cell"], result["longer"]) == ("endings", "small:none", 2)
    assert result["failed"] == len(result["endings"]) == 6 - result["solved"]
    assert sum(each["runs"]["k"] for each in result["kinds"]) == result["failed"]
    assert json.loads(again)["how"]["time"]["trained_steps"] == 0
    assert without_time(again) == without_time(first)


def test_the_answer_fits_a_terminal(trainlab: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = trainlab(*ENDINGS, "--cell", "large:A").out
    lines = out.splitlines()
    assert lines[0] == "large with A: where failed runs end"
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert "failed runs (83.3 %, 41.8 to 99.1 %) are still moving and 1 " in " ".join(out.split())
    more = trainlab(*ENDINGS, "--cell", "large:A", "--details").out
    assert "Failed runs at other thresholds" in more
    assert "many directions may be flat" in " ".join(more.split())


WRONG: list[tuple[list[str], str]] = [
    (["endings", "missing.toml"], "missing.toml: no such file"),
    ([*ENDINGS, "--cell", "small"], "means 2 cells; name one, as in 'small:none' or 'small:A'"),
    ([*ENDINGS, "--cell", ""], "--cell '': name a cell"),
    (["endings", "tiny.toml", "--longer", "0"], "--longer 0: must be a whole number from 1 to 1,000."),
    (["endings", "tiny.toml", "--seeds", "0"], "--seeds 0"),
    (["endings", "wide.toml"], "of 500 parameters at most; use a smaller network."),
    (["endings", "l1.toml"], "penalty.l1 = 0.01: has a kink wherever a weight is 0"),
    (["endings", "frozen.toml"], "frozen = [1]: where runs end is read of all parameters"),
    ([*ENDINGS, "--engine", "fasst"], "'fast'"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words for _, words in WRONG])
def test_refused(trainlab: Caller, folder: Path, given: list[str], words: str) -> None:
    (folder / "wide.toml").write_text('network = "2-200-1"\n')
    (folder / "l1.toml").write_text('network = "2-2-1"\npenalty.l1 = 0.01\n')
    (folder / "frozen.toml").write_text('network = "2-2-1"\nfrozen = [1]\n')
    assert_refused(trainlab(*given), words)
    assert Path("tiny.toml").read_text() == TINY
    assert not (folder / ".trainlab").exists()
