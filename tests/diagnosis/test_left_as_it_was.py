"""The probe leaves PyTorch, and the user's memory, as it found them."""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from trainlab.diagnosis.lift.recorder import Recorder
from trainlab.diagnosis.probe import losses
from trainlab.diagnosis.probe.dependence import _seed  # pyright: ignore[reportPrivateUsage]
from trainlab.diagnosis.probe.probe import Probe

DEPTH = torch._C._len_torch_function_stack  # pyright: ignore


@pytest.fixture
def probe() -> Iterator[Probe]:
    """Return a probe that listens, and asks nothing at the end."""
    torch.manual_seed(0)
    made = Probe(asking=False)
    made.start()
    yield made
    if made.state.on:
        made.stop()


def train(steps: int = 60) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(8, 3)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()


def test_state_is_taken_and_loaded_where_the_network_is_given_by_name(probe: Probe):
    """As `torch.distributed.checkpoint` gives it."""
    model = nn.Linear(2, 2)
    state = functools.partial(nn.Linear.state_dict, self=model)()
    assert list(state) == ["weight", "bias"]
    nn.Linear.load_state_dict(self=model, state_dict={name: one + 1 for name, one in state.items()})
    assert {param.loaded for param in probe.stop().params.values()} == {True}


def test_optimizers_of_compiled_trainings_are_freed(probe: Probe):
    optimizers: list[weakref.ref[torch.optim.Optimizer]] = []
    for _ in range(3):
        model = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizers.append(weakref.ref(optimizer))
        probe.steps.before_compiled()
        probe.steps.after_compiled()
    del model, optimizer
    gc.collect()
    assert [one() for one in optimizers] == [None] * 3


def test_calls_that_no_backward_pass_follows_are_forgotten(probe: Probe, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(losses, "MAX_SUMS", 100)
    model = nn.Linear(4, 1)
    for _ in range(300):
        model(torch.randn(8, 4)).mean()
    assert 100 <= len(probe.backward.losses.sums) <= 200


def test_a_recording_that_was_given_up_keeps_no_tensors(probe: Probe):
    recorder = Recorder(probe, light=True)
    recorder.root = nn.Conv2d(1, 1, 1)
    recorder.inputs, recorder.ops = torch.ones(1), []
    recorder.refuse("it has a convolution")
    assert (recorder.root, recorder.inputs, recorder.ops, recorder.batch) == (None, None, None, (None, None))


@pytest.mark.trains
def test_a_default_device_is_no_mode_to_stay_away_from():
    for before in (True, False):
        probe = Probe(asking=False)
        try:
            if before:
                torch.set_default_device("cpu")
            probe.start()
            torch.set_default_device("cpu")
            train()
            assert not probe.listener.active
            with torch.device("cpu"):
                train()
            train()
            assert not probe.listener.active
            record = probe.stop()
            assert DEPTH() == 1
        finally:
            torch.set_default_device(None)
        assert DEPTH() == 0
        assert len(record.losses) == 2
        assert not record.troubles


def test_it_is_told_where_nothing_can_be_heard():
    probe = Probe(asking=False)
    with torch.device("cpu"):
        probe.start()
        train()
        record = probe.stop()
        assert DEPTH() == 1
    (told,) = record.troubles
    assert "losses and activations weren't seen" in told


def test_the_seed_of_a_device_that_isnt_there_yet_is_the_users(monkeypatch: pytest.MonkeyPatch):
    """PyTorch keeps seeds until a device is there: the last one given would be the probe's."""
    given: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", given.append)
    before = torch.get_rng_state()
    _seed(1)
    one = torch.rand(3)
    _seed(1)
    assert torch.equal(one, torch.rand(3))
    torch.set_rng_state(before)
    assert given == []


def test_a_network_is_checked_with_the_random_state_of_its_device(monkeypatch: pytest.MonkeyPatch):
    """Else no copy of one with dropout would answer alike."""
    states, put = iter(range(1, 99)), list[list[int]]()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [next(states)])
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", put.append)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: None)  # pyright: ignore
    probe = Probe()
    probe.start()
    train()
    assert len(probe.stop().asked) == 1
    assert put[:2] == [[1], [2]]  # as the network began, and as the training has left it


class _Stored(Dataset[float]):
    def __init__(self) -> None:
        self.values = np.ones((8, 2), dtype=">f4")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, place: int) -> float:
        return float(self.values[place].sum())


def test_numbers_in_another_order_of_bytes_are_no_trouble(probe: Probe):
    assert len(list(DataLoader(_Stored(), batch_size=4))) == 2
    assert not probe.stop().troubles
