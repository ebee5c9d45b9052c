# pyright: basic
"""Two optimizers that step after one backward pass share a loss: what was learnt is judged by it."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional

pytestmark = pytest.mark.trains


def encoder_and_decoder() -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 6)
    y = x[:, :3].argmax(1)
    encoder, decoder = nn.Sequential(nn.Linear(6, 16), nn.Tanh()), nn.Linear(16, 3)
    optimizers = [torch.optim.Adam(part.parameters(), lr=0.03) for part in (encoder, decoder)]
    for _ in range(20):
        for rows in torch.arange(200).split(40):
            for optimizer in optimizers:
                optimizer.zero_grad()
            functional.cross_entropy(decoder(encoder(x[rows])), y[rows]).backward()
            for optimizer in optimizers:
                optimizer.step()


def test_an_encoder_and_a_decoder_with_an_optimizer_each_have_learnt():
    assert diagnosed(encoder_and_decoder).outcome["state"] == "learnt"
