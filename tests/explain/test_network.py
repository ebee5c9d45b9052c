"""An experiment's network: its loss over the examples, its optimizer, against torch."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from trainlab.engine import custom_loss
from trainlab.engine.layout import initial_parameters
from trainlab.engine.network_pass import initial_layers
from trainlab.engine.reference import ReferenceEngine
from trainlab.explain.network import (
    Objective,
    OwnOptimizer,
    examples_gradients,
    examples_loss,
)
from trainlab.explain.questions.learning_rate.one_step import FullLoss, loss_of
from trainlab.spec import Experiment

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
