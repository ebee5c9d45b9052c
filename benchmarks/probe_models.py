"""Four trainings, for what the doctor's probe costs (`probe_overhead`) and changes (`probe_bits`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, kw_only=True)
class Training:
    """A model, its loss and its optimizer, and a function that makes inputs and targets."""

    model: nn.Module
    criterion: nn.Module
    optimizer: torch.optim.Optimizer
    batch: Callable[[], tuple[torch.Tensor, torch.Tensor]]

    def step(self) -> None:
        """Make one step, as scripts do."""
        x, y = self.batch()
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimizer.step()

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())


@dataclass(frozen=True, kw_only=True)
class Made:
    """How a training is made; `steps` are as many as a measured one takes, the first 40 among them."""

    name: str
    make: Callable[[], Training]
    steps: int


def training(
    model: nn.Module,
    criterion: nn.Module,
    batch: Callable[[], tuple[torch.Tensor, torch.Tensor]],
    kind: type[torch.optim.Adam] = torch.optim.Adam,
) -> Training:
    optimizer = kind(model.parameters(), lr=1e-3)
    return Training(model=model, criterion=criterion, optimizer=optimizer, batch=batch)


def xor() -> Training:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 11), nn.Tanh(), nn.Linear(11, 1, bias=False))
    return training(model, nn.MSELoss(), lambda: (x, y))


def cnn() -> Training:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    return training(
        model, nn.CrossEntropyLoss(), lambda: (torch.randn(64, 3, 32, 32), torch.randint(10, (64,)))
    )


class LastStep(nn.Module):
    """Keeps of an LSTM's outputs the last."""

    def forward(self, found: tuple[torch.Tensor, object]) -> torch.Tensor:
        return found[0][:, -1]


def lstm() -> Training:
    model = nn.Sequential(nn.LSTM(16, 128, num_layers=2, batch_first=True), LastStep(), nn.Linear(128, 10))
    return training(model, nn.CrossEntropyLoss(), lambda: (torch.randn(32, 50, 16), torch.randint(10, (32,))))


def transformer() -> Training:
    """A language model of some 10 million parameters."""
    layer = nn.TransformerEncoderLayer(320, 8, 1280, dropout=0.1, batch_first=True, norm_first=True)
    model = nn.Sequential(
        nn.Embedding(2000, 320), nn.TransformerEncoder(layer, 7, enable_nested_tensor=False),
        nn.LayerNorm(320), nn.Linear(320, 2000), nn.Flatten(0, 1),
    )  # fmt: skip

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        tokens = torch.randint(2000, (4, 65))
        return tokens[:, :-1], tokens[:, 1:].flatten()

    return training(model, nn.CrossEntropyLoss(), batch, torch.optim.AdamW)


MODELS = (
    Made(name="44 parameters", make=xor, steps=2000),
    Made(name="CNN", make=cnn, steps=240),
    Made(name="LSTM", make=lstm, steps=240),
    Made(name="transformer", make=transformer, steps=104),
)
