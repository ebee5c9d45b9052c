# pyright: basic
"""Targets among the inputs: tables, windows and words that aren't masked; tasks that only look like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

pytestmark = pytest.mark.trains
NAME = "target_among_inputs"
Data = tuple[torch.Tensor, torch.Tensor]


def table(rows: int = 400) -> torch.Tensor:
    """Five features, of which the last follows from the others, but for noise."""
    x = torch.randn(rows, 5)
    x[:, 4] = x[:, 0] - x[:, 1] + 0.5 * torch.randn(rows)
    return x


def told(x: torch.Tensor, y: torch.Tensor, loss: Any, outputs: int = 1, model: Any = None) -> str:
    """Return what the finding says of where; empty if there is none."""

    def training() -> None:
        net = model or nn.Sequential(
            nn.Flatten(), nn.Linear(x[0].numel(), 16), nn.ReLU(), nn.Linear(16, outputs)
        )
        opt = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(5):
            for rows in torch.randperm(len(x)).split(40):
                opt.zero_grad()
                loss(net(x[rows]), y[rows]).backward()
                opt.step()

    report = diagnosed(training)
    assert report.troubles == ()
    return next((one.where for one in report.findings if one.fault == NAME), "")


def windows(series: torch.Tensor, ends_before: int) -> Data:
    x = series.unfold(0, 13, 1)
    return x[:, : 13 - ends_before, None].contiguous(), x[:, -1:].contiguous()


def noisy_wave() -> torch.Tensor:
    return torch.sin(torch.arange(400) / 6) + 0.3 * torch.randn(400)


def column(unit: Callable[[torch.Tensor], torch.Tensor] = torch.clone) -> Data:
    x = table()
    return x, unit(x[:, 4:])


def labels() -> Data:
    x = table()
    x[:, 4] = 2.0 * (x[:, 4] > 0) - 1
    return x, (x[:, 4] > 0).long()


def answers() -> Data:
    x = table()
    x[:, 4] = (x[:, 4] > 0).float()
    return x, x[:, 4:].clone()


FAULTY: dict[str, tuple[Callable[[], Data], Any, int, str]] = {
    "a column": (column, F.mse_loss, 1, "feature 4"),
    "in another unit": (lambda: column(lambda y: 32 - 1.8 * y), F.mse_loss, 1, "feature 4"),
    "a number for each class": (labels, F.cross_entropy, 2, "feature 4"),
    "a yes or no": (answers, F.binary_cross_entropy_with_logits, 1, "feature 4"),
    "a window that ends with it": (lambda: windows(noisy_wave(), 0), F.mse_loss, 1, "feature 0 at step 12"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_target_that_is_given_is_named(name: str):
    torch.manual_seed(3)
    made, loss, outputs, where = FAULTY[name]
    x, y = made()
    assert where in told(x, y, loss, outputs)


def first_of_a_walk() -> Data:
    x = torch.randn(400, 8, 1).cumsum(1)
    return x, x[:, 0].clone()


def exact_sum() -> Data:
    x = torch.randn(400, 4)
    return torch.cat([x, x.sum(1, keepdim=True)], 1), x.sum(1, keepdim=True)


def without() -> Data:
    x = table()
    return x[:, :4].clone(), x[:, 4:]


def picked(features: int) -> Data:
    x = torch.randn(400, features)
    return x, x[:, :1].clone()


def picked_bit() -> Data:
    x = torch.randint(2, (400, 6)).float()
    return x, x[:, 2].long()


def itself() -> Data:
    x = table()
    return x, x.clone()


SOUND: dict[str, tuple[Callable[[], Data], Any, int]] = {
    "a table without it": (without, F.mse_loss, 1),
    "a window that ends before it": (lambda: windows(noisy_wave(), 1), F.mse_loss, 1),
    "one feature of many is to be picked": (lambda: picked(6), F.mse_loss, 1),
    "one bit of many is to be picked": (picked_bit, F.cross_entropy, 2),
    "a line": (lambda: picked(1), F.mse_loss, 1),
    "a plane of which one axis is the target": (lambda: picked(2), F.mse_loss, 1),
    "the others tell all of it as well": (exact_sum, F.mse_loss, 1),
    "an auto-encoder": (itself, F.mse_loss, 5),
    "what a sequence began with is to be recalled": (first_of_a_walk, F.mse_loss, 1),
    "it hardly differs from a feature": (
        lambda: column(lambda y: y + 0.02 * torch.randn(400, 1)),
        F.mse_loss,
        1,
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_only_looks_like_it_is_not_accused(name: str):
    torch.manual_seed(3)
    made, loss, outputs = SOUND[name]
    assert told(*made(), loss, outputs) == ""


class Blind(nn.Module):
    """Takes the last column of its table for a weight, say, and never reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.line(x[:, :4])


def test_a_column_that_the_network_never_reads_is_no_leak():
    torch.manual_seed(3)
    x = table()
    assert told(x, x[:, 4:], F.mse_loss, model=Blind()) == ""


# Words that are to be guessed.


class Guesses(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.out = nn.Embedding(8, 8), nn.Linear(16, 8)
        self.gru = nn.GRU(8, 8, batch_first=True, bidirectional=True)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(self.tokens(ids))[0])


def guessing(batch: Callable[[], Data]) -> bool:
    def training() -> None:
        model = Guesses()
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(24):
            given, labels = batch()
            opt.zero_grad()
            F.cross_entropy(model(given).flatten(0, 1), labels.flatten()).backward()
            opt.step()

    return NAME in faults(diagnosed(training))


def words(masked: bool) -> Data:
    ids, chosen = torch.randint(1, 7, (20, 12)), torch.rand(20, 12) < 0.2
    return (ids.masked_fill(chosen, 7) if masked else ids), ids.masked_fill(~chosen, -100)


def padded() -> Data:
    """A few words, and much padding, to be given back."""
    ids = torch.randint(1, 7, (20, 12))
    pads = torch.arange(12) >= torch.randint(2, 7, (20, 1))
    return ids.masked_fill(pads, 0), ids.masked_fill(pads, -100)


def test_words_that_were_not_masked_are_told():
    assert guessing(lambda: words(masked=False))


def test_masked_words_and_padding_are_not():
    assert not guessing(lambda: words(masked=True))
    assert not guessing(padded)
