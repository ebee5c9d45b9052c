"""Ways to count right answers: those that can't be meant, and those that can."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.made import blobs, fit, mlp
from diagnosis.watched import diagnosed
from torch import Tensor
from torch.nn import functional as F

Counted = Callable[[Tensor, Tensor], object]


def counted(count: Counted):
    """Train a classifier, count its answers in one way, and return what is said of that."""

    def train() -> None:
        x, y = blobs()
        model = mlp(8, 24, 4)
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(3):
            fit(model, opt, F.cross_entropy, x[:500], y[:500], epochs=1)
            with torch.no_grad():
                count(model(x[500:]), y[500:])

    report = diagnosed(train)
    assert report.troubles == ()
    return [finding.place.call for finding in report.findings if finding.fault == "metric_miscounted"]


def summed_up(outputs: Tensor, targets: Tensor) -> Tensor:
    correct = torch.zeros((), dtype=torch.long)
    for part in torch.arange(len(targets)).split(20):
        correct += (outputs[part].argmax(1) == targets[part]).sum()
    return correct


WRONG: dict[str, tuple[Counted, str]] = {
    "argmax of all": (lambda out, y: (out.argmax() == y).float().mean(), "argmax"),
    "the largest of one": (lambda out, y: (torch.max(out[:, :1], 1)[1] == y).float().mean(), "eq"),
    "the place of the largest of one": (lambda out, y: (out[:, :1].argmax(-1) == y).sum() / len(y), "eq"),
    "whole numbers": (lambda out, y: summed_up(out, y) // len(y), "floor_divide"),
    "rounded": (
        lambda out, y: torch.div((out.argmax(1) == y).sum(), len(y), rounding_mode="floor"),
        "floor_divide",
    ),
    "rounded logits": (lambda out, y: (torch.round(5 * out[:, 0]) == (y > 1)).float().mean(), "eq"),
    "each with all": (lambda out, y: (out.argmax(1, keepdim=True) == y).float().mean(), "eq"),
}
RIGHT: dict[str, Counted] = {
    "the largest of several": lambda out, y: (torch.max(out, 1)[1] == y).float().mean(),
    "the largest of one and targets of one class": lambda out, y: out[:, :1].argmax(1) == y * 0,
    "a share": lambda out, y: summed_up(out, y) / len(y),
    "one row's place": lambda out, y: out.argmax() // out.shape[1],
    "a single answer": lambda out, y: out[:1].argmax() == y[:1],
    "one answer and several labels": lambda out, y: out[0].argmax() == torch.arange(4),
    "right answers a batch": lambda out, y: summed_up(out, y) // 5,
    "pairs of one class": lambda out, y: (y[:, None] == y).float().mean(),
    "one-hot by comparison": lambda out, y: (y[:4, None] == torch.arange(4)).float().mean(),
    "rounded probabilities": lambda out, y: (out.softmax(1)[:, 0].round() == (y > 1)).float().mean(),
    "rounded numbers": lambda out, y: (torch.round(5 * out[:, 0]) == y).float().mean(),
    "neighbours": lambda out, y: (y[:10, None] == y[10:20]).float().mean(1),
}


@pytest.mark.trains
@pytest.mark.parametrize("way", WRONG)
def test_what_cannot_be_meant(way: str):
    count, call = WRONG[way]
    assert counted(count) == [call]


@pytest.mark.trains
@pytest.mark.parametrize("way", RIGHT)
def test_what_can(way: str):
    assert counted(RIGHT[way]) == []
