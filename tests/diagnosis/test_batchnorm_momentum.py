"""What batch-norm keeps for evaluations: nothing, the last batch alone, or what it should."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import blobs, fit
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional as F


def told(momentum: float | None, *, scale: float, shift: float) -> tuple[list[str], list[str]]:
    """The findings and notes on a network whose inputs have this scale."""

    def train() -> None:
        x, y = blobs(400)
        x = scale * x + shift
        norm = nn.BatchNorm1d(8, momentum=momentum)
        model = nn.Sequential(norm, nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 4))
        opt = torch.optim.Adam(model.parameters(), lr=0.02)
        fit(model, opt, F.cross_entropy, x, y, epochs=6)

    report = diagnosed(train)
    return [one.fault for one in report.findings], [one.fault for one in report.notes]


@pytest.mark.trains
@pytest.mark.parametrize("momentum", [0.1, 0.5, 0.99, None])
def test_what_keeps_enough_is_silent(momentum: float | None):
    findings, notes = told(momentum, scale=20, shift=30)
    assert "batchnorm_momentum" not in findings + notes


@pytest.mark.trains
def test_where_both_modes_reach_the_same_it_is_a_note():
    findings, notes = told(0.0, scale=1, shift=0)
    assert findings == []
    assert notes == ["batchnorm_momentum"]
