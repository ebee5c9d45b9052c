"""A loss that weights classes is held against the best constant answer by that loss, not by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from scipy.optimize import minimize
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains
ROWS, STEPS = 400, 150
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def rare() -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows, and whether each is one of the few that lie far out."""
    x = torch.randn(ROWS, 3, generator=torch.Generator().manual_seed(0))
    return x, (x[:, 0] + 0.3 * x[:, 1] > 1.5).long()


def of_two(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(out, y, weight=torch.tensor([1.0, 12.0]))


def of_smoothed(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(out, y, weight=torch.tensor([1.0, 30.0]), label_smoothing=0.2)


def of_yes(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(out, y.float()[:, None], pos_weight=torch.tensor([12.0]))


def best_constant(loss: Loss, y: torch.Tensor, outputs: int) -> float:
    def of(values: Any) -> float:
        return float(loss(torch.tensor(values, dtype=torch.float32).expand(len(y), outputs), y))

    return float(minimize(of, [0.0] * outputs, method="Nelder-Mead").fun)


def outcome(loss: Loss, outputs: int, *, rate: float, module: bool) -> dict[str, Any]:
    x, y = rare()

    def train() -> None:
        model = nn.Linear(3, outputs)
        weight, bias = model.weight.detach().requires_grad_(), model.bias.detach().requires_grad_()
        optimizer = torch.optim.Adam(model.parameters() if module else [weight, bias], lr=rate)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss(model(x) if module else x @ weight.T + bias, y).backward()
            optimizer.step()

    report = diagnosed(train)
    assert report.outcome["state"] in ("stuck", "poor") or faults(report) == []
    return report.to_dict()["outcome"]


@pytest.mark.parametrize(("loss", "outputs"), [(of_two, 2), (of_smoothed, 2), (of_yes, 1)])
def test_the_best_constant_is_that_of_the_weighted_loss(loss: Loss, outputs: int) -> None:
    found = outcome(loss, outputs, rate=0.05, module=True)
    assert found["constant_answer_loss"] == pytest.approx(best_constant(loss, rare()[1], outputs), rel=1e-3)
    assert found["state"] == ("stuck" if loss is of_smoothed else "learnt")  # smoothed, it needs more steps
    assert outcome(loss, outputs, rate=1e-6, module=True)["state"] == "stuck"


@pytest.mark.parametrize(("loss", "outputs"), [(of_two, 2), (of_yes, 1)])
def test_a_network_that_cannot_be_asked_is_not_judged_by_another_loss(loss: Loss, outputs: int) -> None:
    """What backward is called on may be a sum, or a part of it: then there is nothing to hold it against."""
    found = outcome(loss, outputs, rate=0.05, module=False)
    assert (found["state"], found["constant_answer_loss"]) == ("unknown", None)
