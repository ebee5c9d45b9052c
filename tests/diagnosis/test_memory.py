"""What is in memory beside a training, and which of it is the training's own data."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def trained_on(rows: torch.Tensor, target: torch.Tensor) -> list[str]:
    def training() -> None:
        net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-2)
        for _ in range(150):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(rows), target).backward()
            optimizer.step()

    return faults(diagnosed(training))


@pytest.mark.parametrize(
    "other",
    [
        torch.cartesian_prod(torch.linspace(0, 1, 9), torch.linspace(0, 1, 9)),
        torch.cat([CORNERS, torch.rand(20, 2)]),
    ],
    ids=["a map of the plane", "other data with the same corners"],
)
def test_what_else_is_in_memory_is_no_data_of_this_training(other: torch.Tensor) -> None:
    target = (CORNERS.sum(1, keepdim=True) == 1).float()
    assert len(other) > 20
    assert trained_on(CORNERS.clone(), target) == []


def test_the_rest_of_the_data_is_found_in_memory() -> None:
    torch.manual_seed(0)
    rows = torch.rand(200, 2)
    target = (rows.sum(1, keepdim=True) > 1).float()
    assert "repeated_batch" in trained_on(rows[:8], target[:8])
