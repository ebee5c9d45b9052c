# pyright: basic
"""Losses below their floor, or without one; and losses that are below 0 and well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.made import batches, blobs, mlp, surface
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis import Report
from trainlab.diagnosis.finding import Finding


def wrong(report: Report) -> Finding | None:
    return next((one for one in report.findings if one.fault == "wrong_loss"), None)


# Targets that are no probabilities.


def yes_or_no(targets: Callable[[torch.Tensor], torch.Tensor], loss_of=F.binary_cross_entropy_with_logits):
    x, y = blobs(400, classes=2)
    model = mlp(8, 16, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    t = targets(y.float())
    for index in batches(400, 40, 8):
        opt.zero_grad()
        loss_of(model(x[index])[:, 0], t[index]).backward()
        opt.step()


@pytest.mark.parametrize(
    ("targets", "remedy"),
    [
        (lambda y: 255 * y, "Divide the targets by 255"),
        (lambda y: 2 * y - 1, "Give it 1 and 0"),
        (lambda y: y + 1, "Subtract 1"),
        (lambda y: (y - y.mean()) / y.std(), "Scale the targets"),
    ],
)
def test_targets_outside_of_0_to_1_are_said_first(targets, remedy: str):
    found = diagnosed(lambda: yes_or_no(targets)).findings[0]
    assert found.fault == "wrong_loss"
    assert found.remedy.startswith(remedy)
    assert found.place.kind == "loss"
    assert "no probabilities, so the loss has no floor" in found.evidence[0]


def ignoring(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    counted = (target >= 0).float()
    return (F.binary_cross_entropy_with_logits(out, target, reduction="none") * counted).sum() / counted.sum()


def weighing(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(out, target, (target < 2).float())


@pytest.mark.parametrize(
    ("targets", "loss_of"),
    [
        (lambda y: 0.1 + 0.8 * y, F.binary_cross_entropy_with_logits),
        (lambda y: 0.5 * (y + torch.rand(len(y))), F.binary_cross_entropy_with_logits),
        (lambda y: torch.where(torch.rand(len(y)) < 0.3, -1.0, y), ignoring),
        (lambda y: torch.where(torch.rand(len(y)) < 0.3, 255.0, y), weighing),
        (lambda y: 2 * y - 1, F.soft_margin_loss),
        (lambda y: y + 0.02 * torch.randn(len(y)), F.binary_cross_entropy_with_logits),  # of a resized mask
    ],
)
def test_smoothed_mixed_masked_and_signed_targets_are_sound(targets, loss_of):
    assert wrong(diagnosed(lambda: yes_or_no(targets, loss_of))) is None


def classes(targets: Callable[[torch.Tensor], torch.Tensor], loss_of: Callable[..., torch.Tensor]):
    x, y = blobs(400)
    model = mlp(8, 16, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.02)
    t = targets(F.one_hot(y, 4).float())
    for index in batches(400, 40, 6):
        opt.zero_grad()
        loss_of(model(x[index]), t[index]).backward()
        opt.step()


def test_a_teachers_logits_are_no_probabilities():
    found = wrong(diagnosed(lambda: classes(lambda one: 6 * one - 3, F.cross_entropy)))
    assert found is not None
    assert "the least is -3, no probability" in found.evidence[0]
    assert found.code.endswith("target.softmax(-1))")


KL: list[tuple[Callable[..., torch.Tensor], str]] = [
    (lambda out, t: F.kl_div(out.softmax(1), t, reduction="batchmean"), "log_softmax"),
    (lambda out, t: F.kl_div(out.log_softmax(1), 2 * t - 1, reduction="batchmean"), "softmax"),
]


@pytest.mark.parametrize(("loss_of", "remedy"), KL)
def test_a_divergence_is_never_below_0(loss_of, remedy: str):
    found = wrong(diagnosed(lambda: classes(lambda one: 0.1 + 0.6 * one, loss_of)))
    assert found is not None
    assert found.place.call == "kl_div"
    assert remedy in found.remedy


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda out, t: F.kl_div(out.log_softmax(1), t, reduction="batchmean"),
        lambda out, t: F.kl_div(out.log_softmax(1), t.log(), log_target=True, reduction="sum"),
        lambda out, t: F.cross_entropy(out, t),
        lambda out, t: -(t * out.log_softmax(1)).sum(1).mean(),
    ],
)
def test_distributions_are_sound(loss_of):
    assert wrong(diagnosed(lambda: classes(lambda one: 0.1 + 0.6 * one, loss_of))) is None


# Terms with the wrong sign.


class Coded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.mu, self.lv = mlp(8, 24), nn.Linear(24, 2), nn.Linear(24, 2)
        self.back = mlp(2, 24, 8)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        h = self.body(x).relu()
        mu, lv = self.mu(h), self.lv(h)
        return self.back(mu + torch.randn_like(mu) * (lv / 2).exp()), mu, lv


def coded(loss_of: Callable[..., torch.Tensor], *, maximize: bool = False) -> None:
    x, _ = blobs(400)
    model = Coded()
    opt = torch.optim.Adam(model.parameters(), lr=0.003, maximize=maximize)
    for index in batches(400, 40, 10):
        opt.zero_grad()
        loss_of(x[index], *model(x[index])).backward()
        opt.step()


def kl(mu: torch.Tensor, lv: torch.Tensor) -> torch.Tensor:
    return -0.5 * (1 + lv - mu.pow(2) - lv.exp()).sum(1).mean()


def of_library(mu: torch.Tensor, lv: torch.Tensor) -> torch.Tensor:
    one, other = torch.distributions.Normal(mu, (lv / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    return torch.distributions.kl_divergence(one, other).sum(1).mean()


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda x, out, mu, lv: F.mse_loss(out, x) - 0.1 * kl(mu, lv),
        lambda x, out, mu, lv: (
            F.mse_loss(out, x, reduction="sum") + 0.5 * torch.sum(1 + lv - mu**2 - torch.exp(lv))
        ),
        lambda x, out, mu, lv: F.mse_loss(out, x) - of_library(mu, lv),
    ],
)
def test_a_divergence_that_is_taken_away_is_named_with_its_line(loss_of):
    found = diagnosed(lambda: coded(loss_of)).findings[0]
    assert found.fault == "wrong_loss"
    assert found.where.startswith("a term of the loss: ")
    assert "test_losses_without_floor.py" in found.where
    assert found.proof.by == "structure"


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda x, out, mu, lv: F.mse_loss(out, x) + 0.1 * kl(mu, lv),
        lambda x, out, mu, lv: F.mse_loss(out, x) + 0.1 * of_library(mu, lv),
        lambda x, out, mu, lv: F.mse_loss(out, x) - 1e-4 * mu.square().mean(),  # held by the rest
    ],
)
def test_a_divergence_that_is_added_is_sound(loss_of):
    assert wrong(diagnosed(lambda: coded(loss_of))) is None


def test_what_is_maximized_on_purpose_is_sound():
    elbo: Callable[..., torch.Tensor] = lambda x, out, mu, lv: -F.mse_loss(out, x) - kl(mu, lv)  # noqa: E731
    found = wrong(diagnosed(lambda: coded(elbo, maximize=True)))
    assert found is None


# Losses below 0 that are well.


def numbers(loss_of: Callable[..., torch.Tensor], *, outputs: int = 2, lr: float = 0.01) -> None:
    x, y = surface(400)
    model = mlp(4, 24, outputs)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for index in batches(400, 40, 15):
        opt.zero_grad()
        loss_of(model(x[index]), 0.05 * y[index]).backward()
        opt.step()


def likelihood(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return 0.5 * (out[:, 1] + (y - out[:, 0]) ** 2 * torch.exp(-out[:, 1])).mean()


def by_library(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -torch.distributions.Normal(out[:, 0], F.softplus(out[:, 1]) + 1e-3).log_prob(y).mean()


def flow(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    z = (y - out[:, 0]) * torch.exp(out[:, 1])
    return (0.5 * z**2 - out[:, 1]).mean()


def policy(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    chosen = torch.distributions.Categorical(logits=out)
    action = chosen.sample()
    reward = 20 * (action.float() * y)
    return -(chosen.log_prob(action) * reward).mean() - 0.01 * chosen.entropy().mean()


def alike(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -F.cosine_similarity(out, torch.stack([y, 1 - y], 1)).mean()


def energy(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (0.5 * out[:, 0] ** 2 - 30 * y * out[:, 0]).mean()  # Ritz: the least is below 0


def kernels(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    def mean_kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.exp(-((a[:, None] - b[None]) ** 2)).mean()

    one = out[:, 0]
    return mean_kernel(one, one) + mean_kernel(y, y) - 2 * mean_kernel(one, y)


def poisson(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (out[:, 0].exp() - (20 * y).abs().round() * out[:, 0]).mean()


def mutual_information(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return -(out[:, 0].mean() - torch.exp(out[:, 1] - 1).mean())


def ranked(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    near, far = (out[:, 0] - y).abs(), (out[:, 1] + y).abs()
    return (near - far + 0.5).relu().mean()


def critic(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return out[:, 1].mean() - (out[:, 0] * y).mean() + 0.1 * (out.norm(dim=1) - 1).square().mean()


@pytest.mark.parametrize(
    "loss_of",
    [
        likelihood, by_library, flow, policy, alike, energy, kernels, poisson, mutual_information, ranked,
        critic,
    ],
)  # fmt: skip
def test_losses_that_may_be_below_0_are_sound(loss_of):
    report = diagnosed(lambda: numbers(loss_of))
    assert wrong(report) is None
    assert "loss_rises" not in faults(report)


def test_an_attack_on_inputs_is_sound():
    def train() -> None:
        x, y = blobs(60)
        model = mlp(8, 16, 4)
        change = torch.zeros_like(x, requires_grad=True)
        opt = torch.optim.SGD([change], lr=1.0)
        for _ in range(60):
            opt.zero_grad()
            (-F.cross_entropy(model(x + change.clamp(-0.2, 0.2)), y)).backward()
            opt.step()

    assert wrong(diagnosed(train)) is None


def test_terms_that_cancel_leave_nothing():
    def train(twice: bool) -> None:
        x, y = blobs(400, classes=2)
        model = mlp(8, 16, 1)
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for index in batches(400, 40, 4):
            scores = model(x[index])[:, 0]
            yes = F.logsigmoid(scores[y[index] > 0]).mean()
            no = F.logsigmoid(scores[y[index] > 0 if twice else y[index] == 0]).mean()
            opt.zero_grad()
            (no - yes).backward()
            opt.step()

    found = wrong(diagnosed(lambda: train(True)))
    assert found is not None
    assert found.where.startswith("two terms of the loss")
    assert wrong(diagnosed(lambda: train(False))) is None
