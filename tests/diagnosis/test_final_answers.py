# pyright: basic
"""Networks are asked at the end what they have learnt: by copies, on rows trained on, in both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional

from trainlab.diagnosis import Report
from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.draw import format_number

pytestmark = pytest.mark.trains

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
LINE = torch.linspace(-1, 1, 40)[:, None]


def trained(
    model: Callable[[], nn.Module],
    x: torch.Tensor,
    y: torch.Tensor,
    loss: Callable[[Any, torch.Tensor], torch.Tensor],
    *,
    batch: int = 8,
    steps: int = 64,
    made: list[nn.Module] | None = None,
) -> Report:
    """Train in order and return the report; the model is gone at the end unless it is put into `made`."""

    def training() -> None:
        net = model()
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
        for step in range(steps):
            rows = torch.arange(step * batch, (step + 1) * batch) % len(x)
            optimizer.zero_grad()
            loss(net(x[rows]), y[rows]).backward()
            optimizer.step()
        if made is not None:
            made.append(net)

    return diagnosed(training)


def one(report: Report) -> dict[str, Any]:
    assert report.troubles == ()
    assert report.outcome["not_asked"] == []
    (asked,) = report.outcome["asked"]
    return asked


def hand_written(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((out.squeeze(1) - y.squeeze(1)) ** 2).mean()


LOSSES: list[tuple[Callable[[Any, torch.Tensor], torch.Tensor], float]] = [
    (functional.l1_loss, 0.5),
    (functional.mse_loss, 0.25),
    (hand_written, 0.25),
    (lambda out, y: (out - y).abs().mean(), 0.5),
    (nn.BCEWithLogitsLoss(), 0.6931),
    (lambda out, y: functional.binary_cross_entropy(torch.sigmoid(out), y), 0.6931),
]


@pytest.mark.parametrize(("loss", "constant"), LOSSES)
@pytest.mark.parametrize("batch", [1, 4])
def test_the_loss_itself_is_held_against_its_own_best_constant(
    loss: Callable[[Any, torch.Tensor], torch.Tensor], constant: float, batch: int
):
    made: list[nn.Module] = []
    asked = one(trained(lambda: nn.Linear(2, 1), CORNERS, XOR, loss, batch=batch, made=made))
    assert asked["unique_rows"] == 4
    assert asked["constant_answer_loss"] == pytest.approx(constant, rel=1e-3)
    with torch.no_grad():
        expected = float(loss(made[0](CORNERS), XOR))
    for mode in ("train_mode", "eval_mode"):
        assert asked[mode]["loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", [functional.mse_loss, hand_written, functional.l1_loss])
def test_the_loss_with_the_answers_of_other_rows_is_pytorchs(
    loss: Callable[[Any, torch.Tensor], torch.Tensor],
):
    made: list[nn.Module] = []
    report = trained(lambda: nn.Linear(1, 1), LINE, 3 * LINE + 1, loss, batch=40, made=made)
    with torch.no_grad():
        out = made[0](LINE)
        own, others = (
            float(loss(answers, 3 * LINE + 1))
            for answers in (out, out[np.random.default_rng(0).permutation(40)])
        )
    (words,) = (one["words"] for one in report.recipe if "their own rows" in one["question"])
    assert words == f"loss {format_number(own)}, with the answers of other rows {format_number(others)}"


def test_what_is_learnt_from_zeros_fits_other_rows_as_well():
    report = trained(lambda: nn.Linear(2, 1), torch.zeros(4, 2), XOR, functional.mse_loss, batch=4)
    (asked,) = (one for one in report.recipe if "their own rows" in one["question"])
    assert asked["answer"] == "no"


def test_classes_by_their_shares_and_accuracy():
    y = (LINE[:, 0] > 0.5).long()
    made: list[nn.Module] = []
    asked = one(trained(lambda: nn.Linear(1, 2), LINE, y, functional.cross_entropy, made=made))
    share = float((y == 1).float().mean())
    entropy = -(share * torch.tensor(share).log() + (1 - share) * torch.tensor(1 - share).log())
    assert asked["constant_answer_loss"] == pytest.approx(float(entropy), rel=1e-4)
    right = float((made[0](LINE).argmax(1) == y).float().mean())
    assert asked["eval_mode"]["reached"] == pytest.approx(right)


def test_of_targets_between_0_and_1_the_constant_stands_in_the_unit_of_the_loss():
    """An autoencoder of grey values: what lies above their own entropy was set against the loss itself."""
    x = torch.rand(64, 6, generator=torch.Generator().manual_seed(0))
    report = trained(lambda: nn.Linear(6, 6), x, x, functional.binary_cross_entropy_with_logits, batch=4)
    expected = float(functional.binary_cross_entropy(x.mean(0).expand_as(x), x))
    assert report.outcome["constant_answer_loss"] == pytest.approx(expected, rel=1e-2)
    assert report.outcome["state"] in ("stuck", "poor")
    assert "over the data at the end" not in str(report)


def test_a_network_that_is_gone_by_the_end_is_asked_as_it_last_was():
    kept: list[nn.Module] = []

    def model() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1))

    there, gone = (
        one(trained(model, LINE, LINE**2, functional.mse_loss, made=made)) for made in (kept, None)
    )
    # Sums are rounded by how their numbers lie in memory.
    for mode in ("train_mode", "eval_mode"):
        assert there.pop(mode) == pytest.approx(gone.pop(mode), rel=1e-6, abs=1e-6)
    constants = there.pop("constant_answer_loss"), gone.pop("constant_answer_loss")
    assert constants[0] == pytest.approx(constants[1], rel=1e-6)
    assert there == gone


class Noisy(nn.Module):
    """Answers well where it was trained, and 0 in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) * float(self.training)


