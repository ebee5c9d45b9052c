# pyright: basic
"""A loss that is summed over a batch has gradients as many times larger: nothing explodes for that."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.trains


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(400, 32), nn.ReLU(), nn.Linear(32, 8))
        self.decoder = nn.Linear(8, 400)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        middle = self.encoder(x)
        return torch.sigmoid(self.decoder(middle + torch.randn_like(middle))), middle


def noise_in_a_narrow_autoencoder() -> None:
    torch.manual_seed(0)
    x = (torch.rand(640, 400) < torch.rand(400)).float()
    model = Autoencoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(7):
        for rows in x.split(64):
            again, middle = model(rows)
            loss = functional.binary_cross_entropy(again, rows, reduction="sum") + middle.pow(2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def test_a_sum_over_a_batch_is_no_exploding_gradient():
    report = diagnosed(noise_in_a_narrow_autoencoder)
    assert report.outcome["state"] == "stuck"
    assert "exploding_gradient" not in faults(report)


@pytest.mark.parametrize("enabled", [False, True])
def test_a_loss_scaler_hides_no_exploding_gradient(enabled: bool):
    def train() -> None:
        x, y = torch.randn(100, 10), torch.randint(3, (100,))
        deep = [layer for _ in range(6) for layer in (nn.Linear(10, 10), nn.ReLU())]
        model = nn.Sequential(*deep, nn.Linear(10, 3))
        for weight in model.parameters():
            weight.data.mul_(15 if weight.dim() > 1 else 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
        scaler = torch.amp.GradScaler("cpu", enabled=enabled)
        for _ in range(70):
            optimizer.zero_grad()
            scaler.scale(functional.cross_entropy(model(x), y)).backward()
            scaler.step(optimizer)
            scaler.update()

    assert "exploding_gradient" in faults(diagnosed(train))
