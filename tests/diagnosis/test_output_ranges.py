"""The ranges that outputs are held against, and outputs that end in an activation by mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.made import fit
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional

from trainlab.diagnosis.observed.torch_names import RANGES

FUNCTIONS: dict[str, list[Callable[[torch.Tensor], torch.Tensor]]] = {
    "Sigmoid": [torch.sigmoid],
    "Tanh": [torch.tanh],
    "Relu": [torch.relu],
    "Softmax": [lambda x: torch.softmax(torch.stack([x, -x], 1), 1)],
    "Softplus": [functional.softplus],
    "Hardsigmoid": [functional.hardsigmoid],
    "Silu": [functional.silu],
    "Gelu": [functional.gelu, lambda x: functional.gelu(x, approximate="tanh")],
    "Mish": [functional.mish],
    "Hardswish": [functional.hardswish],
}


@pytest.mark.parametrize("kind", RANGES)
def test_each_range_is_that_of_the_function_by_that_name(kind: str):
    x = torch.linspace(-30, 30, 60_001, requires_grad=True)
    low, high = RANGES[kind]
    ends = []
    for function in FUNCTIONS[kind]:
        out = function(x)
        assert out.grad_fn is not None
        assert out.grad_fn.name() == f"{kind}Backward0"
        ends.append((out.min().item(), out.max().item()))
    least, most = min(end[0] for end in ends), max(end[1] for end in ends)
    assert low - 1e-4 <= least <= low + 1e-3
    assert most > 25 if high == float("inf") else most == pytest.approx(high, abs=1e-3)


@pytest.mark.trains
@pytest.mark.parametrize("act", [nn.SiLU, nn.GELU, nn.Mish])
@pytest.mark.parametrize("by_mistake", [True, False])
def test_noise_of_either_sign_is_out_of_reach_of_an_activation_at_the_end(
    act: Callable[[], nn.Module], by_mistake: bool
):
    def train() -> None:
        x = torch.randn(300, 3)
        y = 2.5 * x[:, :2] + x[:, 2:]
        layers = [nn.Linear(3, 32), act(), nn.Linear(32, 2), *([act()] if by_mistake else [])]
        model = nn.Sequential(*layers)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        fit(model, optimizer, nn.functional.mse_loss, x, y, epochs=15)

    assert faults(diagnosed(train)) == (["output_range_mismatch"] if by_mistake else [])


@pytest.mark.trains
@pytest.mark.parametrize("act", [nn.SiLU, nn.ELU, lambda: nn.ELU(alpha=3.0)])
def test_features_behind_the_same_activation_are_within_reach(act: Callable[[], nn.Module]):
    def train() -> None:
        x = torch.randn(300, 3)
        with torch.no_grad():
            y = act()(nn.Linear(3, 6)(x))
        model = nn.Sequential(nn.Linear(3, 6), act())
        fit(model, torch.optim.Adam(model.parameters(), lr=0.03), nn.functional.mse_loss, x, y, epochs=15)

    assert faults(diagnosed(train)) == []
