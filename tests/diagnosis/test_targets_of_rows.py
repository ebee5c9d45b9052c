# pyright: basic
"""Which targets are read of a batch, and which of them belong to the rows that a network was given."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import mlp
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


def steps(model: nn.Module, loss, count: int = 70) -> None:
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(count):
        opt.zero_grad()
        loss().backward()
        opt.step()


def links(kind: str) -> None:
    """Which points are near each other: first come the pairs that are, then as many that aren't."""
    x = torch.randn(200, 3)
    first, second = torch.cdist(x, x).lt(0.8).nonzero().T[:, :900]
    pairs = torch.cat([torch.stack([first, second]), torch.randint(200, (2, len(first)))], 1)
    model = mlp(3, 24, 8)
    if kind == "yes or no":
        near = torch.cat([torch.ones(len(first)), torch.zeros(len(first))])
        steps(model, lambda: F.binary_cross_entropy_with_logits(_scores(model, x, pairs), near))
    else:
        near = torch.cat([torch.ones(len(first)), torch.zeros(len(first))]).long()
        bias = torch.zeros(pairs.shape[1])
        steps(model, lambda: F.cross_entropy(torch.stack([bias, _scores(model, x, pairs)], 1), near))


def _scores(model: nn.Module, x: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    codes = model(x)
    return 2 - (codes[pairs[0]] - codes[pairs[1]]).square().sum(1)


@pytest.mark.parametrize("kind", ["yes or no", "classes"])
def test_targets_are_read_all_over_a_large_batch(kind: str):
    report = diagnosed(lambda: links(kind))
    assert faults(report) == []
    assert report.outcome["state"] != "unknown"
    assert 0.6 < report.outcome["constant_answer_loss"] < 0.7
    assert report.outcome["neighbours_reach"] is None, "edges of a graph are no rows"


class Weighted(nn.Module):
    """Mixes all rows, by weights that are normalized by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.score, self.out = nn.Linear(4, 1), nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        score = self.score(x)[:, 0]
        most = score.detach().view(-1, 10).amax(1).repeat_interleave(10)
        weights = (score - most).exp()
        return self.out(x + (weights / weights.sum()) @ x)


def test_differences_within_a_network_are_nobodys_targets():
    x = torch.randn(300, 4)
    y = x[:, :3].argmax(1)

    def train() -> None:
        model = Weighted()
        steps(model, lambda: F.cross_entropy(model(x)[:100], y[:100]))

    report = diagnosed(train)
    assert faults(report) == []
    assert report.outcome["neighbours_reach"] is None


def test_pixels_are_no_rows():
    """The first pixels of the first label image don't belong to the first images."""
    x = torch.rand(80, 1, 6, 6)
    y = (x[:, 0] > 0.5).long()

    def train() -> None:
        model = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, 2, 1))
        steps(model, lambda: F.cross_entropy(model(x), y))

    report = diagnosed(train)
    assert faults(report) == []
    assert report.outcome["neighbours_reach"] is None


@pytest.mark.parametrize("loss", [F.mse_loss, F.smooth_l1_loss])
def test_a_distance_may_be_given_the_target_first(loss):
    x = torch.randn(300, 4) @ torch.randn(4, 12)

    def train() -> None:
        model = mlp(12, 8, 12)
        steps(model, lambda: loss(x, model(x)))
        model.eval()
        with torch.no_grad():
            loss(x, model(x))

    report = diagnosed(train)
    assert faults(report) == []
    assert report.outcome["reached"] > 0.5
    assert report.outcome["state"] == "learnt"
    assert report.outcome["constant_answer_loss"] == pytest.approx(
        float(loss(x, x.mean(0).expand(300, 12))), rel=0.05
    )


def test_an_evaluation_in_batches_is_one():
    """The rows are sorted: its last batches are all of the one class that the network always answers."""
    x, y = torch.randn(400, 4), torch.arange(400) // 100

    def train() -> None:
        model = nn.Linear(4, 4)
        with torch.no_grad():
            model.bias[3] += 9
        opt = torch.optim.SGD(model.parameters(), lr=1e-6)
        for rows in torch.randperm(400).repeat(7).split(40):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            for rows in torch.arange(400).split(40):
                F.cross_entropy(model(x[rows]), y[rows])

    assert diagnosed(train).outcome["reached"] == pytest.approx(0.25, abs=0.05)


class Quantized(nn.Module):
    """Codes are replaced by the nearest of a codebook, whose entries follow the codes' running means."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = nn.Linear(6, 3), nn.Linear(3, 6)
        self.book = nn.Embedding(8, 3)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        codes = self.encode(x)
        nearest = F.one_hot(torch.cdist(codes, self.book.weight).argmin(1), 8).float()
        taken = nearest @ self.book.weight
        means = nearest.T @ codes / nearest.sum(0)[:, None].clamp(min=1)
        met = nearest.sum(0)[:, None] > 0
        self.book.weight = nn.Parameter(
            torch.where(met, 0.9 * self.book.weight + 0.1 * means, self.book.weight)
        )
        loss = 0.25 * F.mse_loss(taken.detach(), codes)
        return loss, self.decode(codes + (taken - codes).detach())


def test_a_codebook_that_follows_is_no_lost_layer_and_no_data():
    x = torch.randn(8, 6)[torch.arange(320) % 8] + 0.05 * torch.randn(320, 6)

    def train() -> None:
        model = Quantized()

        def loss() -> torch.Tensor:
            near, out = model(x[:64])
            return near + F.mse_loss(out, x[:64])

        steps(model, loss)

    report = diagnosed(train)
    assert "unreachable_params" not in faults(report)
    assert report.outcome["constant_answer_loss"] == pytest.approx(
        float(x[:64].var(0, correction=0).mean()), rel=0.05
    )