class Teacher(nn.Linear):
    """Gives targets, and learns nothing."""


class Student(nn.Linear):
    """Learns from the teacher."""


def test_of_several_networks_the_one_that_is_judged_is_named():
    def training() -> None:
        teacher, student = Teacher(1, 1), Student(1, 1)
        optimizer = torch.optim.SGD(student.parameters(), lr=0.05)
        for step in range(64):
            rows = torch.arange(step * 8, (step + 1) * 8) % len(LINE)
            with torch.no_grad():
                target = teacher(LINE[rows])
            optimizer.zero_grad()
            functional.mse_loss(student(LINE[rows]), target).backward()
            optimizer.step()

    report = diagnosed(training)
    assert {model["class"] for model in report.card["models"]} == {"Teacher", "Student"}
    assert report.outcome["reached_on"].startswith(
        "40 rows trained on, checked on Student after the last step"
    )


def test_modes_that_answer_otherwise_are_told_apart():
    report = trained(Noisy, LINE, 2 * LINE, functional.mse_loss, steps=300)
    asked = one(report)
    assert asked["train_mode"]["reached"] > 0.9
    assert asked["eval_mode"]["reached"] == pytest.approx(0, abs=0.01)
    assert asked["eval_mode"]["constant"]
    assert not asked["train_mode"]["constant"]
    assert asked["modes_apart"] > 0.5
    assert report.outcome["reached_on"].endswith("in train mode")


def test_a_constant_answer_to_rows_in_a_fixed_order_is_not_learnt():
    """Every fourth loss is that of the same row, and half of the rows are answered well by a constant."""
    report = trained(
        lambda: Constant(0.99), CORNERS, XOR, functional.l1_loss, batch=1, steps=4 * 4096 // 16 + 3
    )
    assert report.outcome["state"] == "stuck"
    assert report.outcome["reached"] < -0.5
    assert one(report)["eval_mode"]["constant"]


class Constant(nn.Module):
    """Answers one number, which hardly learns."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor([value]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value.expand(len(x), 1) + 1e-6 * x[:, :1]


class Counting(nn.Module):
    """Counts its calls in a list that it shares with the test."""

    def __init__(self, calls: list[int]) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.layer.register_forward_hook(lambda *_: calls.append(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def test_hooks_of_the_user_are_not_called():
    calls: list[int] = []
    one(trained(lambda: Counting(calls), LINE, LINE, functional.mse_loss, steps=20))
    assert len(calls) == 20


def test_buffers_and_weights_stay_as_they_are():
    made: list[nn.Module] = []

    def model() -> nn.Module:
        return nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(0.2), nn.Linear(4, 1))

    def state(watched: bool) -> list[bytes]:
        made.clear()
        if watched:
            one(trained(model, LINE, LINE, functional.mse_loss, made=made))
        else:
            torch.manual_seed(0)
            net = model()
            optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
            for step in range(64):
                rows = torch.arange(step * 8, step * 8 + 8) % len(LINE)
                optimizer.zero_grad()
                functional.mse_loss(net(LINE[rows]), LINE[rows]).backward()
                optimizer.step()
            made.append(net)
        tensors = [*made[0].state_dict().values(), torch.get_rng_state()]
        return [tensor.numpy().tobytes() for tensor in tensors]

    assert state(watched=True) == state(watched=False)


class Strange:
    """Something that nobody knows how to copy."""


class Holding(nn.Linear):
    def __init__(self) -> None:
        super().__init__(1, 1)
        self.strange = Strange()


def test_what_cannot_be_asked_is_said_and_read_off_whole_passes():
    report = trained(Holding, LINE, 2 * LINE, functional.mse_loss, batch=1, steps=400)
    (why,) = report.outcome["not_asked"]
    assert why["why"] == "it holds something that can't be copied (Strange)"
    assert report.outcome["asked"] == []
    assert report.outcome["state"] == "learnt"
    assert report.outcome["reached_on"] == "32 late batches"


def test_a_long_curve_leaves_no_loss_out():
    loss_curve = LossCurve(None)
    for tick in range(40_000):
        loss_curve.add(tick, float(tick % 4 == 0))
    assert loss_curve.stride == 16
    assert len(loss_curve.values) <= 4096
    assert set(loss_curve.values) == {0.25}
    assert loss_curve.last == 0.0
