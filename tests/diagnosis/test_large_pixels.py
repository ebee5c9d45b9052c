# pyright: basic
"""Pixels up to 255 are large, unless a batch-norm takes their size away at once."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import fit
from diagnosis.watched import diagnosed, faults
from torch import nn

pytestmark = pytest.mark.trains


@pytest.mark.parametrize("normed", [False, True])
def test_a_batch_norm_after_the_first_layer_takes_the_size_of_its_inputs(normed: bool):
    torch.manual_seed(0)
    x, y = 255 * torch.rand(256, 1, 6, 6), torch.randint(0, 2, (256,))
    norm = nn.BatchNorm2d(4) if normed else nn.Identity()
    layers = (nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))

    def training() -> None:
        model = nn.Sequential(*layers)
        fit(model, torch.optim.SGD(model.parameters(), lr=1e-4), nn.functional.cross_entropy, x, y, epochs=20)

    report = diagnosed(training)
    assert report.outcome["state"] in ("stuck", "diverged")
    assert ("unnormalised_inputs" in faults(report)) != normed
