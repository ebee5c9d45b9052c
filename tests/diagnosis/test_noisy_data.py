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
