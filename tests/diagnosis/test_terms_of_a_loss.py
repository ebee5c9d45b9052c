"""Which differences are errors, and which only add terms to a loss."""

from __future__ import annotations

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis.faults import remedies_for
from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.remedies.applying import Applied


def kinds_of(loss_of: object, *, steps: int = 30) -> list[str]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    x, y = torch.randn(8, 3), torch.randn(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    probe = Probe()
    probe.start()
    try:
        for _ in range(steps):
            optimizer.zero_grad()
            loss_of(model(x), y).backward()  # type: ignore[operator]
            optimizer.step()
    finally:
        seen = probe.stop()
    assert not seen.troubles
    return [loss.kind for loss in seen.losses if loss.count]


def pinball(error: torch.Tensor) -> torch.Tensor:
    return (error[error > 0].sum() - error[error < 0].sum()) / len(error)


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda out, y: (out - y).pow(2).mean(),
        lambda out, y: ((out - y) * (out - y)).mean(),
        lambda out, y: (y - out).abs().sum(1).mean(),
        lambda out, y: (out - y).norm(),
        lambda out, y: 0.5 * torch.sqrt(((out - y) ** 2).mean() + 1e-6),
        lambda out, y: torch.log(torch.cosh(out - y)).mean(),
        lambda out, y: torch.where(y > out, 0.9 * (y - out), 0.1 * (out - y)).mean(),
        lambda out, y: pinball(out - y),
    ],
)
def test_a_bent_difference_is_an_error(loss_of: object):
    assert kinds_of(loss_of) == ["difference"]


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda out, y: -(y * 2).mean() - 0.01 * out.mean(),
        lambda out, y: (out[:, 0] - y[:, 0]).mean(),
        lambda out, y: ((out - y) * y).sum() / 3,
    ],
)
def test_a_term_is_none(loss_of: object):
    assert kinds_of(loss_of) == []


@pytest.mark.trains
@pytest.mark.parametrize("played", [True, False])
def test_returns_of_games_are_no_measure_of_the_rate(played: bool):
    def train() -> None:
        model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
        pairs = [(torch.randn(10, 3), torch.randn(10, 1)) for _ in range(120)]
        for states, returns in pairs:
            values = torch.stack([model(state) for state in states]) if played else model(states)
            optimizer.zero_grad()
            nn.functional.smooth_l1_loss(values, returns).backward()
            optimizer.step()

    outcome = diagnosed(train).to_dict()["outcome"]
    assert (outcome["state"] == "unknown") == played


@pytest.mark.trains
@pytest.mark.parametrize("rows", [4, 12])
def test_data_gone_through_row_by_row_is_no_game(rows: int) -> None:
    """Four rows a step as in XOR, or twelve: nine layers of sigmoids learn nothing, and that is told."""
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).repeat(rows // 4, 1)
    y = (x[:, 0] != x[:, 1]).float()

    def train() -> None:
        layers = [layer for _ in range(8) for layer in (nn.Linear(2, 2), nn.Sigmoid())]
        model = nn.Sequential(*layers, nn.Linear(2, 1), nn.Sigmoid())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        for _ in range(200):
            optimizer.zero_grad()
            sum((model(row) - wanted).square().sum() for row, wanted in zip(x, y, strict=True)).backward()
            optimizer.step()

    report = diagnosed(train)
    assert report.to_dict()["outcome"]["state"] == "stuck"
    assert rows > 4 or "vanishing_gradient" in faults(report)


@pytest.mark.trains
def test_a_game_on_few_places_is_a_game():
    """Sixteen steps on a ring of six places to each update: states come again, often in one update."""

    def train() -> None:
        model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        at = 0
        for _ in range(100):
            values, returns, gone = [], torch.zeros(16), 0.0
            for turn in range(16):
                values.append(model(torch.eye(6)[at][None])[0, 0])
                at = (at + (1 if torch.rand(()) > 0.4 else -1)) % 6
                returns[turn] = float(at == 3) + 2 * torch.randn(())
            for turn in reversed(range(16)):
                returns[turn] = gone = returns[turn] + 0.9 * gone
            optimizer.zero_grad()
            nn.functional.mse_loss(torch.stack(values), returns).backward()
            optimizer.step()

    assert diagnosed(train).to_dict()["outcome"]["state"] == "unknown"


class Variational(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(100, 8), nn.Linear(4, 100)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return torch.sigmoid(self.decoder(z)), mean, log_variance


def variational(*, summed: bool) -> None:
    """Reconstruction averaged over the pixels beside a divergence summed over the code, or both summed."""
    torch.manual_seed(0)
    code = torch.randn(400, 2)
    x = torch.sigmoid(3 * code @ torch.randn(2, 100))
    net = Variational()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for rows in (rows for _ in range(30) for rows in torch.randperm(400).split(40)):
        out, mean, log_variance = net(x[rows])
        if summed:
            error = F.binary_cross_entropy(out, x[rows], reduction="sum") / 40
        else:
            error = F.binary_cross_entropy(out, x[rows])
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
        opt.zero_grad()
        (error + divergence).backward()
        opt.step()


@pytest.mark.trains
@pytest.mark.parametrize(("summed", "found"), [(False, ["loss_term_dominates"]), (True, [])])
def test_a_divergence_in_another_unit_drowns_the_reconstruction(summed: bool, found: list[str]):
    report = diagnosed(lambda: variational(summed=summed))
    assert faults(report) == found
    if found:
        (finding,) = report.findings
        assert "binary_cross_entropy" in finding.where
        (remedy,) = remedies_for(finding.to_dict())
        with Applied(remedy.to_plan()) as applied:
            mended = diagnosed(lambda: variational(summed=False))
        assert applied.acted == 300
        assert mended.outcome["loss_by_constant"] < 0.9 < report.outcome["loss_by_constant"]
