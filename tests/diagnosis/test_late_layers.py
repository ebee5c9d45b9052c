# pyright: basic
"""Layers that a network is given after it was first called: their names, and optimizers made too early."""

from __future__ import annotations

import ast
import contextlib
import io
from pathlib import Path

import pytest
import torch
from diagnosis.watched import diagnosed
from torch import nn

from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.runner import run_script


class Adapted(nn.Module):
    """A frozen layer and a product of two small matrices beside it."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.zeros(2, base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + x @ self.down.T @ self.up.T


def steps(model: nn.Module, parameters: list[nn.Parameter], count: int) -> None:
    x = torch.randn(40, 3)
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    for _ in range(count):
        optimizer.zero_grad()
        (model(x) - x.sum(1, keepdim=True)).square().mean().backward()
        optimizer.step()


def test_layers_put_around_those_of_a_trained_network_have_their_paths_as_names():
    torch.manual_seed(0)
    probe = Probe()
    probe.start()
    try:
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
        steps(model, list(model.parameters()), 30)
        for place in (0, 2):
            model[place] = Adapted(model[place])
        steps(model, [one for one in model.parameters() if one.requires_grad], 30)
    finally:
        seen = probe.stop()
    assert seen.troubles == []
    names = {param.name for param in seen.params.values()}
    assert {"0.down", "0.up", "2.down", "2.up"} <= names
    (root,) = seen.networks
    assert root.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert root.trainable == sum(one.numel() for one in model.parameters() if one.requires_grad)


class Passing(nn.Module):
    """Makes a layer in each pass, which no network has."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(3, 8), nn.Dropout(0.1), nn.Linear(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x)
        return self.last(self.drop(torch.relu(nn.LayerNorm(hidden.shape[1:])(hidden))))


@pytest.mark.trains
def test_a_network_that_is_frozen_for_one_pass_and_makes_a_layer_in_each_goes_on_learning():
    torch.manual_seed(0)
    probe = Probe()
    probe.start()
    model = Passing()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(100):
        x = torch.randn(20, 3)
        model.requires_grad_(False)
        moved = x.clone().requires_grad_()
        model(moved).sum().backward()
        model.requires_grad_(True)
        optimizer.zero_grad()
        model(x + 0.01 * moved.grad.sign()).square().mean().backward()
        optimizer.step()
    seen = probe.stop()
    assert seen.troubles == []
    (root,) = seen.networks
    assert root.trainable == sum(one.numel() for one in model.parameters())
    assert root.learn_in_train >= 100
    assert root.judge_in_train <= 1  # the first, when it was not known to learn


@pytest.mark.trains
@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            "optimizer = torch.optim.SGD(net.parameters(), lr=0.001)",
            "optimizer = torch.optim.SGD(net.parameters(), lr=0.001)",
        ),
        (
            "optimizer = torch.optim.SGD(net.parameters(),\n    lr=0.001)",
            "optimizer = SGD(net.parameters(), …)",
        ),
        (
            "optimizer = torch.optim.SGD([*net[:2].parameters(), *net[2].parameters()], lr=0.001)",
            "optimizer = SGD(net.parameters(), …)",
        ),
    ],
)
def test_the_line_that_makes_the_optimizer_again_is_one_to_paste(made: str, wanted: str, tmp_path: Path):
    (tmp_path / "late.py").write_text(
        "import torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
        "net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 5))\n"
        f"{made}\nnet[2] = nn.Linear(16, 1)\nx, y = torch.randn(200, 6), torch.randn(200, 1)\n"
        "for step in range(60):\n    optimizer.zero_grad()\n"
        "    nn.functional.mse_loss(net(x), y).backward()\n    optimizer.step()\n"
    )
    with contextlib.redirect_stdout(io.StringIO()):
        report = run_script(Plan(script=str(tmp_path / "late.py")))
    finding = report["findings"][0]
    assert finding["fault"] == "params_not_in_optimizer"
    assert "unreachable_params" not in [one["fault"] for one in report["findings"]]
    found = finding["remedy"]["code"].splitlines()[-1]
    assert found == f"{wanted}  # below the line that makes its last layer"
    ast.parse(found.replace("…", "lr=0.1"))


class Chosen(nn.Module):
    """Takes one of the networks in a plain dictionary as its own."""

    def __init__(self) -> None:
        super().__init__()
        self.known = {
            "narrow": nn.Linear(4, 2),
            "deep": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)),
        }
        self.body = self.known["deep"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def test_a_registered_network_may_be_in_a_dictionary_too():
    def train() -> None:
        model = Chosen()
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(12):
            opt.zero_grad()
            model(torch.randn(8, 4)).square().mean().backward()
            opt.step()

    assert diagnosed(train).card["unregistered_parameters"] == 0
