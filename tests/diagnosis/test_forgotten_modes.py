"""Passes in a mode that looks forgotten, and is or isn't."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import fit
from diagnosis.watched import diagnosed, faults
from torch import nn


@pytest.mark.trains
@pytest.mark.parametrize("batches", [1, 5])
def test_validation_after_each_epoch_with_neither_eval_nor_no_grad(batches: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(640, 4)
    y = (x[:, 0] + x[:, 1] > 0).long()

    def training() -> None:
        net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 2))
        optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
        for _ in range(12):
            fit(net, optimizer, nn.functional.cross_entropy, x[:480], y[:480], epochs=1, size=48)
            for rows in torch.arange(480, 640).chunk(batches):
                (net(x[rows]).argmax(1) == y[rows]).float().mean().item()

    assert faults(diagnosed(training)) == ["train_mode_evaluation"]


@pytest.mark.trains
def test_a_backbone_that_has_learnt_may_be_frozen_in_eval_mode() -> None:
    torch.manual_seed(0)
    x = torch.randn(240, 4)
    backbone = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU())

    def training() -> None:
        for axis in (0, 1):
            head = nn.Linear(16, 2)
            learn = [*head.parameters(), *(one for one in backbone.parameters() if one.requires_grad)]
            optimizer = torch.optim.Adam(learn, lr=0.02)
            for rows in (rows for _ in range(15) for rows in torch.randperm(240).split(40)):
                optimizer.zero_grad()
                nn.functional.cross_entropy(head(backbone(x[rows])), (x[rows, axis] > 0).long()).backward()
                optimizer.step()
            backbone.requires_grad_(False)
            backbone.eval()

    assert faults(diagnosed(training)) == []


@pytest.mark.trains
def test_a_network_without_a_variable_is_called_what_the_line_calls_it() -> None:
    torch.manual_seed(0)
    x = torch.randn(480, 4)
    y = (x[:, 0] + x[:, 1] > 0).long()

    class Trainer:
        def __init__(self) -> None:
            self.model = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))

        def run(self) -> None:
            optimizer = torch.optim.Adam(self.model.parameters(), lr=5e-3)
            for _ in range(8):
                fit(self.model, optimizer, nn.functional.cross_entropy, x, y, epochs=1, size=48)
                with torch.no_grad():
                    (self.model(x[:100]).argmax(1) == y[:100]).float().mean().item()

    report = diagnosed(lambda: Trainer().run())
    assert faults(report) == ["train_mode_evaluation"]
    assert report.findings[0].code.splitlines()[0] == "self.model.eval()"
