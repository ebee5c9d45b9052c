"""An activation right before a loss of logits: a fault where it keeps answers from the loss, else a note."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.made import blobs, fit
from diagnosis.remedies.made_runs import finding
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional

from trainlab.diagnosis import Report
from trainlab.diagnosis.faults import remedies_for
from trainlab.diagnosis.remedies.applying import Applied

FAULT = "loss_activation_mismatch"


def stacked(*last: nn.Module, bias: float = 0.0) -> Report:
    x, y = blobs(classes=6)

    def train() -> None:
        model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 6), *last)
        with torch.no_grad():
            model[2].bias += bias
        fit(model, torch.optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss(), x, y, epochs=8)

    return diagnosed(train)


def dead_classes(last: nn.Module) -> Report:
    """The logits of two classes are below 0 for every row: behind a ReLU they stay there."""
    x, y = blobs(classes=6)

    def train() -> None:
        model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 6))
        with torch.no_grad():
            model[2].bias[:2] = -20
        model.append(last)
        fit(model, torch.optim.SGD(model.parameters(), lr=0.05), nn.CrossEntropyLoss(), x, y, epochs=8)

    return diagnosed(train)


@pytest.mark.parametrize("last", [nn.ReLU(), nn.ReLU(inplace=True)])
def test_classes_that_a_relu_keeps_at_0(last: nn.Module):
    report = dead_classes(last)
    assert faults(report)[:1] == [FAULT]
    finding = report.findings[0]
    assert "into the loss at" in finding.where
    words = " ".join(finding.evidence)
    assert re.search(r"[2-5] of the 6 classes had a logit of 0 in every row of 20 batches", words)
    assert "log 6 = 1.79" in words
    assert finding.picture is not None
    assert [node["label"] for node in finding.picture["nodes"] if node["wrong"]]


def test_a_relu_that_is_limited_above_too_clips_as_much():
    report = dead_classes(nn.ReLU6())
    assert faults(report)[:1] == [FAULT]
    assert "that of the right class" in " ".join(report.findings[0].evidence)


def test_without_the_relu_they_come_back():
    assert FAULT not in faults(dead_classes(nn.Identity()))


@pytest.mark.parametrize("last", [nn.LeakyReLU(), nn.Softplus(), nn.Hardtanh(-30, 30), nn.Identity()])
def test_what_clips_nothing_that_matters_is_not_spoken_of(last: nn.Module):
    report = stacked(last)
    assert FAULT not in [one.fault for one in (*report.findings, *report.notes)]


def test_a_relu_with_which_the_training_learns_is_a_note():
    report = stacked(nn.ReLU(), bias=5.0)
    assert faults(report) == []
    assert [one.fault for one in report.notes if one.fault == FAULT] == [FAULT]


def test_outputs_that_a_factor_takes_on_are_no_logits():
    x, y = blobs(classes=6)

    def train() -> None:
        model = nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 6), nn.Tanh())

        def loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return functional.cross_entropy(10 * out, target)

        fit(model, torch.optim.Adam(model.parameters(), lr=0.01), loss, x, y)

    report = diagnosed(train)
    assert FAULT not in [one.fault for one in (*report.findings, *report.notes)]


def test_targets_of_0_or_more_behind_a_relu_are_no_logits():
    def train() -> None:
        x = torch.randn(600, 4)
        y = functional.relu(x[:, :1] + x[:, 1:2])
        model = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1), nn.Softplus(), nn.ReLU())
        fit(model, torch.optim.Adam(model.parameters(), lr=0.01), functional.mse_loss, x, y)

    assert faults(diagnosed(train)) == []


def yes_or_no(act: Callable[[torch.Tensor], torch.Tensor]) -> Report:
    def train() -> None:
        x = torch.randn(600, 4)
        y = (x[:, :1] + x[:, 1:2] > 0).float()
        model = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1))

        def loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return functional.binary_cross_entropy_with_logits(act(out), target)

        fit(model, torch.optim.Adam(model.parameters(), lr=0.01), loss, x, y)

    return diagnosed(train)


def test_behind_a_relu_no_question_is_answered_with_no():
    report = yes_or_no(functional.relu)
    assert faults(report)[:1] == [FAULT]
    assert "cost at least log 2 = 0.69 each" in " ".join(report.findings[0].evidence)
    assert faults(yes_or_no(lambda out: out)) == []


def test_the_remedy_takes_the_activation_off_the_output():
    (remedy,) = remedies_for(finding(FAULT, place={"kind": "activation", "call": "relu"}))
    assert remedy.words == "no activation on the output"
    assert remedy.same_loss
    with Applied(remedy.to_plan()) as applied:
        given = functional.relu(torch.tensor([[-1.0, 2.0]]))
        loss = functional.cross_entropy(given, torch.tensor([0]))
    assert loss.item() == pytest.approx(
        functional.cross_entropy(torch.tensor([[-1.0, 2.0]]), torch.tensor([0]))
    )
    assert applied.acted == 1
    (other,) = remedies_for(finding(FAULT, place={"kind": "activation", "call": "softmax"}))
    assert not other.same_loss
