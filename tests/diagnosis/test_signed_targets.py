"""Losses for targets of 1 and −1 that are given 1 and 0."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional


def tags(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.soft_margin_loss(output, target)


def order(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.margin_ranking_loss(output[:, 0], output[:, 1], target[:, 0], margin=0.1)


def likeness(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return nn.CosineEmbeddingLoss()(output[:, :2], output[:, 2:], target[:, 0])


def nearness(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.hinge_embedding_loss(output[:, 0].abs(), target[:, 0])


def training(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], low: float) -> Callable[[], None]:
    def train() -> None:
        x = torch.randn(200, 6)
        y = torch.where(x[:, :4] > 0, 1.0, low)
        model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(6):
            for rows in torch.randperm(200).split(20):
                optimizer.zero_grad()
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()

    return train


@pytest.mark.parametrize("loss", [tags, likeness, nearness])
def test_zeros_are_told_with_their_share(loss: Callable[..., torch.Tensor]):
    report = diagnosed(training(loss, 0.0))
    assert faults(report) == ["wrong_loss"]
    (finding,) = report.findings
    assert "_loss takes targets of 1 and −1" in finding.evidence[0]
    assert any(f"{share}%" in finding.evidence[0] for share in range(40, 61))


def many(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return nn.MultiLabelSoftMarginLoss()(output, (target > 0).float())


@pytest.mark.parametrize("loss", [tags, many])
def test_it_is_known_how_well_yes_and_no_are_told(loss: Callable[..., torch.Tensor]):
    outcome = diagnosed(training(loss, -1.0)).to_dict()["outcome"]
    assert outcome["state"] == "learnt"
    assert outcome["reached_as"] == "accuracy"
    assert outcome["reached"] > 0.9
    assert outcome["constant_answer_loss"] == pytest.approx(math.log(2), abs=0.02)


@pytest.mark.parametrize("loss", [tags, order, likeness, nearness])
def test_signs_are_healthy(loss: Callable[..., torch.Tensor]):
    assert faults(diagnosed(training(loss, -1.0))) == []


def meant(loss: Callable[..., torch.Tensor], share: float) -> list[str]:
    """Return the faults of a training with 1 for most pairs, and 0 for a share of them."""

    def train() -> None:
        x = torch.randn(400, 6)
        teacher = x @ torch.randn(6, 4)
        target = (torch.rand(400) >= share).float()
        model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 4))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(5):
            for rows in torch.randperm(400).split(20):
                optimizer.zero_grad()
                loss(model(x[rows]), teacher[rows], target[rows]).backward()
                optimizer.step()

    return faults(diagnosed(train))


def follow(output: torch.Tensor, teacher: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.cosine_embedding_loss(output, teacher, target)


def ties(output: torch.Tensor, teacher: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    better = torch.where(teacher[:, 0] > teacher[:, 1], output[:, 0], output[:, 1])
    return functional.margin_ranking_loss(better, output[:, :2].sum(1) - better, target)


def answers(output: torch.Tensor, teacher: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return functional.soft_margin_loss(output[:, 0] * teacher[:, 0].sign(), target)


@pytest.mark.parametrize(
    ("loss", "share"),
    [(follow, 0.3), (follow, 0.5), (ties, 0.25), (ties, 0.5), (answers, 0.02), (answers, 0.0)],
)
def test_zeros_that_leave_out_or_are_ties_are_meant(loss: Callable[..., torch.Tensor], share: float):
    assert "wrong_loss" not in meant(loss, share)


def test_more_zeros_than_a_few_are_not():
    assert "wrong_loss" in meant(answers, 0.1)
