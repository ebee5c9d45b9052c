"""Each rule on a training with its fault, and on the same mended."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
from diagnosis.drawable import shown
from diagnosis.watched import diagnosed, faults

from trainlab.diagnosis.faults import ORDER

FOLDER = Path(__file__).parent / "faults"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "made")
PROVEN = {
    "constant_labels": "there is nothing but a constant to learn",
    "dead_relu": "a whole layer is silent to the end, and every answer is the same",
    "float16_underflow": "no weight is changed by any step",
    "label_dtype": "after the cast all targets are the same",
    "lr_too_low": "after all steps every weight is where it started",
    "missing_optimizer_step": "no parameter that the loss reaches ever changes",
    "no_nonlinearity": "the best line leaves 100% of the targets' variance",
    "nonfinite_values": "from then on every loss is NaN or infinite",
    "wrong_loss": "every step makes the distance larger",
    "zero_grad_misplaced": "no step has a gradient to apply",
    "zero_init": "no gradient reaches any weight",
}
"""What structure proves in these trainings; of all others only a trial can tell whether it is to blame."""
FIRST_OF_TWO = {"oscillating_loss": "lr_too_high", "saturated_activation": "bad_weight_init"}
"""Where one fault is the other's reason, the reason may come first."""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_found_and_blamed_first(name: str):
    module = importlib.import_module(f"diagnosis.faults.{name}")
    report = diagnosed(lambda: module.train(True), whole_process=name == "eval_on_train")
    assert report.troubles == ()
    found = faults(report)
    assert name in found
    assert found[0] in (name, FIRST_OF_TWO.get(name))
    finding = next(finding for finding in report.findings if finding.fault == name)
    assert finding.where
    assert finding.place.kind != "unknown"
    assert finding.evidence
    assert finding.remedy
    assert 0 < finding.confidence <= 1
    assert finding.proof.by == ("structure" if name in PROVEN else "nothing")
    assert finding.proof.words == PROVEN.get(name, finding.proof.words)
    assert finding.picture is not None
    _, text, page = shown(report)
    assert name in text
    assert f'id="{name}"' in page


@pytest.mark.parametrize("name", NAMES)
def test_the_same_mended_is_healthy(name: str):
    module = importlib.import_module(f"diagnosis.faults.{name}")
    report = diagnosed(lambda: module.train(False))
    assert faults(report) == []
    assert report.troubles == ()


def test_every_rule_has_a_training_that_it_finds():
    assert set(ORDER) - set(NAMES) == {"loss_plateau"}
    assert set(NAMES) <= set(ORDER)


def test_an_optimizer_that_was_made_too_early_is_made_again_by_its_own_line():
    module = importlib.import_module("diagnosis.faults.params_not_in_optimizer")
    finding = diagnosed(lambda: module.train(True)).findings[0]
    assert finding.code.startswith("opt = torch.optim.Adam(model.parameters(), lr=0.01)  #")
