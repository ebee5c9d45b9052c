# pyright: basic
"""What a network is given and never uses: a fact, and a note unless the training falls short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains


class Doubled(torch.autograd.Function):
    """What PyTorch's function modes aren't told of."""

    @staticmethod
    def forward(ctx: Any, one: torch.Tensor) -> torch.Tensor:
        return 2 * one

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return 2 * grads[0]


class Two(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.line, self.beside = way, nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        out = self.line(x) + self.beside(torch.zeros_like(x))
        if self.way == "used":
            out = out + self.beside(other)
        if self.way == "by its shape":
            out = out + self.beside(torch.ones(other.shape))
        if self.way == "in training" and self.training:
            out = out + self.beside(other)
        if self.way == "in evaluation" and not self.training:
            out = out + self.beside(other)
        if self.way == "untold":
            out = out + self.beside(Doubled.apply(other))
        return out


def noted(way: str, other: Callable[[int], torch.Tensor], *, by_name: bool = False) -> list[str]:
    def training() -> None:
        model = Two(way)
        opt = torch.optim.Adam(model.parameters(), lr=0.03)
        for _ in range(60):
            x, beside = torch.randn(40, 4), other(40)
            opt.zero_grad()
            out = model(x, other=beside) if by_name else model(x, beside)
            F.cross_entropy(out, (x[:, 0] > 0).long()).backward()
            opt.step()

    report = diagnosed(training)
    assert report.troubles == ()
    assert "unused_input" not in faults(report)
    return [note.where for note in report.notes if note.fault == "unused_input"]


def numbers(rows: int) -> torch.Tensor:
    return torch.randn(rows, 4)


def mask(rows: int) -> torch.Tensor:
    return torch.rand(rows, 4) < 0.5


@pytest.mark.parametrize("other", [numbers, mask])
@pytest.mark.parametrize("by_name", [False, True])
def test_what_is_never_used_is_a_note_where_the_training_succeeds(
    other: Callable[[int], torch.Tensor], by_name: bool
):
    assert noted("not", other, by_name=by_name) == ["Two: its argument `other`"]


@pytest.mark.parametrize("way", ["used", "by its shape", "in training", "in evaluation", "untold"])
def test_what_is_used_in_any_way_is_not_told(way: str):
    assert noted(way, numbers) == []


def test_what_is_all_alike_says_nothing():
    assert noted("not", lambda rows: torch.ones(rows, 4)) == []
