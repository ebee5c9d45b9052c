"""Data of which hardly anything can be learnt: a sound training of them is accused of nothing."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


def train(*, classes: bool, shuffled: bool = False, idle: bool = False) -> None:
    x = torch.randn(1000, 6)
    if classes:
        y = (torch.rand(1000) < torch.sigmoid(0.5 * x[:, 0] + 0.4 * x[:, 1])).float()
    else:
        y = 0.25 * x[:, 0] + torch.randn(1000)
    y = y[torch.randperm(1000)] if shuffled else y
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-9 if idle else 1e-3)
    for _ in range(12):
        for rows in torch.randperm(1000).split(50):
            optimizer.zero_grad()
            loss = F.binary_cross_entropy_with_logits if classes else F.mse_loss
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()


@pytest.mark.parametrize("classes", [False, True])
def test_a_weak_signal_that_was_learnt_is_no_failure(classes: bool):
    report = diagnosed(lambda: train(classes=classes))
    assert faults(report) == []
    assert report.outcome["state"] == "poor"
    assert not report.outcome["behind"]
    assert "whether the data allow more isn't known" in report.verdict


def test_where_a_line_sees_nothing_rows_may_be_out_of_step():
    report = diagnosed(lambda: train(classes=False, shuffled=True))
    assert faults(report) == ["shuffled_targets"]
    assert "a linear fit sees nothing either (F-test, p = " in report.findings[0].evidence[1]


def test_where_a_line_sees_something_and_the_network_nothing_it_is_stuck():
    report = diagnosed(lambda: train(classes=False, idle=True))
    assert report.outcome["state"] == "stuck"
    assert "shuffled_targets" not in faults(report)


@pytest.mark.parametrize(("classes", "shuffled"), [(True, True), (False, True), (True, False)])
def test_a_table_learnt_by_heart_of_which_new_rows_know_nothing(classes: bool, shuffled: bool):
    def training() -> None:
        x = torch.randn(400, 8)
        y = x[:, 0] * x[:, 1] + x[:, 2]
        y = (y > 0.5).long() if classes else y
        y = y[torch.randperm(400)] if shuffled else y
        last = nn.Linear(64, 1 + classes)
        model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), last, nn.Flatten(int(classes)))
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        loss = F.cross_entropy if classes else F.mse_loss
        for _ in range(40):
            for rows in torch.randperm(300).split(30):
                optimizer.zero_grad()
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
            with torch.no_grad():
                out = model(x[300:])
                loss(out, y[300:])
                if classes:
                    (out.argmax(1) == y[300:]).float().mean().item()

    report = diagnosed(training)
    assert ("shuffled_targets" in faults(report)) == shuffled
    if shuffled:
        assert any("evaluation data" in one for one in report.findings[0].evidence)
