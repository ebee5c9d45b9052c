# pyright: basic
"""Two optimizers that step after one backward pass share a loss: what was learnt is judged by it."""

from __future__ import annotations

from typing import Any

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


def test_an_encoder_and_a_decoder_are_judged_where_gradients_are_gathered_over_several_passes():
    def train() -> None:
        x = torch.randn(200, 6)
        y = x[:, :3].argmax(1)
        encoder, decoder = nn.Sequential(nn.Linear(6, 16), nn.Tanh()), nn.Linear(16, 3)
        optimizers = [torch.optim.Adam(part.parameters(), lr=0.03) for part in (encoder, decoder)]
        for _ in range(80):
            for optimizer in optimizers:
                optimizer.zero_grad()
            for rows in torch.arange(200).split(50):
                (functional.cross_entropy(decoder(encoder(x[rows])), y[rows]) / 4).backward()
            for optimizer in optimizers:
                optimizer.step()

    assert diagnosed(train).outcome["state"] == "learnt"


class Turned(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return -grad


def compete(*, turn: bool, apart: bool = False, **settings: bool) -> None:
    """Train against a critic: by a gradient turned round, by `maximize`, or in steps apart."""
    maker, critic = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    one = torch.optim.Adam(maker.parameters(), lr=2e-3, **settings)  # pyright: ignore[reportArgumentType]
    other = torch.optim.Adam(critic.parameters(), lr=2e-3)
    real, labels = torch.randn(64, 2), torch.cat([torch.ones(64, 1), torch.zeros(64, 1)])
    for _ in range(100):
        for optimizer in [one, other] if not apart else [other, one]:
            made = maker(torch.randn(64, 2))
            out = critic(torch.cat([real, Turned.apply(made) if turn else made]))
            one.zero_grad()
            other.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(out, labels)
            (-loss if apart and optimizer is one else loss).backward()
            optimizer.step()
            if not apart:
                other.step()
                break


@pytest.mark.parametrize(
    "how", [{"turn": True}, {"turn": False, "maximize": True}, {"turn": False, "apart": True}]
)
def test_networks_that_compete_are_not_judged_however_the_gradient_is_turned_round(how: dict[str, bool]):
    assert diagnosed(lambda: compete(**how)).outcome["state"] == "unknown"
