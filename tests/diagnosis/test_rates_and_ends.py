"""Steps too small or too large, told by what is left where the loss says little."""

from __future__ import annotations

import math
import re

import pytest
import torch
from diagnosis.faults.made import blobs, fit, mlp
from diagnosis.watched import diagnosed, faults
from torch import nn

from trainlab.diagnosis.signals.loss_readings import loss_at_end


@pytest.mark.parametrize(
    ("first", "looked_at", "of_all", "last"),
    [(1.0, 0.9, 0.3, 0.3), (1.0, 0.3, 0.5, 0.3), (1.0, 0.3, 9.0, 9.0), (1.0, 0.3, math.nan, 0.3)],
    ids=["seldom looked at", "a worse batch or two", "ends above its start", "another loss"],
)
def test_the_end(first: float, looked_at: float, of_all: float, last: float) -> None:
    assert loss_at_end(first, looked_at, of_all) == last


@pytest.mark.trains
@pytest.mark.parametrize(("rate", "found"), [(1e-7, ["lr_too_low"]), (3e-3, [])])
def test_a_likelihood_written_by_hand(rate: float, found: list[str]) -> None:
    torch.manual_seed(0)
    x = torch.rand(256, 2)
    y = torch.where(torch.rand(256) < 0.5, x.sum(1), -x.sum(1)) + 0.1 * torch.randn(256)

    def likelihood(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        means, widths = out.chunk(2, 1)
        logs = -widths - 0.5 * ((target[:, None] - means) / widths.exp()) ** 2
        return -logs.logsumexp(1).mean()

    def training() -> None:
        net = mlp(2, 32, 4, act=nn.Tanh)
        fit(net, torch.optim.Adam(net.parameters(), lr=rate), likelihood, x, y, epochs=40)

    assert faults(diagnosed(training)) == found


@pytest.mark.trains
@pytest.mark.parametrize(("rate", "found"), [(0.05, ["lr_too_high"]), (2e-3, [])])
def test_a_loss_that_was_lower_once(rate: float, found: list[str]) -> None:
    torch.manual_seed(0)
    x = torch.rand(600, 2) * 4 - 2
    y = torch.stack([torch.sin(2 * x[:, 0]), torch.cos(x[:, 1])], 1)

    def training() -> None:
        net = mlp(2, 48, 48, 2, act=nn.Tanh)
        optimizer = torch.optim.RMSprop(net.parameters(), lr=rate)
        fit(net, optimizer, nn.functional.mse_loss, x, y, epochs=30, size=30)

    assert faults(diagnosed(training))[:1] == found


@pytest.mark.trains
@pytest.mark.parametrize(("lr", "blamed"), [(1.0, True), (3e-3, False)])
def test_targets_far_from_0_hide_no_steps_that_are_too_large(lr: float, blamed: bool):
    """The first loss is far above the constant's: what comes after is measured by the constant's."""

    def train() -> None:
        x = torch.randn(400, 5)
        y = x[:, :1] * x[:, 1:2] + x[:, 2:3]
        y = y / y.std() + 4
        model = nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
        fit(model, torch.optim.Adam(model.parameters(), lr=lr), nn.functional.mse_loss, x, y, epochs=15)

    assert ("lr_too_high" in faults(diagnosed(train))) == blamed


@pytest.mark.trains
@pytest.mark.parametrize(("lr", "blamed"), [(1.0, True), (0.005, False)])
def test_a_network_that_a_few_steps_killed(lr: float, blamed: bool):
    """After the first steps nothing moves: no ten of them are large."""

    def train() -> None:
        x, y = blobs(classes=10, features=16)
        x = 6 * x
        model = mlp(16, 32, 32, 10)
        fit(model, torch.optim.SGD(model.parameters(), lr=lr), nn.functional.cross_entropy, x, y, epochs=10)

    report = diagnosed(train)
    assert ("lr_too_high" in faults(report)) == blamed
    if blamed:
        (finding,) = [one for one in report.findings if one.fault == "lr_too_high"]
        words = " ".join(finding.evidence)
        assert "a step of the first 10 was larger than the weights" in words
        assert "the network is dead" in words
        assert finding.picture is not None
        assert "first 10" in finding.picture["title"]


@pytest.mark.trains
@pytest.mark.parametrize(("dtype", "found"), [(torch.bfloat16, ["lr_too_low"]), (torch.float32, [])])
def test_steps_that_weights_of_few_digits_round_away(dtype: torch.dtype, found: list[str]) -> None:
    torch.manual_seed(0)
    x, y = blobs()

    def training() -> None:
        net = mlp(8, 32, 4).to(dtype)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)
        fit(
            net,
            optimizer,
            lambda out, to: nn.functional.cross_entropy(out.float(), to),
            x.to(dtype),
            y,
            epochs=80,
        )

    report = diagnosed(training)
    assert faults(report) == found
    if found:
        (finding,) = report.findings
        assert finding.where.startswith("the weights in bfloat16, ")
        assert re.match(
            r"a step leaves (5[1-9]|[6-9]\d|100)% of the weights as they were", finding.evidence[0]
        )
        assert finding.code.startswith("model.float()  # weights in float32\n")
