# pyright: basic
"""Padding that the loss counts: its share and the score without it; sequences that only look padded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.faults.padding_scored import Tagger, padded
from diagnosis.watched import diagnosed
from torch.nn import functional as F

from trainlab.diagnosis import Report

pytestmark = pytest.mark.trains
NAME = "padding_scored"
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def trained(loss: Loss, made: Callable[[int], Batch] = padded) -> Report:
    def training() -> None:
        words, labels, pads = made(200)
        model = Tagger()
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(5):
            for rows in torch.randperm(200).split(40):
                opt.zero_grad()
                loss(model(words[rows]), labels[rows], pads[rows]).backward()
                opt.step()

    report = diagnosed(training)
    assert report.troubles == ()
    return report


def said(report: Report) -> str:
    """Return the evidence of the finding, or of the note; empty if nothing is said."""
    told = [one for one in (*report.findings, *report.notes) if one.fault == NAME]
    return " ".join(told[0].evidence) if told else ""


def flat(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor, **settings: Any) -> torch.Tensor:
    return F.cross_entropy(out.flatten(0, 1), labels.flatten(), **settings)


def turned(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(out.transpose(1, 2), labels)


def of_logs(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor) -> torch.Tensor:
    return F.nll_loss(out.log_softmax(-1).flatten(0, 1), labels.flatten())


@pytest.mark.parametrize("loss", [flat, turned, of_logs])
def test_padding_that_counts_is_told_with_the_score_without_it(loss: Loss):
    report = trained(loss)
    assert NAME in [one.fault for one in report.findings]
    torch.manual_seed(0)
    share = float(padded(200)[2].float().mean())
    told, _ = said(report).split("% of the places", 1)
    assert float(told) / 100 == pytest.approx(share, abs=0.03)  # a busy machine asks fewer rows


def first(n: int) -> Batch:
    """Padding before the words."""
    words, labels, pads = padded(n)
    return words.flip(1), labels.flip(1), pads.flip(1)


def test_padding_before_the_words_is_padding_too():
    assert said(trained(flat, first))


def easy(n: int) -> Batch:
    """Tags that are all learnt: padding flatters nobody."""
    words, _, pads = padded(n)
    return words, (words % 4).masked_fill(pads, 0), pads


def test_padding_that_hardly_changes_the_score_is_a_note():
    assert NAME in [one.fault for one in trained(flat, easy).notes]


def masked(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor) -> torch.Tensor:
    losses = F.cross_entropy(out.transpose(1, 2), labels, reduction="none")
    return (losses * ~pads).sum() / (~pads).sum()


def picked(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(out[~pads], labels[~pads])


def left_out(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor) -> torch.Tensor:
    return flat(out, labels.masked_fill(pads, -100), pads)


@pytest.mark.parametrize("loss", [masked, picked, left_out])
def test_padding_that_is_left_out_is_not_told(loss: Loss):
    assert said(trained(loss)) == ""


def by_index(out: torch.Tensor, labels: torch.Tensor, pads: torch.Tensor) -> torch.Tensor:
    return flat(out, labels, pads, ignore_index=0)


def of_one_length(n: int) -> Batch:
    words, labels, _ = padded(n)
    words = words.clamp(min=1)
    words[:, -1] = 0  # each ends with a stop
    return words, labels, words == 0


def with_zeros(n: int) -> Batch:
    """0 is a word like others, and often stands at the end."""
    words, labels, pads = padded(n)
    words[:, 0] = 0
    return words, labels, pads


def answered(n: int) -> Batch:
    """What looks like padding is to be answered: by the first word."""
    words, labels, pads = padded(n)
    return words, torch.where(pads, words[:, :1] % 4, labels), pads


@pytest.mark.parametrize(
    ("loss", "made"), [(by_index, padded), (flat, of_one_length), (flat, with_zeros), (flat, answered)]
)
def test_what_only_looks_padded_is_not_told(loss: Loss, made: Callable[[int], Batch]):
    assert said(trained(loss, made)) == ""
