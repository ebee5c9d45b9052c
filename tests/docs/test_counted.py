"""What the pages count beside the explanations, against PyTorch: dead and flat units, losses of odd pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from docs.explained import FLAT, Activity, count_activity
from docs.loss_blocks import CLASSES, single_output, twice
from trainlab import Experiment
from trainlab.engine.layout import initial_parameters
from trainlab.engine.reference import build_module


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_units_off_and_flat_are_those_of_torch(activation: str) -> None:
    made = Experiment.from_dict(
        {
            "network": {"widths": "2-5-4-1", "activation": activation, "output_activation": "linear"},
            "init": {"weight": {"name": "normal", "std": 3.0}},
        }
    )
    off = flat = 0
    inputs = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    for seed in range(3):
        module, values = build_module(torch, made, seed, "float64"), inputs
        for linear, curve in zip(module[:-1:2], module[1:-1:2], strict=False):
            if linear is module[-2]:
                break
            sums = linear(values).detach().requires_grad_()
            values = curve(sums)
            (slopes,) = torch.autograd.grad(values.sum(), sums)
            off += int((values == 0).sum())
            flat += int(((values != 0) & (slopes.abs() < FLAT)).sum())
    wanted = Activity(activation=activation, seeds=3, pairs=3 * 9 * 4, off=off, flat=flat)
    found = count_activity(made, initial_parameters(made, range(3)))
    assert found == wanted
    assert found.off or found.flat


def test_one_sigmoid_output_gives_cross_entropy_nothing_to_learn() -> None:
    assert single_output(draws=50) == (0.0, 0.0)


def test_with_two_outputs_it_has_something() -> None:
    """The same loss, of the same targets as classes: what was 0 above is so for want of a second output."""
    sums = torch.randn((4, 2), generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = nn.CrossEntropyLoss()(sums, torch.tensor([0, 1, 1, 0]))
    (gradient,) = torch.autograd.grad(loss, sums)
    assert loss.item() > 0.1
    assert gradient.abs().max() > 0.01


@pytest.mark.parametrize("classes", CLASSES)
def test_a_softmax_twice_is_that_of_torch(classes: int) -> None:
    """As sure as can be: the sum of the right class is far above all others."""
    sums = torch.zeros((1, classes), dtype=torch.float64)
    sums[0, 0] = 1000.0
    probabilities = torch.softmax(sums, dim=1)
    most, least = twice(classes)
    assert torch.softmax(probabilities, dim=1)[0, 0].item() == pytest.approx(most, rel=1e-12)
    doubled = nn.CrossEntropyLoss()(probabilities, torch.tensor([0])).item()
    assert doubled == pytest.approx(least, rel=1e-12)
    assert nn.CrossEntropyLoss()(sums, torch.tensor([0])).item() == 0.0
    assert np.isclose(-np.log(most), least)
