"""What is in memory beside a training, and which of it is the training's own data."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def trained_on(rows: torch.Tensor, target: torch.Tensor, *shown: torch.Tensor, **options: Any) -> list[str]:
    def training() -> None:
        net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-2)
        for _ in range(150):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(rows), target).backward()
            optimizer.step()
        with torch.no_grad():
            for other in shown:
                net(other)

    return faults(diagnosed(training, **options))


@pytest.mark.trains
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


@pytest.mark.trains
def test_a_fine_map_that_is_shown_at_the_end_is_no_data_left_out() -> None:
    side = torch.linspace(0, 1, 101)
    target = (CORNERS.sum(1, keepdim=True) == 1).float()
    grid = torch.cartesian_prod(side, side)
    # The process is the script's own, as where the command runs it.
    assert "repeated_batch" not in trained_on(CORNERS.clone(), target, grid, whole_process=True)


def test_the_rest_of_the_data_is_found_in_memory() -> None:
    torch.manual_seed(0)
    rows = torch.rand(200, 2)
    target = (rows.sum(1, keepdim=True) > 1).float()
    assert "repeated_batch" in trained_on(rows[:8], target[:8])
