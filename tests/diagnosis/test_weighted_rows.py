"""A weight for each row times a loss for each row: of other shapes they make all pairs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.made import surface
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis import Report

pytestmark = pytest.mark.trains
Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def trained(loss: Loss) -> Report:
    def training() -> None:
        x, y = surface(200)
        weights = torch.rand(200)
        model = nn.Linear(4, 1)
        opt = torch.optim.SGD(model.parameters(), lr=0.01)
        for index in torch.randperm(200).split(20):
            opt.zero_grad()
            loss(model(x[index]), y[index][:, None], weights[index]).backward()
            opt.step()

    return diagnosed(training)


@pytest.mark.parametrize(
    "loss",
    [
        lambda out, y, w: (w * (out - y) ** 2).mean(),
        lambda out, y, w: (F.mse_loss(out, y, reduction="none") * w).mean(),
    ],
)
def test_all_pairs_of_rows_and_weights(loss: Loss):
    (finding,) = trained(loss).findings
    assert finding.fault == "loss_broadcast"
    assert "[20] and [20, 1] are broadcast to [20, 20]" in finding.evidence[0].replace(
        "[20, 1] and [20]", "[20] and [20, 1]"
    )
    assert finding.picture is not None


@pytest.mark.parametrize(
    "loss",
    [
        lambda out, y, w: (w[:, None] * (out - y) ** 2).mean(),
        lambda out, y, w: (w * ((out - y) ** 2)[:, 0]).mean(),
        lambda out, y, w: (torch.ones(3) * (out - y) ** 2).mean(),  # a weight for each of three terms
        lambda out, y, w: (w[None] * (out - y) ** 2).mean(),  # all axes are written out
    ],
)
def test_weights_of_rows_and_of_terms_are_quiet(loss: Loss):
    assert "loss_broadcast" not in faults(trained(loss))
