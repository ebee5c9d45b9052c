"""Which differences are errors, and which only add terms to a loss."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainlab.diagnosis.probe.probe import Probe


def kinds_of(loss_of: object, *, steps: int = 30) -> list[str]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    x, y = torch.randn(8, 3), torch.randn(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    probe = Probe()
    probe.start()
    try:
        for _ in range(steps):
            optimizer.zero_grad()
            loss_of(model(x), y).backward()  # type: ignore[operator]
            optimizer.step()
    finally:
        seen = probe.stop()
    assert not seen.troubles
    return [loss.kind for loss in seen.losses if loss.count]


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda out, y: (out - y).pow(2).mean(),
        lambda out, y: ((out - y) * (out - y)).mean(),
        lambda out, y: (y - out).abs().sum(1).mean(),
        lambda out, y: (out - y).norm(),
        lambda out, y: 0.5 * torch.sqrt(((out - y) ** 2).mean() + 1e-6),
        lambda out, y: torch.log(torch.cosh(out - y)).mean(),
    ],
)
def test_a_bent_difference_is_an_error(loss_of: object):
    assert kinds_of(loss_of) == ["difference"]


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda out, y: -(y * 2).mean() - 0.01 * out.mean(),
        lambda out, y: (out[:, 0] - y[:, 0]).mean(),
        lambda out, y: ((out - y) * y).sum() / 3,
    ],
)
def test_a_term_is_none(loss_of: object):
    assert kinds_of(loss_of) == []
