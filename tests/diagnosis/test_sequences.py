# pyright: basic
"""Sequences: networks are asked as in training, padding counts nowhere, and the curve is believed."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.watched import HEALTHY, diagnosed, faults, script
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis.probe.counted_places import Unreduced, told

pytestmark = pytest.mark.trains


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def asked_and_sound(name: str) -> dict[str, Any]:
    report = diagnosed(script(name))
    assert faults(report) == []
    assert report.outcome["state"] == "learnt"
    assert report.outcome["not_asked"] == []
    (asked,) = report.outcome["asked"]
    assert report.outcome["loss_by_constant"] < 0.3
    return asked


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("transformer_with_masks.py", "model"),
        ("masked_losses.py", "net"),
        ("seq2seq_forcing_ratio.py", "model"),
        ("seq2seq_step_by_step.py", "decoder"),
    ],
)
def test_a_sequence_that_is_learnt_is_asked_with_all_its_arguments(name: str, model: str):
    asked = asked_and_sound(name)
    assert asked["model"] == model
    assert asked["eval_mode"]["reached"] > 0.85


TWINS = [
    (
        "transformer_with_masks.py",
        "            tgt_mask=tgt_mask,\n",
        "",
        "missing_causal_mask",
    ),
    ("transformer_with_masks.py", "lr=2e-3", "lr=0.5", "lr_too_high"),
    (
        "packed_tagger.py",
        "return self.fc(out)",
        "return self.fc(out).softmax(-1)",
        "loss_activation_mismatch",
    ),
    ("masked_losses.py", "        opt.zero_grad()\n", "", "missing_zero_grad"),
    (
        "seq2seq_step_by_step.py",
        "    _, hidden = encoder(source)\n",
        "    hidden = encoder(source)[1].detach()\n",
        "detached_graph",
    ),
    ("seq2seq_forcing_ratio.py", "    model.train()\n", "    model.eval()\n", "eval_mode_training"),
    ("stateful_lm.py", "    model.train()\n", "    model.eval()\n", "eval_mode_training"),
]


@pytest.mark.parametrize(("name", "line", "other", "fault"), TWINS)
def test_a_twin_with_one_line_at_fault_is_told(name: str, line: str, other: str, fault: str, tmp_path: Any):
    source = (HEALTHY / name).read_text()
    assert line in source
    twin = tmp_path / name
    twin.write_text(source.replace(line, other))

    def run() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(twin.read_text(), str(twin), "exec"), {"__name__": "__main__"})

    assert fault in faults(diagnosed(run))


# What a network is asked otherwise than in training says nothing: the curve is believed.


class Forced(nn.Module):
    """Is given the targets while a flag says so."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.out = nn.Embedding(6, 16), nn.Linear(16, 6)
        self.forcing = True

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        given = tokens if self.forcing else torch.zeros_like(tokens)
        return self.out(self.embedding(given))


def test_a_flag_that_is_turned_after_the_training_makes_no_failure_of_it():
    def training() -> None:
        model = Forced()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(120):
            tokens = torch.randint(6, (32, 5))
            optimizer.zero_grad()
            F.cross_entropy(model(tokens).reshape(-1, 6), (5 - tokens).reshape(-1)).backward()
            optimizer.step()
        model.forcing = False
        kept.append(model)

    kept: list[nn.Module] = []
    report = diagnosed(training)
    assert report.outcome["state"] == "learnt"
    (why,) = report.outcome["not_asked"]
    assert "otherwise than in training" in why["why"]


class Hidden(torch.autograd.Function):
    """Adds up the losses of every other place: nothing of PyTorch's shows which these are."""

    @staticmethod
    def forward(ctx: Any, losses: torch.Tensor) -> torch.Tensor:
        return losses[::2].mean()

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        found = torch.zeros(64)
        found[::2] = grads[0] / 32
        return found


