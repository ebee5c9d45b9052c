"""Arguments of a script, and what is in its environment: not in what is passed on, unless asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from diagnosis.seeds.made import population, run

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.report.sections import report_sections
from trainlab.diagnosis.script.kept_arguments import in_words, sealed, told
from trainlab.diagnosis.seeds.sections import seeds_sections

GIVEN = ("--token", "s3cr3t")
SCRIPT = """
import os, sys, torch
assert sys.argv[1:] == ["--token", "s3cr3t"] and os.environ["API_KEY"] == "h1dd3n"
weight = torch.ones(3, requires_grad=True)
(weight * 2).sum().backward()
"""


def test_they_are_told_by_their_number_or_as_they_are():
    assert told(GIVEN, keep=False) == ["…", "…"]
    assert told(GIVEN, keep=True) == ["--token", "s3cr3t"]
    assert in_words(["…", "…"]) == "2 given; --keep-arguments keeps them"
    assert in_words(["--name", "a b"]) == "--name 'a b'"


def test_a_seal_tells_the_same_from_others():
    seal = sealed(GIVEN)
    assert sealed(GIVEN, seal) == seal
    assert sealed(GIVEN) != seal  # each has a salt of its own
    assert sealed(("--token", "s3cr3u"), seal) != seal
    assert sealed(("--tokens3cr3t",), seal) != seal
    assert sealed(()) == ""


@pytest.mark.parametrize("keep", [True, False])
def test_a_population_tells_them_only_where_asked(keep: bool):
    found = population(run(1, state="stuck"), run(2), arguments=GIVEN, keep_arguments=keep)
    data = found.to_dict()
    shown = str(seeds_sections(data))
    assert ("s3cr3t" in found.to_json()) is keep
    assert ("s3cr3t" in shown) is keep
    assert ("-- --token s3cr3t" if keep else "--seed 1 -- and its 2 arguments") in shown
    assert found.arguments == GIVEN


def test_the_card_of_a_report_says_how_many():
    report = diagnose(TrainingRecord(), ended={"how": "end", "code": 0}).to_dict()
    assert "arguments" not in {fact.label for fact in report_sections(report).card.facts}
    facts = {fact.label: fact.said for fact in report_sections(report | {"arguments": ["…"] * 2}).card.facts}
    assert facts["arguments"] == "2 given; --keep-arguments keeps them"


@pytest.mark.process
@pytest.mark.parametrize("keep", [True, False])
def test_a_report_has_neither_arguments_nor_environment(tmp_path: Path, keep: bool):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    options = ["--json", "report.json", "--html", "page.html", "--details", *(["--keep-arguments"] * keep)]
    whole = [sys.executable, "-m", "trainlab.cli.main", "doctor", *options, "train.py", *GIVEN]
    environment = {**os.environ, "API_KEY": "h1dd3n"}
    done = subprocess.run(whole, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    written = [(tmp_path / name).read_text(encoding="utf-8") for name in ("report.json", "page.html")]
    report: dict[str, Any] = json.loads(written[0])
    assert report["ended"] == {"how": "end", "code": 0}, done.stderr
    assert report["arguments"] == (list(GIVEN) if keep else ["…", "…"])
    assert all(("s3cr3t" in text) is keep for text in (*written, done.stdout))
    assert not any("h1dd3n" in text for text in (*written, done.stdout))
