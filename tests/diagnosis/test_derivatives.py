"""Derivatives by inputs in a loss: with a graph, without one, and where none is wanted."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn

from trainlab.diagnosis.faults import remedies_for
from trainlab.diagnosis.remedies.applying import Applied

STEPS = 80


def network(inputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))


def by(output: torch.Tensor, given: torch.Tensor, *, create_graph: bool) -> torch.Tensor:
    return torch.autograd.grad(output.sum(), given, create_graph=create_graph, retain_graph=True)[0]


def train(
    loss_of: Callable[[nn.Module, torch.Tensor], torch.Tensor], inputs: int, steps: int = STEPS
) -> None:
    model = network(inputs)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model, torch.rand(48, inputs)).backward()
        optimizer.step()


def spring(create_graph: bool) -> Callable[[nn.Module, torch.Tensor], torch.Tensor]:
    """The residual of u'' + 0.4 u' + 4 u = 0, u(0) = 1, u'(0) = 0."""

    def loss_of(model: nn.Module, t: torch.Tensor) -> torch.Tensor:
        t = (2 * t).requires_grad_()
        u = 1 + t**2 * model(t)
        first = by(u, t, create_graph=True)
        second = by(first, t, create_graph=create_graph)
        return (second + 0.4 * first + 4 * u).square().mean()

    return loss_of


def penalty(create_graph: bool) -> Callable[[nn.Module, torch.Tensor], torch.Tensor]:
    """Scores of two kinds of rows, with slopes that are to be 1."""

    def loss_of(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        between = x.clone().requires_grad_()
        slopes = by(model(between), between, create_graph=create_graph).norm(dim=1)
        wrong = (slopes - 1).square().mean()
        return model(x).mean() - model(x + 1).mean() + 10 * wrong

    return loss_of


@pytest.mark.parametrize("made", [spring, penalty])
def test_a_term_without_a_graph_is_named_with_its_line(
    made: Callable[[bool], Callable[[nn.Module, torch.Tensor], torch.Tensor]],
):
    report = diagnosed(lambda: train(made(False), 1 if made is spring else 2))
    assert faults(report) == ["detached_graph"]
    (finding,) = report.findings
    assert "torch.autograd.grad(…)" in finding.where
    assert "by()" in finding.where
    assert "create_graph=True" in finding.code
    assert remedies_for(finding.to_dict())[0].words.startswith("create_graph=True at test_derivatives.py:")


@pytest.mark.parametrize("made", [spring, penalty])
def test_with_a_graph_it_is_healthy(
    made: Callable[[bool], Callable[[nn.Module, torch.Tensor], torch.Tensor]],
):
    assert faults(diagnosed(lambda: train(made(True), 1 if made is spring else 2))) == []


def hardened(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Rows are moved to where the loss is largest: a constant goes into the network."""
    y = (x[:, :1] > x[:, 1:]).float()
    moved = x.clone().requires_grad_()
    loss = nn.functional.binary_cross_entropy_with_logits(model(moved), y)
    moved = moved + 0.03 * by(loss, moved, create_graph=False).sign()
    return nn.functional.binary_cross_entropy_with_logits(model(moved), y)


def as_told(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Slopes as a teacher has them, who learns nothing."""
    torch.manual_seed(5)
    teacher = network(2)
    x = x.requires_grad_()
    wanted = by(teacher(x), x, create_graph=False)
    given = model(x)
    return (given - teacher(x).detach()).square().mean() + (
        by(given, x, create_graph=True) - wanted
    ).square().mean()


def only_printed(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    x = x.requires_grad_()
    out = model(x)
    assert (by(out, x, create_graph=False).norm() + 0.0).item() >= 0
    return (out - x[:, :1] * x[:, 1:]).square().mean()


def weighted(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Rows count by how steep the network is there, as weights that no gradient flows through."""
    x = x.requires_grad_()
    out = model(x)
    weight = 1 + by(out, x, create_graph=False).norm(dim=1, keepdim=True)
    return (weight * (out - x[:, :1] * x[:, 1:]).square()).mean()


def drawn(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What the network gives is to go down a slope: a target of its own, and a constant."""
    given = model(x) * torch.ones(1, 2)
    slope = by((given - 2).square(), given, create_graph=False)
    return (given - (given.detach() - 0.2 * slope)).square().mean()


def first_order(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Two steps of its weights that the loss after them takes for constants, as first-order MAML does."""
    y = x[:, :1] * x[:, 1:]
    weights = list(model.parameters())
    for _ in range(2):
        loss = (_with(weights, x) - y).square().mean()
        slopes = torch.autograd.grad(loss, weights, retain_graph=True)
        weights = [weight - 0.01 * slope for weight, slope in zip(weights, slopes, strict=True)]
    return (_with(weights, x) - y).square().mean()


def _with(weights: list[nn.Parameter] | list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    for place in range(0, 6, 2):
        x = x @ weights[place].T + weights[place + 1]
        x = torch.tanh(x) if place < 4 else x
    return x


@pytest.mark.parametrize("loss_of", [hardened, as_told, only_printed, weighted, drawn, first_order])
def test_where_a_constant_is_meant_nothing_is_said(
    loss_of: Callable[[nn.Module, torch.Tensor], torch.Tensor],
):
    assert "detached_graph" not in faults(diagnosed(lambda: train(loss_of, 2)))


SCRIPT = """import torch
torch.manual_seed(1)
net = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(150):
    t = (2 * torch.rand(64, 1)).requires_grad_()
    u = 1 + t**2 * net(t)
    du = torch.autograd.grad(u.sum(), t, create_graph=True)[0]
    {line}
    loss = (ddu + 0.4 * du + 4 * u).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        (
            "ddu = torch.autograd.grad(du.sum(), t, retain_graph=True)[0]",
            "ddu = torch.autograd.grad(du.sum(), t, create_graph=True)[0]",
        ),
        (
            "(ddu,) = torch.autograd.grad(du, t, torch.ones_like(du), True)",
            "(ddu,) = torch.autograd.grad(du, t, torch.ones_like(du), True, create_graph=True)",
        ),
        ("ddu = torch.autograd.grad(du.sum(), t, retain_graph=True, create_graph=False)[0]", ""),
    ],
)
def test_the_remedy_is_an_edit_of_that_line_and_can_be_tried(line: str, mended: str, tmp_path: Path):
    (tmp_path / "spring.py").write_text(SCRIPT.format(line=line))

    def train() -> None:
        runpy.run_path(str(tmp_path / "spring.py"))

    (finding,) = diagnosed(train).to_dict()["findings"]
    code = finding["remedy"]["code"]
    assert code == (f"# spring.py:9\n- {line}\n+ {mended}" if mended else code)
    (remedy,) = remedies_for(finding)
    with Applied(remedy.to_plan()):
        changed = diagnosed(train)
    assert faults(changed) == []
    assert changed.card["last_loss"] < 0.5


def test_inputs_that_derivatives_are_taken_by_are_no_parameters():
    report = diagnosed(lambda: train(spring(True), 1))
    assert report.card["unregistered_parameters"] == 0
