"""Random numbers that are the same each time, as they may be."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import batches, mlp, surface
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F


def train(way: str) -> None:
    x, _ = surface(features=12)
    model = mlp(12, 32, 12)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fixed = torch.Generator()
    for step, index in enumerate(batches(600, 30, 3)):
        noisy = x[index] + 0.3 * torch.randn_like(x[index])
        answers = model(noisy)
        loss = F.mse_loss(answers, x[index])
        if way == "a projection made again":
            fixed.manual_seed(0)
            seen = torch.randn(12, 5, generator=fixed)
            loss = loss + F.mse_loss(answers @ seen, x[index] @ seen)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if way == "the same noise in evaluations" and step % 10 == 9:
            fixed.manual_seed(0)
            with torch.no_grad():
                F.mse_loss(model(x[:30] + torch.randn(30, 12, generator=fixed)), x[:30])


@pytest.mark.trains
@pytest.mark.parametrize("way", ["new each time", "a projection made again", "the same noise in evaluations"])
def test_draws_that_are_meant(way: str):
    report = diagnosed(lambda: train(way))
    assert "repeated_randomness" not in faults(report)
    assert report.troubles == ()
