"""``trainlab run … --spike``: how a run unlearned, in the terminal, as JSON, as a page; what it refuses."""

import json
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused
from studies.spikes.spiking import TEXT, UNLEARNT

from trainlab.report.common import LINES

SPIKE = ["run", "spiking.toml", "--spike", "--seeds", str(UNLEARNT + 1)]


@pytest.fixture(autouse=True)
def spiking(folder: Path) -> None:
    (folder / "spiking.toml").write_text(TEXT)


@pytest.mark.trains
def test_what_happened_is_told_in_the_terminal_and_in_files(
    trainlab: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = trainlab(*SPIKE, "--json", "spike.json", "--html", "spike.html")
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[0] == "2-3-1: how a run unlearns"
    assert max(map(len, lines)) <= 80
    answer = [line for line in lines if not line.startswith(("JSON: ", "report: "))]
    assert len(answer) == len(lines) - 2
    assert len(answer) <= LINES
    words = " ".join(told.out.split())
    assert "Runs 1 of 5 seeds was solved at some time and isn't at the end: this one." in words
    assert "The cause?" in words
    result = json.loads(Path("spike.json").read_text())
    found = result["spike"]
    assert f"→ {found['step']:,}" in words
    assert (result["kind"], result["unlearnt"], found["seed"]) == ("spike", [UNLEARNT], UNLEARNT)
    assert "<svg" in Path("spike.html").read_text()
    more = trainlab(*SPIKE, "--details").out
    assert len(more.splitlines()) > 60
    assert "The step is −lr · m / (√v + eps)." in " ".join(more.split())
    assert "|step| " in more


@pytest.mark.trains
def test_where_no_run_was_unlearnt_one_line_says_so(trainlab: Caller) -> None:
    told = trainlab("run", "tiny.toml", "--spike", "--seeds", "3", "--cell", "large:none")
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "large: none of 3 seeds was solved at some time and not at the end. Ask more of them: --seeds 1000.\n"
    )
    assert trainlab("run", "tiny.toml", "--spike", "--seed", "3").out == (
        "small: seed 3 was never unlearnt: it never was solved and then not.\n"
    )


@pytest.mark.trains
def test_any_cell_can_be_run(trainlab: Caller) -> None:
    out = trainlab("run", "tiny.toml", "--seeds", "2", "--cell", "large:A", "--json", "-").out
    assert json.loads(out)["networks"][0]["widths"] == "2-3-1"


WRONG: list[tuple[list[str], str]] = [
    ([*SPIKE, "--cell", ""], "--cell '': name a cell"),
    ([*SPIKE, "--cell", "small:Q"], "'small'"),
    ([*SPIKE, "--seed", "-1"], "--seed -1: must be a whole number from 0 to"),
    ([*SPIKE, "--why", "3"], "--why 3: is about many runs, --spike about one"),
    ([*SPIKE, "--fidelity", "3"], "--fidelity 3: is about many runs, --spike about one"),
    (["run", "tiny.toml", "--seed", "3"], "--seed 3: is the run that --spike takes apart; add --spike"),
    (["run", "long.toml", "--spike"], "times 9 parameters are more than 5,000,000. Train for fewer epochs."),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words for _, words in WRONG])
def test_refused(trainlab: Caller, folder: Path, given: list[str], words: str) -> None:
    (folder / "long.toml").write_text('network = "2-2-1"\nepochs = 1_000_000\n')
    assert_refused(trainlab(*given), words)
    assert not (folder / ".trainlab").exists()
