"""Optimizers of a stack step in one pass where torch can, and some other way where it can't."""

from __future__ import annotations

import pytest
import torch

from trainlab.engine.torch.engine import available_devices
from trainlab.engine.torch.stack import FUSED, StackedOptimizer
from trainlab.spec import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, name_of


@pytest.mark.parametrize("device", available_devices())
@pytest.mark.parametrize("optimizer", [SGD(lr=0.5), Adam(), AdamW(), Adagrad(), RMSprop()])
def test_a_step_is_made_on_every_device(optimizer: Optimizer, device: str) -> None:
    parameter = torch.ones(2, 3, device=device)
    stepper = StackedOptimizer(optimizer, [parameter], rates_of_networks=False)
    stepper.step([torch.ones(2, 3, device=device)], optimizer.lr, None)
    assert (parameter < 1).all()
    group = stepper._inner.param_groups[0]
    assert bool(group.get("fused")) is (device in FUSED.get(name_of(optimizer), ()))


def test_adagrad_is_not_fused_where_its_first_step_would_be_refused() -> None:
    # On a device that refuses every fused step, as CUDA refuses Adagrad's.
    assert "cuda" not in FUSED["adagrad"]
    parameter = torch.ones(3, device="meta")
    stepper = StackedOptimizer(Adagrad(), [parameter], rates_of_networks=False)
    assert not stepper._inner.param_groups[0].get("fused")
