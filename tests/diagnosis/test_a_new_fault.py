"""A fault is one file and its name in a list: what that brings to reports, pages, docs and ``--try``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import torch

import trainlab
from measure import blocks
from trainlab.cli.doctor import fault_lines, index_lines
from trainlab.diagnosis import faults

FILE = '''
"""A learning rate above 1."""

from trainlab.diagnosis.edits import setting
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import bars
from trainlab.diagnosis.remedies.remedy import rate_times

MOST = 1.0


def judge(training):
    for one in training.stepped:
        if one.lr[0][1] > MOST:
            evidence = (f"lr = {one.lr[0][1]:g}",)
            return Finding(where=one.kind, confidence=0.5, evidence=evidence, remedy="Less.")
    return None


def _picture(training):
    return bars("Learning rates", "lr", [(one.kind, one.lr[0][1]) for one in training.stepped])


FAULT = Fault(
    name="rate_above_one",
    family="Settings",
    title="the learning rate is above 1",
    what="Hardly any network learns by such steps.",
    formula=f"The rate is above {MOST:g}; of 100 networks {MOST:.0%} learns.",
    source="A fact.",
    silent="it isn't.",
    remedy="A rate below 1.",
    judge=judge,
    picture=_picture,
    edit=setting("lr", lambda rate: rate / 1000),
    remedies=(rate_times(0.001),),
    explains=(Explains(("lr_too_high", "nonfinite_values", "exploding_gradient"), "it is a huge step"),),
    signals=("update ratio",),
)
'''


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The file in the folder, its name first in the order of blame."""
    (tmp_path / "rate_above_one.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(faults, "__path__", [*faults.__path__, str(tmp_path)])
    monkeypatch.setattr(faults, "ORDER", ("rate_above_one", *faults.ORDER))
    importlib.invalidate_caches()
    faults.all_faults.cache_clear()
    yield
    faults.all_faults.cache_clear()
    sys.modules.pop("trainlab.diagnosis.faults.rate_above_one", None)


def train() -> None:
    x = torch.randn(64, 3)
    model = torch.nn.Linear(3, 1)
    opt = torch.optim.SGD(model.parameters(), lr=50.0)
    for _ in range(80):
        opt.zero_grad()
        torch.nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        opt.step()


@pytest.mark.trains
@pytest.mark.usefixtures("known")
def test_it_is_told_drawn_edited_tried_and_explains():
    report = trainlab.doctor(train, try_=True, seeds=1, budget=60)
    first, *others = report.findings
    assert (first.fault, first.title) == ("rate_above_one", "the learning rate is above 1")
    assert "(rate_above_one)" in report.verdict
    assert "+ opt = torch.optim.SGD(model.parameters(), lr=0.05)" in first.code
    assert first.picture is not None
    assert "rate_above_one" in {one.consequence_of for one in others}
    assert first.tried["remedies"][0]["verdict"] == "mended"
    text, page = report.details(), trainlab.diagnosis_html(report)
    assert "the learning rate × 0.001" in text
    assert 'id="rate_above_one"' in page
    assert "Hardly any network learns by such steps." in page


@pytest.mark.usefixtures("known")
def test_it_is_in_the_docs_and_the_command():
    made = blocks.load("faults")
    assert "  - [`rate_above_one`](#rate_above_one): the learning rate is above 1" in made.index()
    section = made.sections().partition("### rate_above_one")[2].partition("##")[0]
    assert "The rate is above 1; of 100 networks 100 % learns." in section
    assert "of `faults/rate_above_one.py`: `MOST = 1`" in section
    assert "| [`rate_above_one`](#rate_above_one) | [`lr_too_high`](#lr_too_high), " in made.explained()
    (row,) = [line for line in made.signals().splitlines() if line.startswith("| update ratio |")]
    assert "| [`rate_above_one`](faults.md#rate_above_one), " in row
    assert any(line.startswith("  rate_above_one ") for line in index_lines(details=True))
    assert "brings     lr_too_high" in "\n".join(fault_lines(faults.all_faults()["rate_above_one"]))
    assert "rate_above_one" in "\n".join(fault_lines(faults.all_faults()["lr_too_high"]))
