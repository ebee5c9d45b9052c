"""Healthy trainings of many styles: no finding, and not one bit of them is changed by the probe."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from diagnosis.watched import HEALTHY, diagnosed, faults, script

from trainlab.diagnosis import watch

NAMES = sorted(path.name for path in HEALTHY.glob("*.py"))
SAME = (
    "adam_mlp_digits.py",
    "lstm_last_state.py",
    "warmup_transformer.py",
    "gan_two_optimizers.py",
    "manual_sgd_tensors.py",
)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found(name: str):
    report = diagnosed(script(name))
    assert faults(report) == []
    assert report.troubles == ()
    assert report.looked_at["steps"] > 0
    assert [one for one in report.recipe if one["answer"] == "no"] == []


@pytest.mark.parametrize("name", SAME)
def test_weights_and_random_states_are_the_same_to_the_bit(name: str):
    plain = state_after(name, watched=False)
    assert state_after(name, watched=True) == plain


def state_after(name: str, *, watched: bool) -> list[bytes]:
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    if watched:
        with watch():
            space = script(name)()
    else:
        space = script(name)()
    tensors: list[torch.Tensor] = []
    for _, value in sorted(space.items()):
        if isinstance(value, torch.nn.Module):
            tensors += list(value.state_dict().values())
        elif isinstance(value, torch.Tensor):
            tensors.append(value)
    states = [
        torch.get_rng_state().numpy().tobytes(),
        repr(random.getstate()).encode(),
        np.random.get_state()[1].tobytes(),
    ]
    return [tensor.detach().numpy().tobytes() for tensor in tensors] + states
