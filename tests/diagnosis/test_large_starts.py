# pyright: basic
"""First losses that are many times a constant answer's, and where the scale is made; losses that end high."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import batches, blobs, fit, mlp, surface
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis import Report


def told(report: Report):
    return next((one for one in (*report.findings, *report.notes) if one.fault == "large_start"), None)


class Neighbours(nn.Module):
    def __init__(self, mean: bool) -> None:
        super().__init__()
        self.first, self.second, self.mean = nn.Linear(8, 16), nn.Linear(16, 4), mean

    def forward(self, x: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
        near = near / near.sum(1, keepdim=True) if self.mean else near
        return near @ self.second((near @ self.first(x)).relu())


def graph(mean: bool, *, lr: float = 0.001, steps: int = 70) -> None:
    x, y = blobs(200)
    near = (torch.rand(200, 200) < torch.where(y[:, None] == y, 0.5, 0.1)).float()
    model = Neighbours(mean)
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(steps):
        opt.zero_grad()
        F.cross_entropy(model(x, near), y).backward()
        opt.step()


def test_sums_over_neighbours_are_named():
    found = told(diagnosed(lambda: graph(False)))
    assert found is not None
    assert found.where.startswith("Neighbours at ")
    assert "Take means instead of sums" in found.remedy
    assert "times the 1.39 of answering all classes alike" in found.evidence[0]
    assert "matmul" in found.evidence[1]


def test_means_over_neighbours_are_sound():
    assert told(diagnosed(lambda: graph(True, lr=0.5))) is None


class Tied(nn.Module):
    def __init__(self, std: float) -> None:
        super().__init__()
        self.tokens = nn.Embedding(40, 64)
        nn.init.normal_(self.tokens.weight, std=std)
        self.norm, self.head = nn.LayerNorm(64), nn.Linear(64, 40, bias=False)
        self.mix = nn.Linear(64, 64)
        self.head.weight = self.tokens.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.mix(self.tokens(x)).tanh()))


def tokens(std: float, *, steps: int = 70, lr: float = 1e-3) -> None:
    given = torch.randint(40, (400,))
    wanted = (7 * given + 3) % 40
    model = Tied(std)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for index in batches(400, 50, steps // 8):
        opt.zero_grad()
        F.cross_entropy(model(given[index]), wanted[index]).backward()
        opt.step()


def test_an_embedding_that_is_the_last_layer_is_named():
    found = told(diagnosed(lambda: tokens(1.0)))
    assert found is not None
    assert found.where.startswith("head at ")
    assert found.remedy.startswith("Start its weights smaller")


def test_a_small_embedding_is_sound():
    assert told(diagnosed(lambda: tokens(0.02))) is None


@pytest.mark.parametrize("scale", [100.0, 1.0])
def test_a_start_that_the_training_gets_over_is_a_note(scale: float):
    def train() -> None:
        x, y = blobs(400)
        model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        fit(model, opt, F.cross_entropy, scale * x, y, epochs=20)

    report = diagnosed(train)
    assert "large_start" not in faults(report)
    assert (told(report) is not None) == (scale > 1)
    if scale > 1:
        assert told(report).place.kind == "data"  # pyright: ignore


def test_small_targets_and_rare_classes_are_sound():
    def small() -> None:
        x, y = surface(400)
        model = mlp(4, 24, 1)
        fit(
            model,
            torch.optim.SGD(model.parameters(), lr=1e-5),
            lambda o, t: F.mse_loss(o[:, 0], t),
            x,
            1e-3 * y,
        )

    def rare() -> None:
        x, _ = blobs(400)
        y = (torch.arange(400) % 50 == 0).float()
        model = mlp(8, 24, 1)
        opt = torch.optim.SGD(model.parameters(), lr=0.01)
        fit(model, opt, lambda o, t: F.binary_cross_entropy_with_logits(o[:, 0], t), x, y)

    assert told(diagnosed(small)) is None
    assert told(diagnosed(rare)) is None


def growing(factor: float) -> None:
    x, y = surface(200)
    model = mlp(4, 16, 1)
    opt = torch.optim.SGD(model.parameters(), lr=1e-4)
    weight = 1.0
    for index in batches(200, 40, 20):
        opt.zero_grad()
        out = model(x[index])[:, 0]
        (weight * torch.logaddexp(out - y[index], y[index] - out).mean()).backward()
        opt.step()
        weight *= factor


def test_a_loss_that_ends_a_hundred_times_above_its_start_is_told():
    assert "loss_rises" in faults(diagnosed(lambda: growing(1.1)))
    assert "loss_rises" not in faults(diagnosed(lambda: growing(1.02)))
