"""What another seed would have changed: weights that PyTorch has drawn, and the order of the data."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from trainlab.diagnosis.remedies.patching import Patching
from trainlab.diagnosis.replay.another_seed import reseed


@pytest.fixture
def patching() -> Iterator[Patching]:
    on, state = Patching(), random.getstate()
    drawn = torch.get_rng_state()
    yield on
    torch.set_rng_state(drawn)
    on.undo()
    random.setstate(state)


def he(layer: nn.Linear) -> nn.Linear:
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


DRAWN: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(64, 32),
    "convolution": lambda: nn.Conv2d(3, 8, 3),
    "embedding": lambda: nn.Embedding(50, 16),
    "recurrent": lambda: nn.GRU(8, 16),
}
SET: dict[str, Callable[[], nn.Module]] = {
    "He's": lambda: he(nn.Linear(64, 32)),
    "zeros": lambda: zeroed(nn.Linear(64, 32)),
    "trained": lambda: grown(nn.Linear(64, 32)),
}


def zeroed(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    return layer


def grown(layer: nn.Linear) -> nn.Linear:
    with torch.no_grad():
        layer.weight.mul_(2)
    return layer


def called(layer: nn.Module, on: Patching) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return a layer's parameters before and after a reseeded network calls it first."""
    before = {name: values.clone() for name, values in layer.named_parameters()}

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer
            self.own = nn.Parameter(torch.ones(3))

        def forward(self) -> torch.Tensor:
            return self.own

    network = Network()
    reseed(on, 1)
    network()
    assert bool((network.own == 1).all())
    return before, dict(layer.named_parameters())


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_weights_as_pytorch_draws_them_are_drawn_anew(make: Callable[[], nn.Module], patching: Patching):
    before, after = called(make(), patching)
    assert all(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("make", SET.values(), ids=SET)
def test_weights_that_were_set_stay(make: Callable[[], nn.Module], patching: Patching):
    before, after = called(make(), patching)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_network_that_is_one_layer_is_drawn_anew(patching: Patching):
    network = nn.Linear(64, 32)
    before = network.weight.clone()
    reseed(patching, 1)
    network(torch.zeros(1, 64))
    assert not torch.equal(before, network.weight)


def test_a_norm_layers_ones_and_zeros_stay(patching: Patching):
    before, after = called(nn.BatchNorm1d(8), patching)
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("rows", [3, 20, 100])
def test_a_loader_gives_each_batch_once_in_another_order(rows: int, patching: Patching):
    loader = DataLoader(TensorDataset(torch.arange(rows)), batch_size=2)
    reseed(patching, 3)
    for _ in range(2):  # every pass
        given = [int(one) for (batch,) in loader for one in batch]
        assert sorted(given) == list(range(rows))
        assert rows < 4 or given != list(range(rows))
