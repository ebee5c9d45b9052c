"""Another seed: other weights and batches, the same data; the same seed: the same run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import nn

from trainlab.diagnosis.script.reseed import Reseed


@contextmanager
def reseeded(seed: int, *, from_start: bool = False) -> Iterator[None]:
    reseed = Reseed(seed, from_start=from_start)
    reseed.start()
    try:
        yield
    finally:
        reseed.stop()


def drawn(training: Callable[[], tuple[torch.Tensor, ...]], seed: int, **options: bool):
    with reseeded(seed, **options):
        return [value.tolist() for value in training()]


def seeded_script():
    torch.manual_seed(0)
    x = torch.randn(5)
    model = nn.Linear(3, 2)
    return x, model.weight, torch.randperm(20), torch.tensor(np.random.rand(3)), torch.tensor(random.random())


def reseeding_script():
    torch.manual_seed(0)
    first = nn.Linear(3, 2)
    torch.manual_seed(0)
    return first.weight, nn.Linear(3, 2).weight


def plain_script():
    torch.manual_seed(3)
    return (torch.randn(4, requires_grad=True),)


def test_the_data_stay_and_all_that_follows_the_first_module_is_another():
    torch.manual_seed(0)
    data = torch.randn(5).tolist()
    one, other = drawn(seeded_script, 1), drawn(seeded_script, 2)
    assert one[0] == other[0] == data
    assert all(a != b for a, b in zip(one[1:], other[1:], strict=True))


def test_the_same_seed_gives_the_same_run():
    assert drawn(seeded_script, 7) == drawn(seeded_script, 7)


def test_seeds_that_the_script_sets_later_are_changed_too():
    one, other = drawn(reseeding_script, 1), drawn(reseeding_script, 2)
    assert one[1] != other[1]


def test_a_loss_is_no_network():
    def training():
        nn.CrossEntropyLoss()
        return seeded_script()

    assert drawn(training, 1) == drawn(seeded_script, 1)


def test_without_modules_the_seeds_are_changed_from_the_start():
    assert drawn(plain_script, 1) == drawn(plain_script, 2)
    assert drawn(plain_script, 1, from_start=True) != drawn(plain_script, 2, from_start=True)


def test_afterwards_nothing_is_left():
    before = torch.manual_seed, np.random.seed, random.seed, nn.Module.__init__
    with reseeded(1):
        assert torch.manual_seed is not before[0]
    assert (torch.manual_seed, np.random.seed, random.seed, nn.Module.__init__) == before


@pytest.mark.parametrize("from_start", [False, True])
def test_a_seed_given_by_its_name_is_a_seed(from_start: bool):
    def training():
        torch.manual_seed(seed=3)
        np.random.seed(seed=3)
        random.seed(a=3)
        return torch.randn(2), torch.tensor(np.random.rand(2)), torch.tensor(random.random())

    one, other = (drawn(training, seed, from_start=from_start) for seed in (1, 2))
    assert (one != other) is from_start
