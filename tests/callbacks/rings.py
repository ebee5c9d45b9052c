"""A small task, learnt in a second: is a point within a ring's inner circle?"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def points(*, seed: int, count: int = 400) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points (count, 2) and their classes (count,)."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(count, 2, generator=generator) * 2 - 1
    return x, (x.square().sum(1) < 0.6).long()


def loaders() -> tuple[DataLoader, DataLoader]:
    """Return a loader to learn from, shuffled, and one to judge by."""
    train, judge = TensorDataset(*points(seed=0)), TensorDataset(*points(seed=1))
    return DataLoader(train, batch_size=32, shuffle=True), DataLoader(judge, batch_size=100)


class Rings(nn.Module):
    """2-16-16-2 with dropout; `listed` keeps the layers in a plain list."""

    def __init__(self, *, listed: bool = False, softmax: bool = False) -> None:
        super().__init__()
        layers = [nn.Linear(2, 16), nn.Linear(16, 16)]
        self.hidden = layers if listed else nn.ModuleList(layers)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(16, 2)
        self.softmax = softmax

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = torch.relu(layer(x))
        x = self.out(self.drop(x))
        return x.softmax(-1) if self.softmax else x


def same(left: Mapping[str, torch.Tensor], right: Mapping[str, torch.Tensor]) -> bool:
    """Whether two states hold the same bits."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)