def test_a_loss_that_nobody_can_follow_is_believed_by_its_curve():
    """Every other label is drawn by chance, and the loss leaves these out."""

    def training() -> None:
        model, x = nn.Linear(6, 6), torch.eye(6)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(150):
            labels = torch.randint(6, (64,))
            given = x[torch.where(torch.arange(64) % 2 == 0, labels, torch.randint(6, (64,)))]
            optimizer.zero_grad()
            Hidden.apply(F.cross_entropy(model(given), labels, reduction="none")).backward()
            optimizer.step()

    report = diagnosed(training)
    assert report.outcome["last_loss"] < 0.1
    assert report.outcome["state"] not in ("stuck", "poor", "diverged")


# Places that count.


LABELS = torch.tensor([[1, 2, 0, 0], [3, 1, 2, 0]])
REAL = LABELS != 0


@pytest.mark.parametrize(
    ("args", "kwargs", "counted"),
    [
        ((), {"ignore_index": 0}, REAL),
        ((None, None, 0), {}, REAL),
        ((), {"weight": torch.tensor([0.0, 1, 1, 1])}, REAL),
        ((), {"ignore_index": -100}, None),
    ],
)
def test_what_a_loss_function_is_told_to_ignore(args: Any, kwargs: Any, counted: torch.Tensor | None):
    found = told("cross_entropy", (torch.zeros(8, 4), LABELS, *args), kwargs, LABELS)
    assert found is None if counted is None else torch.equal(found, counted)


def ways() -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    mask = REAL.float()

    def in_place(losses: torch.Tensor) -> torch.Tensor:
        losses = losses.clone()
        losses *= mask
        return losses.sum()

    return {
        "times": lambda one: (one * mask).sum() / mask.sum(),
        "mask first": lambda one: (mask * one).sum(1).mean(),
        "in place": in_place,
        "flat": lambda one: (one.view(-1) * mask.view(-1)).sum(),
        "turned": lambda one: (one.transpose(0, 1) * mask.T).sum(),
        "selected": lambda one: one.masked_select(REAL).mean(),
        "indexed": lambda one: one[REAL].mean(),
        "filled": lambda one: one.masked_fill(~REAL, 0).sum(),
        "where": lambda one: torch.where(REAL, one, 0.0).sum(),
        "squared first": lambda one: (one**2 * mask).sum() / mask.sum(),
    }


@pytest.mark.parametrize("way", list(ways()))
def test_a_mask_is_followed_whatever_the_way(way: str):
    assert torch.equal(counted(ways()[way]), REAL.flatten())


def test_a_mask_that_is_broadcast_over_the_places_takes_none_out():
    assert counted(lambda one: (one[:, :, None] * torch.tensor([0.0, 1.0])).mean()).all()


def test_two_parts_that_are_both_added_up_count_both():
    assert counted(lambda one: one[REAL].mean() + 0.1 * one[~REAL].mean()).all()


def counted(way: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Return which places count, as the listener would be told of the calls."""
    found: list[torch.Tensor] = []
    unreduced = Unreduced()
    losses = torch.rand(2, 4, requires_grad=True) + 1

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            with torch._C.DisableTorchFunction():
                unreduced.called(func, getattr(func, "__name__", ""), args, kwargs or {}, out)
            return out

    unreduced.wait(losses, found.append, learns=True)
    with Mode():
        way(losses)
    unreduced.flush()
    return found[0]


# Both modes on the same rows.


def test_a_gap_between_the_modes_is_no_overfitting():
    """Running statistics that hardly follow: in eval mode the rows trained on are answered as badly."""

    def training() -> None:
        x = torch.randn(600, 8)
        y, x = (x.sum(1) > 0).long(), x + 4
        model = nn.Sequential(nn.BatchNorm1d(8, momentum=1e-4), nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(20):
            model.train()
            for rows in torch.randperm(400).split(50):
                optimizer.zero_grad()
                F.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                held.append(F.cross_entropy(model(x[400:]), y[400:]).item())

    held: list[float] = []
    report = diagnosed(training)
    assert held[-1] > 1.3 * min(held)
    assert "overfitting" not in faults(report)
