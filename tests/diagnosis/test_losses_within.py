# pyright: basic
"""Networks that compute their loss themselves, of targets that they are given, are asked like others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from diagnosis.test_final_answers import one
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional

from trainlab.diagnosis import Report

pytestmark = pytest.mark.trains

X = torch.linspace(-1, 1, 120)[:, None].repeat(1, 3)
CLASSES = (X[:, 0] > 0.2).long()
NUMBERS = X[:, :1] * 2


class Whole(nn.Module):
    """Answers the loss, as `by` says, once it is given targets."""

    def __init__(self, by: Callable[..., torch.Tensor], width: int, *, named: bool = False) -> None:
        super().__init__()
        self.by = by
        self.layers = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.1), nn.Tanh(), nn.Linear(8, width))
        self.aside = nn.Linear(3, 1)
        self.named = named

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        logits = self.layers(x)
        loss = None if labels is None else self.by(logits, labels, self.aside(x))
        return {"logits": logits, "loss": loss} if self.named else (logits, loss)


def trained(model: Whole, y: torch.Tensor, *, lr: float = 0.02, steps: int = 150) -> Report:
    def training() -> None:
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        for step in range(steps):
            rows = torch.arange(step * 24, (step + 1) * 24) * 7 % len(X)
            out = model(X[rows], labels=y[rows])
            optimizer.zero_grad()
            (out["loss"] if model.named else out[1]).backward()
            optimizer.step()

    return diagnosed(training)


def entropy(logits: torch.Tensor, y: torch.Tensor, aside: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits.view(-1, 2), y.view(-1))


def with_another_term(logits: torch.Tensor, y: torch.Tensor, aside: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, y) + 0.1 * functional.mse_loss(aside, y[:, None].float())


def per_row(logits: torch.Tensor, y: torch.Tensor, aside: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, y, reduction="none").mean()


def logistic(logits: torch.Tensor, y: torch.Tensor, aside: torch.Tensor) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(input=logits[:, 0], target=y.float())


def squares(logits: torch.Tensor, y: torch.Tensor, aside: torch.Tensor) -> torch.Tensor:
    return functional.mse_loss(logits, y)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("by", [entropy, per_row, logistic])
def test_they_are_asked_and_answer_as_they_do(by: Callable[..., torch.Tensor], named: bool):
    torch.manual_seed(1)
    model = Whole(by, 1 if by is logistic else 2, named=named)
    report = trained(model, CLASSES)
    asked = one(report)
    assert asked["unique_rows"] == len(X)
    with torch.no_grad():
        model.eval()
        out = model(X, labels=CLASSES)
        logits, loss = (out["logits"], out["loss"]) if named else out
    said = logits.argmax(1) if by is not logistic else (logits[:, 0] > 0).long()
    assert asked["eval_mode"]["reached"] == pytest.approx(float((said == CLASSES).float().mean()))
    assert asked["eval_mode"]["loss"] == pytest.approx(float(loss), rel=1e-3)
    assert asked["constant_answer_loss"] == pytest.approx(shares(CLASSES.float().mean()), rel=1e-3)
    assert report.outcome["state"] == "learnt"


def shares(yes: torch.Tensor) -> float:
    return float(-(yes * yes.log() + (1 - yes) * (1 - yes).log()))


def test_numbers_too_and_what_learns_nothing_is_told():
    torch.manual_seed(1)
    assert one(trained(Whole(squares, 1), NUMBERS))["eval_mode"]["reached"] > 0.9
    torch.manual_seed(1)
    report = trained(Whole(squares, 1), NUMBERS, lr=1e-7)
    assert one(report)["constant_answer_loss"] == pytest.approx(float(NUMBERS.var(unbiased=False)), rel=1e-3)
    assert report.outcome["state"] == "stuck"
    assert report.findings[0].fault == "lr_too_low"


def test_each_of_two_losses_is_asked_by_itself():
    torch.manual_seed(1)
    report = trained(Whole(with_another_term, 2), CLASSES)
    assert report.outcome["not_asked"] == []
    kinds: Mapping[str, float] = {
        each["loss"]: each["constant_answer_loss"] for each in report.outcome["asked"]
    }
    yes = CLASSES.float().mean()
    assert kinds == {
        "cross_entropy": pytest.approx(shares(yes), rel=1e-3),
        "mse_loss": pytest.approx(float(yes * (1 - yes)), rel=1e-3),
    }


def test_a_loss_of_the_networks_own_work_is_none_of_the_targets():
    """As a codebook's, whose targets are the codes: nobody has given them."""

    def of_itself(logits: torch.Tensor, y: torch.Tensor, aside: torch.Tensor) -> torch.Tensor:
        return functional.mse_loss(logits, aside.detach().tanh())

    report = trained(Whole(of_itself, 1), NUMBERS)
    assert report.outcome["asked"] == []
    assert [each["why"] for each in report.outcome["not_asked"]] == [
        "its answers aren't seen to meet targets"
    ]


class Writer(nn.Module):
    """Predicts the next token, by those before it, and answers logits and loss."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.head = nn.Embedding(12, 16), nn.Linear(16, 12)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, idx: torch.Tensor, targets: torch.Tensor | None = None) -> Any:
        x, later = self.tokens(idx), torch.ones(idx.shape[1], idx.shape[1], dtype=torch.bool).triu(1)
        logits = self.head(x + self.attention(x, x, x, attn_mask=later)[0])
        if targets is None:
            return logits, None
        return logits, functional.cross_entropy(logits.view(-1, 12), targets.view(-1))


@pytest.mark.parametrize("shift", [1, 0])
def test_targets_that_are_the_tokens_given_are_told(shift: int):
    text = torch.arange(400) * 5 % 12

    def training() -> None:
        model = Writer()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(150):
            at = torch.randint(0, 380, (16,))
            idx, targets = (torch.stack([text[i + by : i + by + 10] for i in at]) for by in (0, shift))
            _, loss = model(idx, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    report = diagnosed(training)
    asked = one(report)
    assert asked["eval_mode"]["reached"] == 1
    assert [finding.fault for finding in report.findings] == ["target_not_shifted"] * (not shift)
