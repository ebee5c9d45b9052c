"""Most steps aren't looked at closely: what the probe leaves out then, and what it counts all the same."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.probe.trainings import DENSE, is_sampled

STEPS = DENSE + 20


class Tree(nn.Module):
    """Calls itself, as networks for trees do, and another layer after that."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)
        self.last = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor, depth: int = 2) -> torch.Tensor:
        x = torch.tanh(self.inner(x))
        return self.last(self(x, depth - 1) if depth else x)


def seen_of(
    model: nn.Module, x: torch.Tensor, optimizer: torch.optim.Optimizer | None = None
) -> TrainingRecord:
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.01)
    probe = Probe()
    probe.start()
    try:
        for _ in range(STEPS):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    finally:
        record = probe.stop()
    assert not record.troubles
    return record


def test_a_network_that_calls_itself_is_called_once_a_step():
    torch.manual_seed(0)
    record = seen_of(Tree(), torch.randn(4, 3))
    assert [(root.name, root.learn_in_train) for root in record.networks] == [("Tree", STEPS)]


class Fails(nn.Module):
    """Fails in an inner layer whenever it is given ones."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x[:, :2] if bool((x == 1).all()) else x)


def test_a_pass_that_fails_is_over():
    torch.manual_seed(0)
    model, x = Fails(), torch.randn(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    probe = Probe()
    probe.start()
    try:
        for step in range(STEPS):
            if step > DENSE:
                with pytest.raises(RuntimeError):
                    model(torch.ones(4, 3))
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    finally:
        record = probe.stop()
    assert record.networks[0].learn_in_train == STEPS + STEPS - DENSE - 1


def test_a_pass_that_was_broken_off_hides_none_of_those_that_follow():
    torch.manual_seed(0)
    optimizer, interrupted = None, False

    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if interrupted:
                raise KeyboardInterrupt  # which PyTorch calls no hooks for
            return torch.relu(self.inner(x))

    model, x = Broken(), torch.randn(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    probe = Probe()
    probe.start()
    try:
        for step in range(STEPS):
            interrupted = step == DENSE + 3
            with contextlib.suppress(KeyboardInterrupt):
                optimizer.zero_grad()
                model(x).square().mean().backward()
                optimizer.step()
    finally:
        record = probe.stop()
    assert record.troubles == []
    # The next pass may be taken for part of the broken one.
    assert record.networks[0].learn_in_train >= STEPS - 1
    assert len(record.activations) == 1
    assert len(record.activations[0].silent) >= DENSE


@pytest.mark.trains
def test_a_network_that_trains_another_while_it_is_called_is_looked_at_as_often():
    class Learner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
            self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01)

        def forward(self, x: torch.Tensor) -> None:
            for _ in range(6):
                self.optimizer.zero_grad()
                self.net(x).square().mean().backward()
                self.optimizer.step()

    torch.manual_seed(0)
    learner, x = Learner(), torch.randn(4, 3)
    probe = Probe()
    probe.start()
    for _ in range(40):
        learner(x)
    record = probe.stop()
    assert record.troubles == []
    assert record.tick == 240
    assert [(one.module, len(one.silent)) for one in record.activations] == [("net.1", _looked_at(240))]


def _looked_at(steps: int) -> int:
    return sum(is_sampled(step) for step in range(steps))


def test_an_optimizers_own_sums_are_not_listened_to():
    heard: list[bool] = []

    class Own(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            heard.append(torch._C._len_torch_function_stack() > 0)
            return super().step(closure)

    torch.manual_seed(0)
    model = nn.Linear(3, 3)
    optimizer = Own(model.parameters(), lr=0.01)
    record = seen_of(model, torch.randn(4, 3), optimizer)
    assert heard == [False] * STEPS
    # The step after it is listened to again, where it is one of those looked at closely.
    assert [graph.tick for graph in record.graphs[:1]] == [0]
    assert len(record.graph_passes) > 5
    assert len(record.params[0].update) >= DENSE


class Sharp(torch.optim.Optimizer):
    """Steps another optimizer of the same weights, as sharpness-aware ones do."""

    def __init__(self, base: torch.optim.Optimizer) -> None:
        super().__init__(base.param_groups, {})
        self.base = base

    def step(self, closure: Any = None) -> Any:
        return self.base.step(closure)


class Pair(torch.optim.Optimizer):
    """Steps two optimizers, and has weights of its own that aren't theirs."""

    def __init__(self, first: torch.optim.Optimizer, second: torch.optim.Optimizer) -> None:
        super().__init__([nn.Parameter(torch.zeros(1))], {})
        self.two = first, second

    def zero_grad(self, set_to_none: bool = True) -> None:
        for one in self.two:
            one.zero_grad(set_to_none)

    def step(self, closure: Any = None) -> Any:
        for one in self.two:
            one.step(closure)


