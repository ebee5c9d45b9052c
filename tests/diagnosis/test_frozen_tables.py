"""Embeddings made with `from_pretrained`, which freezes them: of given vectors, or of random numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn

USERS, ITEMS, WIDTH = 60, 50, 4


class Factors(nn.Module):
    """Rates items by users as products of their vectors."""

    def __init__(self, users: torch.Tensor, items: torch.Tensor, *, freeze: bool) -> None:
        super().__init__()
        self.users = nn.Embedding.from_pretrained(users, freeze=freeze)
        self.items = nn.Embedding.from_pretrained(items, freeze=freeze)
        self.bias = nn.Embedding(USERS, 1)

    def forward(self, pairs: torch.Tensor) -> torch.Tensor:
        one, other = pairs.T
        return (self.users(one) * self.items(other)).sum(1) + self.bias(one)[:, 0]


def rating(made: Callable[[torch.Tensor, torch.Tensor], nn.Module], *, epochs: int = 12) -> None:
    taste, theme = (
        torch.randn(count, WIDTH) * torch.tensor([2, 1, 0.5, 0.2]) + 0.3 for count in (USERS, ITEMS)
    )
    pairs = torch.cartesian_prod(torch.arange(USERS), torch.arange(ITEMS))
    ratings = (taste[pairs[:, 0]] * theme[pairs[:, 1]]).sum(1) + 0.1 * torch.randn(len(pairs))
    model = made(taste, theme)
    optimizer = torch.optim.Adam([one for one in model.parameters() if one.requires_grad], lr=0.05)
    for rows in (rows for _ in range(epochs) for rows in torch.randperm(len(pairs)).split(256)):
        optimizer.zero_grad()
        (model(pairs[rows]) - ratings[rows]).square().mean().backward()
        optimizer.step()


def random_table(like: torch.Tensor) -> torch.Tensor:
    return 0.3 * torch.randn(like.shape)


@pytest.mark.trains
def test_random_vectors_that_stay_as_they_are_are_found():
    report = diagnosed(lambda: rating(lambda a, b: Factors(random_table(a), random_table(b), freeze=True)))
    assert "frozen_params" in faults(report)
    finding = next(finding for finding in report.findings if finding.fault == "frozen_params")
    assert "users" in finding.where
    assert "random normal numbers" in finding.evidence[1]


def test_given_vectors_are_left_alone():
    assert "frozen_params" not in faults(diagnosed(lambda: rating(lambda a, b: Factors(a, b, freeze=True))))


@pytest.mark.trains
@pytest.mark.parametrize("seed", range(3))
def test_given_vectors_of_a_training_that_fails_are_left_alone(seed: int):
    def shuffled(a: torch.Tensor, b: torch.Tensor) -> nn.Module:
        return Factors(a[torch.randperm(USERS)], b[torch.randperm(ITEMS)], freeze=True)

    assert "frozen_params" not in faults(diagnosed(lambda: rating(shuffled), seed=seed))


@pytest.mark.trains
def test_random_vectors_that_learn_are_left_alone():
    report = diagnosed(
        lambda: rating(lambda a, b: Factors(random_table(a), random_table(b), freeze=False), epochs=20)
    )
    assert faults(report) == []


def standardized(rows: int, columns: int) -> torch.Tensor:
    mixed = torch.randn(rows, columns) @ torch.randn(columns, columns)
    return (mixed - mixed.mean(0)) / mixed.std(0)


def whitened(rows: int, columns: int) -> torch.Tensor:
    mixed = torch.randn(rows, columns)
    return torch.linalg.svd(mixed - mixed.mean(0), full_matrices=False)[0] * rows**0.5


def correlated(rows: int, columns: int) -> torch.Tensor:
    return (torch.randn(rows, columns) + 0.7 * torch.randn(rows, 1)) / 1.2


class Looked(nn.Module):
    """A number for each row of a frozen table."""

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.rows = nn.Embedding.from_pretrained(table)
        self.last = nn.Linear(table.shape[1], 1)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.last(self.rows(rows))[:, 0]


def blamed(table: torch.Tensor, noise: float, *, seed: int) -> bool:
    """Whether the table is, by a linear layer that learns what is linear in it, and noise as large."""

    def train() -> None:
        model, wanted = Looked(table), table @ torch.ones(table.shape[1]) + noise * torch.randn(len(table))
        wanted = (wanted - wanted.mean()) / wanted.std()
        optimizer = torch.optim.Adam(model.last.parameters(), lr=0.02)
        for rows in (rows for _ in range(15) for rows in torch.randperm(len(table)).split(32)):
            optimizer.zero_grad()
            (model(rows) - wanted[rows]).square().mean().backward()
            optimizer.step()

    return "frozen_params" in faults(diagnosed(train, seed=seed))


@pytest.mark.parametrize("made", [standardized, whitened, correlated])
@pytest.mark.parametrize("columns", [3, 6, 20])
def test_features_are_no_random_numbers_however_noisy_what_is_learnt(
    made: Callable[[int, int], torch.Tensor], columns: int
):
    torch.manual_seed(1)
    table = made(300, columns)
    assert not blamed(table, 1.5 * columns**0.5, seed=2)


@pytest.mark.trains
def test_random_numbers_are_told_from_features_at_nearly_every_draw():
    torch.manual_seed(3)
    found = [blamed(torch.randn(300, columns), 1.5 * columns**0.5, seed=2) for columns in (4, 6, 20, 64) * 3]
    assert sum(found) >= 11
