"""``trainlab explain neuron``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused


def test_json_alone_on_stdout(trainlab: Caller) -> None:
    outcome = trainlab("explain", "neuron", "tiny.toml", "--cell", "small:A", "--seeds", "4", "--json", "-")
    assert (outcome.code, outcome.err) == (0, "")
    numbers = json.loads(outcome.out)["numbers"]
    assert (numbers["network"]["widths"], numbers["input"]) == ([2, 2, 1], [0, 1])
    assert numbers["stacks"][0]["linear"]["n"] == 4


def test_files_and_the_answer(trainlab: Caller) -> None:
    given = ["--layer", "2", "--input", "-1,0.5", "--seed", "2", "--initial", "--seeds", "3"]
    outcome = trainlab(
        "explain", "neuron", "tiny.toml", *given, "--details", "--html", "a.html", "--json", "a.json"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert "The neuron taken apart" in outcome.out
    assert "as seed 2 draws its weights, at input (−1, 0.5)" in " ".join(outcome.out.split())
    assert outcome.out.splitlines()[-2:] == ["report: a.html", "JSON: a.json"]
    assert Path("a.html").read_text().lower().startswith("<!doctype html>")
    assert json.loads(Path("a.json").read_text())["numbers"]["trained"] is False


WRONG: list[tuple[list[str], str]] = [
    (["missing.toml"], "missing.toml: no such file"),
    (["tiny.toml", "--layer", "3"], "layer = 3: 2-2-1 has 2 layers; give a whole number from 1 to 2"),
    (["tiny.toml", "--layer", "x"], "'x' is not a whole number"),
    (["tiny.toml", "--unit", "0"], "unit = 0: layer 1 of 2-2-1 has 2 units"),
    (["tiny.toml", "--point", "7"], "point = 7: the data have 4 examples"),
    (["tiny.toml", "--input", "0,nan"], "--input '0,nan': nan is not a finite number; give a finite one."),
    (["tiny.toml", "--input", ""], "--input '': '' is not a number; write numbers joined by commas, as 0,1."),
    (["tiny.toml", "--input", "1e999,0"], "--input '1e999,0': 1e999 is not a finite number"),
    (["tiny.toml", "--input", "1_0,0"], "--input '1_0,0': '1_0' is not a number"),
    (["tiny.toml", "--input", "1,2,3"], "the network takes 2 inputs"),
    (["tiny.toml", "--input", "0,1", "--point", "1"], "give only one of the two"),
    (["tiny.toml", "--seed", "-1"], "seed = -1: must be a whole number from 0"),
    (["tiny.toml", "--seeds", "0"], "--seeds 0"),
    (["tiny.toml", "--cell", ""], "--cell ''"),
    (["tiny.toml", "--cell", "smal:A"], "Did you mean 'small'?"),
    (["tiny.toml", "--engine", "fasst"], "'fast'"),
    (["tiny.toml", "--html", "-"], "--html -"),
    (["tiny.toml", "--json", "tiny.toml"], "same file"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[f"{words} {len(given)}" for given, words in WRONG])
def test_refused(trainlab: Caller, given: list[str], words: str) -> None:
    assert_refused(trainlab("explain", "neuron", *given), words)


@pytest.mark.process
def test_the_page_is_written_even_if_nobody_reads_on(tmp_path: Path) -> None:
    page = tmp_path / "neuron.html"
    options = f"--seeds 20 --store {tmp_path} --details --html {page}"
    line = f"{sys.executable} -m trainlab.cli.main explain neuron {options} | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "</html>" in page.read_text(encoding="utf-8")