class Child(torch.optim.SGD):
    """Calls its parent's step."""

    def step(self, closure: Any = None) -> Any:
        return super().step(closure)


@pytest.mark.trains
def test_a_step_within_a_step_of_the_same_weights_is_no_step_of_its_own():
    torch.manual_seed(0)
    torch.optim.SGD([nn.Parameter(torch.zeros(1))])  # from now on PyTorch calls hooks at SGD's step, too
    model = nn.Linear(3, 3)
    record = seen_of(model, torch.randn(4, 3), Child(model.parameters(), lr=0.01))
    assert [(one.kind, one.steps) for one in record.optimizers] == [("Child", STEPS)]
    assert record.tick == STEPS
    record = seen_of(model, torch.randn(4, 3), Sharp(torch.optim.SGD(model.parameters(), lr=0.01)))
    assert [one.steps for one in record.optimizers if one.steps] == [STEPS]
    assert record.tick == STEPS


def test_optimizers_of_other_weights_that_a_step_steps_are_heard():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    two = (torch.optim.SGD(layer.parameters(), lr=0.01) for layer in model)
    record = seen_of(model, torch.randn(4, 3), Pair(*two))
    assert [one.steps for one in record.optimizers if one.kind == "SGD"] == [STEPS, STEPS]


class Sheltering(torch.optim.SGD):
    """Steps another optimizer, of other weights, several times within a step of its own."""

    def __init__(self, own: list[nn.Parameter], other: torch.optim.Optimizer) -> None:
        super().__init__(own, lr=0.01)
        self.other = other

    def step(self, closure: Any = None) -> Any:
        for _ in range(3):
            self.other.step()
        return super().step(closure)


def test_steps_of_other_weights_within_a_step_each_count():
    torch.manual_seed(0)
    torch.optim.SGD([nn.Parameter(torch.zeros(1))])
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    adam = torch.optim.Adam(model[1].parameters(), lr=0.01)
    record = seen_of(model, torch.randn(4, 3), Sheltering(list(model[0].parameters()), adam))
    steps = {one.kind: one.steps for one in record.optimizers}
    assert steps == {"Adam": 3 * STEPS, "Sheltering": STEPS}
    assert record.tick == 4 * STEPS
    assert record.params[record.optimizers[1].params[0]].update, "the outer step's weights weren't measured"


class Failing(torch.optim.SGD):
    """Raises in every second step, after its parent's has begun."""

    def step(self, closure: Any = None) -> Any:
        self.turns = getattr(self, "turns", 0) + 1
        if self.turns % 2:
            raise ValueError
        return super().step(closure)


def test_steps_that_raise_hide_none_of_those_that_follow():
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    probe = Probe()
    probe.start()
    optimizer = Failing(model.parameters(), lr=0.01)
    for _ in range(2 * STEPS):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().mean().backward()
        with contextlib.suppress(ValueError):
            optimizer.step()
    record = probe.stop()
    assert record.troubles == []
    # Those that raised have begun, and count; each later one is heard as well.
    assert [one.steps for one in record.optimizers] == [2 * STEPS]
    assert record.tick == STEPS


@pytest.mark.parametrize("units_first", [True, False])
def test_silent_units_are_those_that_answer_nothing(units_first: bool):
    torch.manual_seed(0)
    layer = nn.Conv2d(2, 8, 3) if units_first else nn.Linear(5, 8)
    x = torch.randn(6, 2, 5, 5) if units_first else torch.randn(6, 4, 5)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([-9.0, 0, 0, -9, 0, -9, 0, 0]))
        silent = (functional.relu(layer(x)) == 0).all(dim=0)
        expected = float(
            silent.flatten(1).all(1).float().mean() if units_first else silent.all(0).float().mean()
        )
    record = seen_of(nn.Sequential(layer, nn.ReLU()), x)
    assert expected == 3 / 8
    assert record.activations[0].silent[0] == pytest.approx(expected)


def test_nan_is_not_silence():
    record = seen_of(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), torch.full((4, 3), float("nan")))
    assert record.activations[0].silent[0] == 0
