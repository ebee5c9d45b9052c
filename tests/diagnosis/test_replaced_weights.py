# pyright: basic
"""Weights that a network replaces in every pass: those that were to be learnt, and means that weren't."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional


class Replacing(nn.Module):
    """Its middle layer has a new weight in every pass: clamped, or moved to a mean without a gradient."""

    def __init__(self, *, mean: bool = False) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(6, 16), nn.Linear(16, 16), nn.Linear(16, 2)
        self.mean = mean

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x).relu()
        old = self.middle.weight.detach()
        new = 0.9 * old + 0.1 * h.detach().mean(0) if self.mean else old.clamp(-0.5, 0.5)
        self.middle.weight = nn.Parameter(new, requires_grad=not self.mean)
        return self.last(self.middle(h).relu())


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.unused, self.last = nn.Linear(6, 16), nn.Linear(16, 16), nn.Linear(16, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(x).relu())


def fit(model: nn.Module) -> None:
    x = torch.randn(100, 6)
    y = (x.prod(1) > 0).long()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(70):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()


def test_a_weight_that_is_clamped_anew_in_every_pass_never_trains():
    assert "unreachable_params" in faults(diagnosed(lambda: fit(Replacing())))


def test_a_weight_that_is_a_running_mean_was_not_to_be_learnt():
    assert "unreachable_params" not in faults(diagnosed(lambda: fit(Replacing(mean=True))))


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_network_has_layers_that_get_no_gradient():
    report = diagnosed(lambda: fit(torch.jit.script(Unused())))  # pyright: ignore[reportArgumentType]
    assert report.troubles == ()
    assert "unreachable_params" in faults(report)
