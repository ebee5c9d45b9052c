# pyright: basic
"""Terms of a loss: how they are told apart and weighed, and sums that are out of balance and learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.faults.made import batches, blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis.probe.loss_addends import addends
from trainlab.diagnosis.probe.network_copies import Followed, Node
from trainlab.diagnosis.probe.probe import Probe


def factors(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> list[float]:
    """Follow a loss of two outputs through the calls that it is made of."""
    one, two = torch.tensor(2.0, requires_grad=True) * 1, torch.tensor(3.0, requires_grad=True) * 1
    followed = Followed()
    followed.made((one, two), Node())

    class Mode(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            followed.called(func, args, kwargs or {}, out)
            return out

    with Mode():
        total = loss(one, two)
    node = followed.node(total)
    assert node is not None
    return [term.factor for term in addends(node)]


def test_a_sum_is_taken_apart_with_the_numbers_before_its_terms():
    assert factors(lambda a, b: a + b) == [1, 1]
    assert factors(lambda a, b: a - 0.5 * b) == [1, -0.5]
    assert factors(lambda a, b: (a + b * 2) / 4) == [0.25, 0.5]
    assert factors(lambda a, b: sum([a, b.exp(), a * b])) == [1, 1, 1]  # pyright: ignore
    assert factors(lambda a, b: 3 * (a + 1)) == [3]
    assert factors(lambda a, b: 1 / (a + b)) == [1]


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = mlp(8, 24, 24)
        self.first, self.second = nn.Linear(24, 1), nn.Linear(24, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.trunk(x).relu()
        return self.first(h)[:, 0], self.second(h)


def train(loss: Callable[..., torch.Tensor], *, labels: bool = True) -> None:
    x, y = blobs(400)
    if not labels:
        y = torch.randint(4, (400,))
    model = Two()
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for index in batches(400, 40, 6):
        opt.zero_grad()
        loss(model(x[index]), x[index].sum(1), y[index]).backward()
        opt.step()


def told(loss: Callable[..., torch.Tensor], **settings: bool) -> bool:
    return "loss_term_dominates" in faults(diagnosed(lambda: train(loss, **settings)))


@pytest.mark.trains
def test_terms_out_of_balance_that_learn_or_are_meant_so_are_quiet():
    def learns(out: Any, number: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(out[0], 1000 * number) + F.cross_entropy(out[1], y)  # Adam: the head learns

    def small_on_purpose(out: Any, number: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(out[0], number) + 1e-5 * F.cross_entropy(out[1], y)

    def balanced(out: Any, number: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.mse_loss(out[0], number) + F.cross_entropy(out[1], y)

    assert not told(learns)
    assert not told(small_on_purpose, labels=False)
    assert not told(balanced, labels=False)


@pytest.mark.trains
def test_losses_that_are_modules_are_followed_to_the_sum():
    mse, entropy = nn.MSELoss(), nn.CrossEntropyLoss()
    probe = Probe()
    probe.start()
    try:
        train(lambda out, number, y: mse(out[0], number) + 2 * entropy(out[1], y))
    finally:
        record = probe.stop()
    (terms,) = record.terms
    assert [(term.loss, term.factor) for term in terms.start] == [(0, 1.0), (1, 2.0)]
    assert all(term.gradient > 0 for term in terms.start)
    assert len(record.asked) == 2
