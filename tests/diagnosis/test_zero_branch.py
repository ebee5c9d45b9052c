# pyright: basic
"""A branch whose last weights start at 0 passes little back for a while: that is no vanishing gradient."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.trains


class Turned(nn.Module):
    """Turns its points before it looks at them, at first by nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.where = nn.Sequential(
            nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 64)
        )
        nn.init.zeros_(self.where[-1].weight)
        self.where[-1].bias.data = torch.eye(8).flatten()
        self.head = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.einsum("bi,bij->bj", x, self.where(x).view(-1, 8, 8)))


def cut_short() -> None:
    torch.manual_seed(0)
    x = torch.randn(512, 8)
    y = x[:, :4].argmax(1)
    model = Turned()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003)
    for _ in range(12):
        for some in torch.arange(512).split(64):
            optimizer.zero_grad()
            functional.cross_entropy(model(x[some]), y[some]).backward()
            optimizer.step()


def test_a_branch_that_starts_from_zero_is_no_vanishing_gradient():
    report = diagnosed(cut_short)
    assert report.outcome["state"] == "stuck"
    assert "vanishing_gradient" not in faults(report)
