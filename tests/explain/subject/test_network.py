"""An experiment's network: layers, its loss over the examples, its optimizer, against torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from trainlab.engine import custom_loss
from trainlab.engine.layout import initial_parameters
from trainlab.engine.network_pass import initial_layers
from trainlab.engine.reference import ReferenceEngine
from trainlab.explain.questions.learning_rate.one_step import FullLoss, loss_of
from trainlab.explain.subject.network import (
    Objective,
    OwnOptimizer,
    examples_gradients,
    examples_loss,
    layer_kind,
    module_layer,
    network_layers,
)
from trainlab.spec import Experiment

# A layer is the same, whether an experiment's network has it or a torch module.


def test_of_a_network_and_of_the_module_with_its_weights() -> None:
    layers = initial_layers(Experiment.from_dict({"network": {"widths": "2-5-1", "bias": [True, False]}}), 0)
    infos = network_layers(layers)
    assert [(each.name, each.fan_in, each.fan_out, each.parameters) for each in infos] == [
        ("layer 1", 2, 5, 15),
        ("layer 2", 5, 1, 5),
    ]
    for info, layer in zip(infos, layers, strict=True):
        linear = nn.Linear(info.fan_in, info.fan_out, bias=layer.bias is not None).double()
        linear.weight.data = torch.from_numpy(layer.weight)
        found = module_layer(info.name, linear)
        assert replace(found, weight_std=info.weight_std) == info
        assert found.weight_std == pytest.approx(info.weight_std)
        assert found.scaled == pytest.approx(float(layer.weight.std()) * info.fan_in**0.5)


def test_of_convolutions_and_of_a_parametrized_layer() -> None:
    plain, transposed = nn.Conv2d(4, 6, 3, groups=2), nn.ConvTranspose1d(4, 6, 5)
    found = [module_layer("conv", each) for each in (plain, transposed)]
    assert [(each.kind, each.fan_in, each.fan_out, each.neurons) for each in found] == [
        ("Conv2d", 18, 54, 6),
        ("ConvTranspose1d", 30, 20, 6),
    ]
    assert layer_kind(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))) == "Linear"


# What kind a layer of a user's module is said to be.


class Own(nn.Linear):
    """A layer whose author has a list of that name for something else."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.parametrizations = []


def test_a_parametrized_layer_is_called_what_it_was() -> None:
    assert layer_kind(spectral_norm(nn.Linear(2, 2))) == "Linear"
    assert layer_kind(nn.Linear(2, 2)) == "Linear"


def test_a_layer_of_the_users_own_keeps_its_name() -> None:
    assert layer_kind(Own()) == "Own"


# The loss over all examples and its gradients, against autograd; of a loss of one's own, too.


@pytest.mark.parametrize("loss", ["mse", "bce_with_logits", {"name": "huber", "delta": 0.3}])
def test_it_is_autograds(loss: Any) -> None:
    from trainlab.engine.reference import build_module

    made = Experiment.from_dict({"network": "2-4-1", "loss": loss})
    module = build_module(torch, made, 3, "float64")
    expected = loss_of(torch, made, module)
    expected.backward()
    layers = initial_layers(made, 3)
    assert examples_loss(made, layers) == pytest.approx(float(expected.detach()), rel=1e-12)
    linears = [part for part in module if hasattr(part, "weight")]
    for found, linear in zip(examples_gradients(made, layers), linears, strict=True):
        np.testing.assert_allclose(found.weight, linear.weight.grad.numpy(), rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(found.bias, linear.bias.grad.numpy(), rtol=1e-10, atol=1e-15)


def test_full_loss_adds_the_penalty() -> None:
    made = Experiment.from_dict({"network": "2-4-1", "loss": "mse", "penalty": {"l2": 0.1}})
    full, row = FullLoss.of(made), initial_parameters(made, range(1))[0]
    bare, squares = examples_loss(made, initial_layers(made, 0)), float((row[full.weights] ** 2).sum())
    assert full.value(row) == pytest.approx(bare + 0.1 * squares, rel=1e-12)


def quartic(p: Any, y: Any) -> Any:
    return (p - y) ** 4


def quartic_slope(p: Any, y: Any) -> Any:
    return 4 * (p - y) ** 3


def test_a_loss_of_ones_own_has_its_own_formulas() -> None:
    own = custom_loss("quartic", quartic, quartic_slope)
    made = msgspec.structs.replace(Experiment.from_dict({"network": "2-4-1"}), loss=own)
    full, row = FullLoss.of(made), initial_parameters(made, range(1))[0]
    step = np.random.default_rng(0).normal(size=len(row))
    slope = (full.value(row + 1e-6 * step) - full.value(row - 1e-6 * step)) / 2e-6
    assert slope == pytest.approx(float(full.gradient(row) @ step), rel=1e-6)


def test_an_objective_takes_a_loss_of_ones_own_under_the_name_of_its_function() -> None:
    own = custom_loss("quartic", quartic, quartic_slope)
    objective = Objective.of(own)
    outputs, targets = np.array([[0.5, -1.0]]), np.array([[1.0, 0.0]])
    assert objective.name == "quartic"
    assert objective.formula
    assert objective.value(outputs, targets) == pytest.approx((0.5**4 + 1.0) / 2, rel=1e-15)
    expected = 4 * (outputs - targets) ** 3 / 2
    np.testing.assert_allclose(objective.gradient(outputs, targets), expected, rtol=1e-12)


# The optimizer of the explanations takes the steps that the engines take.


def test_equalised_gradients_and_frozen_layers() -> None:
    experiment = Experiment.from_dict(
        {
            "network": "2-3-2-1",
            "loss": "mse",
            "optimizer": {"name": "adamw", "lr": 0.02, "weight_decay": 0.1},
            "gradient": "equalised",
            "frozen": [2],
            "clip": {"norm": 0.4},
            "epochs": 20,
        }
    )
    w = initial_parameters(experiment, range(3, 4))[0]
    optimizer, loss = OwnOptimizer(experiment, w), FullLoss.of(experiment)
    for step in range(experiment.epochs):
        w = optimizer.step(w, loss.gradient(w), step)
    expected = ReferenceEngine(dtype="float64").train(experiment, range(3, 4))[0].parameters[0]
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-12)
