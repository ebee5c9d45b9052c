"""Small made-up data, and a plain loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import torch
from torch import nn


def blobs(n: int = 600, *, features: int = 8, classes: int = 4, spread: float = 0.6, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(classes, features, generator=generator) * 1.5
    y = torch.randint(classes, (n,), generator=generator)
    return centres[y] + spread * torch.randn(n, features, generator=generator), y


def rings(n: int = 600, *, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (n,), generator=generator)
    angle = 6.2832 * torch.rand(n, generator=generator)
    radius = 0.5 + 0.8 * y + 0.1 * torch.randn(n, generator=generator)
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1), y


def surface(n: int = 600, *, features: int = 4, noise: float = 0.05, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, features, generator=generator)
    y = torch.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + noise * torch.randn(n, generator=generator)
    return x, y


def mlp(*widths: int, act: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, o in pairwise(widths):
        layers += [nn.Linear(i, o), act()]
    return nn.Sequential(*layers[:-1])


def batches(n: int, size: int, epochs: int) -> Iterable[torch.Tensor]:
    for _ in range(epochs):
        yield from torch.randperm(n).split(size)


def fit(
    model, opt, loss_of, x, y, *, epochs: int = 6, size: int = 32, after: Callable[[], None] | None = None
):
    for index in batches(len(x), size, epochs):
        opt.zero_grad()
        loss = loss_of(model(x[index]), y[index])
        loss.backward()
        if after is not None:
            after()
        opt.step()
    return loss
