"""Where a newer PyTorch lacks a private part, the doctor says less and never fails."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from trainlab.diagnosis import torch_private

TRAINING = """\
import trainlab.diagnosis.torch_private as private
for name in {names!r}:
    setattr(private, name, private.FALLBACKS[name])
    private.MISSING.append(name)

import torch, trainlab
from torch import nn
torch.manual_seed(0)
first, last = nn.Linear(2, 8), nn.Linear(8, 2)
x = torch.rand(64, 2)
y = (x[:, 0] > x[:, 1]).long()
optimizer = torch.optim.SGD(last.parameters(), lr=0.5)
with trainlab.watch(nn.Sequential(first, nn.Tanh(), last)) as watched:
    for _ in range(40):
        loss = nn.functional.cross_entropy(last(torch.tanh(first(x))), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print([finding.fault for finding in watched.report.findings])
print(*watched.report.troubles)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "names",
    [[*torch_private.FALLBACKS], ["APPLY_CODE"], ["raw_data"], []],
    ids=["all", "spared", "one", "none"],
)
def test_the_doctor_works_without_them(names: list[str]):
    done = subprocess.run(
        [sys.executable, "-c", TRAINING.format(names=names)], capture_output=True, text=True, check=True
    )
    found, told = done.stdout.splitlines()
    assert found == "['params_not_in_optimizer']"
    # A part without which the doctor is deaf is told of: "nothing found" would else be believed.
    assert ("losses and activations weren't seen" in told) == ("function_depth" in names)
    assert ("it has no raw_data, and what rests on these" in told) == (names == ["raw_data"])
    assert bool(told) == (names not in (["APPLY_CODE"], []))
    assert done.stderr == ""


def test_each_part_has_a_fallback():
    found = {name for name in torch_private.FALLBACKS if hasattr(torch_private, name)}
    assert found == torch_private.FALLBACKS.keys()
    assert set(torch_private.MISSING) <= found


def test_what_is_missing_is_noted_and_replaced():
    def find() -> Any:
        raise TypeError("another signature")

    before = [*torch_private.MISSING]
    try:
        assert torch_private._find("base_of", find) is torch_private.FALLBACKS["base_of"]
        assert [*before, "base_of"] == torch_private.MISSING
    finally:
        torch_private.MISSING[:] = before


class Doubled(torch.autograd.Function):
    said: tuple[bool, ...] = ()

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        Doubled.said += (torch_private.in_function(),)
        return 2 * x

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
        return 2 * grads[0]


@pytest.mark.parametrize("code", [torch_private.APPLY_CODE, None], ids=["as it is", "written in C"])
def test_code_within_a_function_is_told_from_code_outside(code: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch_private, "APPLY_CODE", code)
    monkeypatch.setattr(Doubled, "said", ())
    Doubled.apply(torch.ones(1, requires_grad=True))
    assert Doubled.said == (True,)
    assert not torch_private.in_function()

    class Network(nn.Module):
        def forward(self, x: torch.Tensor) -> bool:
            return torch_private.in_function()

    assert not Network()(torch.ones(1))
