"""The course's own problem, as learners get it wrong: XOR in a few lines, each with one mistake."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed, faults

SCRIPT = """
import torch
from torch import nn

X, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor({targets})
net = {net}
{init}
opt = torch.optim.{optimizer}
for epoch in range(600):
    {clear}
    out = net(X)
    loss = nn.functional.{loss}
    loss.backward()
    {step}
"""
RIGHT = {
    "targets": "[[0.0], [1], [1], [0]]",
    "net": "nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())",
    "init": "",
    "optimizer": "Adam(net.parameters(), lr=0.05)",
    "clear": "opt.zero_grad()",
    "loss": "binary_cross_entropy(out, y)",
    "step": "opt.step()",
}
TWO = "nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1), nn.Sigmoid())"
RELU = "nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU())"
DEEP = "nn.Sequential(*[m for _ in range(7) for m in (nn.Linear(2, 2), nn.Sigmoid())], nn.Linear(2, 1))"
MSE = "mse_loss(out, y)"
CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "right": ({}, []),
    "a local minimum": ({"net": TWO, "init": "torch.manual_seed(1)"}, []),
    "gradients kept": ({"clear": "", "optimizer": "SGD(net.parameters(), lr=0.5)"}, ["missing_zero_grad"]),
    "no step": ({"step": ""}, ["missing_optimizer_step"]),
    "targets of another shape": ({"targets": "[0.0, 1, 1, 0]", "loss": MSE}, ["loss_broadcast"]),
    "two layers, one line": (
        {"net": "nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 1))", "loss": MSE},
        ["no_nonlinearity"],
    ),
    "steps too small": ({"optimizer": "SGD(net.parameters(), lr=1e-5)"}, ["lr_too_low"]),
    "steps far too large": (
        {"optimizer": "SGD(net.parameters(), lr=100.0)"},
        ["lr_too_high", "saturated_activation"],
    ),
    "sigmoid twice": ({"loss": "binary_cross_entropy_with_logits(out, y)"}, ["loss_activation_mismatch"]),
    "targets out of reach": ({"targets": "[[-1.0], [1], [1], [-1]]", "loss": MSE}, ["output_range_mismatch"]),
    "weights at zero": ({"net": TWO, "init": "[nn.init.zeros_(p) for p in net.parameters()]"}, ["zero_init"]),
    "weights alike": (
        {"net": TWO, "init": "[nn.init.constant_(p, 0.5) for p in net.parameters()]"},
        ["symmetric_init"],
    ),
    "biases far off": ({"init": "nn.init.constant_(net[0].bias, 50.0)"}, ["saturated_activation"]),
    "an output that is silent": (
        {"net": RELU, "init": "nn.init.constant_(net[2].bias, -3.0)", "loss": MSE},
        ["dead_relu"],
    ),
    "eight layers of sigmoids": (
        {"net": DEEP, "loss": MSE, "optimizer": "SGD(net.parameters(), lr=0.1)"},
        ["vanishing_gradient"],
    ),
    "decay": ({"optimizer": "Adam(net.parameters(), lr=0.05, weight_decay=0.5)"}, ["weight_decay_too_high"]),
    "half of it left out": ({"optimizer": "Adam(net[2].parameters(), lr=0.05)"}, ["params_not_in_optimizer"]),
    "cut in two": (
        {"loss": "binary_cross_entropy(net[3](net[2](net[1](net[0](X)).detach())), y)"},
        ["detached_graph"],
    ),
}


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize("name", CASES)
def test_each_mistake_is_named_and_nothing_else(name: str) -> None:
    changes, found = CASES[name]
    text = SCRIPT.format(**(RIGHT | changes))
    space: dict[str, Any] = {"__name__": "__main__"}
    report = diagnosed(lambda: exec(text, space))
    assert faults(report) == found
    assert report.troubles == ()


MODEL_3 = """
import torch
from torch import nn

torch.set_default_dtype(torch.float64)  # float32 rounds otherwise on another processor
torch.manual_seed({seed})
X, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([[0.0], [1], [1], [0]])
hidden = [m for _ in range(7) for m in (nn.Linear(2, 2), nn.Tanh())]
net = nn.Sequential(*hidden, nn.Linear(2, 1, bias=False), nn.Tanh())
for layer in net[::2]:
    nn.init.normal_(layer.weight)
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for step in range(1200):
    i = torch.randint(4, (1,))
    opt.zero_grad()
    loss = nn.functional.l1_loss(net(X[i]), y[i])
    loss.backward()
    opt.step()
"""


@pytest.mark.trains
@pytest.mark.parametrize(("seed", "late"), [(2, False), (14, True)])
def test_a_gradient_that_vanishes_at_first_or_at_last_is_told(seed: int, late: bool) -> None:
    before = torch.get_default_dtype()
    try:
        report = diagnosed(lambda: exec(MODEL_3.format(seed=seed), {"__name__": "__main__"}))
    finally:
        torch.set_default_dtype(before)
    assert faults(report) == ["vanishing_gradient"]
    assert report.findings[0].evidence[0].startswith("at the last steps looked at") == late
    # What faded only later isn't for how the weights began.
    assert report.findings[0].remedy.startswith("It didn't fade so at the start") == late
    assert ("xavier" in report.findings[0].code) == (not late)


def test_probabilities_given_to_a_loss_of_logits_are_told_apart_at_a_half() -> None:
    text = SCRIPT.format(**(RIGHT | CASES["sigmoid twice"][0]))
    space: dict[str, Any] = {"__name__": "__main__"}
    report = diagnosed(lambda: exec(text, space))
    right = ((space["net"](space["X"]) > 0.5) == (space["y"] > 0.5)).float().mean().item()
    assert report.outcome["reached"] == right > 0.5
