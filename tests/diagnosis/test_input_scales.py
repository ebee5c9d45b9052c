"""Rows evaluated beside rows trained on: what spreads otherwise for a reason isn't accused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


def told(x: torch.Tensor, judged: Callable[[torch.Tensor], list[torch.Tensor]]) -> bool:
    y = (x[:, 0] > x[:, 0].mean()).long()

    def training() -> None:
        model = nn.Linear(x.shape[1], 2)
        opt = torch.optim.SGD(model.parameters(), lr=0.01)
        for index in torch.randperm(len(x)).split(20):
            opt.zero_grad()
            F.cross_entropy(model(x[index]), y[index]).backward()
            opt.step()
        with torch.no_grad():
            for batch in judged(x):
                model(batch)

    return "preprocessing_mismatch" in faults(diagnosed(training))


def test_all_features_on_another_scale():
    x = torch.randn(200, 6)
    assert told(x, lambda x: [255 * x[:60]])
    assert told(x, lambda x: [x[:30] / 255, x[30:60] / 255])


def test_what_has_a_reason_is_quiet():
    x = torch.randn(200, 6)
    one = torch.tensor([1.0, 40.0, 1.0, 1.0, 1.0, 1.0])
    assert not told(x, lambda x: [x[:60] * one])  # a feature of another unit
    assert not told(x, lambda x: [x[:60] + 3.0])  # later in time
    assert not told(x, lambda x: [x[:60], 8 * x[:60]])  # also where it knows the scale
    assert not told(x, lambda x: [2.5 * x[:60]])
    assert not told(x, lambda x: [100 * x[:10]])  # too few to tell
    assert not told(torch.randn(200, 2), lambda x: [9 * x[:60]])  # beyond the range trained on, on purpose
