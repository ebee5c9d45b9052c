"""A loss that weights classes is held against the best constant answer by that loss, not by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import scipy.stats
import torch
from diagnosis.faults.made import fit, mlp
from diagnosis.watched import diagnosed, faults
from scipy.optimize import minimize
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis.probe.final_answers import rare_rows

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


def test_how_rare_rows_are_ranked_is_scipys_u():
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(300, generator=generator) < 0.1).long()
    shares = (
        torch.randn(300, 2, generator=generator) + 2.0 * labels[:, None] * torch.tensor([0, 1])
    ).softmax(1)
    shares = (20 * shares).round() / 20  # ties
    found = rare_rows(shares, labels)
    assert found is not None
    yes, no = shares[labels == 1, 0], shares[labels == 0, 0]
    u = scipy.stats.mannwhitneyu(no.numpy(), yes.numpy())
    assert found.ranked == pytest.approx(u.statistic / (len(yes) * len(no)), abs=1e-9)
    assert (found.count, found.rows) == (len(yes), 300)
    assert found.right == pytest.approx(float((shares.argmax(1) == 1)[labels == 1].float().mean()))
    assert found.is_told_apart is bool(u.pvalue < 6.3e-5)  # four standard errors
    assert rare_rows(shares, torch.zeros(300, dtype=torch.long)) is None


@pytest.mark.trains
@pytest.mark.parametrize(("signal", "found"), [(1.0, ["class_imbalance"]), (0.0, [])])
def test_a_rare_class_that_nothing_tells_apart_is_no_ones_fault(signal: float, found: list[str]):
    torch.manual_seed(0)
    x = torch.randn(1000, 4)
    y = (signal * x.sum(1) + 2 * torch.randn(1000) > (4.5 if signal else 3.2)).long()

    def training() -> None:
        net = mlp(4, 8, 2)
        fit(net, torch.optim.Adam(net.parameters(), lr=0.003), nn.functional.cross_entropy, x, y, epochs=5)

    assert 20 < int(y.sum()) < 100
    assert faults(diagnosed(training)) == found
