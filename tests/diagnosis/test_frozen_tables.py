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


def test_random_vectors_that_stay_as_they_are_are_found():
    report = diagnosed(lambda: rating(lambda a, b: Factors(random_table(a), random_table(b), freeze=True)))
    assert "frozen_params" in faults(report)
    finding = next(finding for finding in report.findings if finding.fault == "frozen_params")
    assert "users" in finding.where
    assert "random normal numbers" in finding.evidence[1]


def test_given_vectors_are_left_alone():
    assert "frozen_params" not in faults(diagnosed(lambda: rating(lambda a, b: Factors(a, b, freeze=True))))


@pytest.mark.parametrize("seed", range(3))
def test_given_vectors_of_a_training_that_fails_are_left_alone(seed: int):
    def shuffled(a: torch.Tensor, b: torch.Tensor) -> nn.Module:
        return Factors(a[torch.randperm(USERS)], b[torch.randperm(ITEMS)], freeze=True)

    assert "frozen_params" not in faults(diagnosed(lambda: rating(shuffled), seed=seed))


def test_random_vectors_that_learn_are_left_alone():
    report = diagnosed(
        lambda: rating(lambda a, b: Factors(random_table(a), random_table(b), freeze=False), epochs=20)
    )
    assert faults(report) == []
