"""The passes against autograd, for every activation, with and without biases."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainlab.engine.network_pass import backward, forward, initial_layers, layers_from
from trainlab.engine.reference import build_module
from trainlab.errors import ExplainError
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment


def experiment(activation: str, *, bias: bool) -> Experiment:
    last = activation if ACTIVATIONS[activation].elementwise else "linear"
    return Experiment.from_dict(
        {
            "network": {
                "widths": [3, 4, 5, 2],
                "bias": bias,
                "activation": [last, last, activation],
            },
            "task": {"name": "blobs", "classes": 2, "features": 3, "one_hot": True},
        }
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_values_and_gradients_are_those_of_autograd(activation: str, *, bias: bool) -> None:
    made = experiment(activation, bias=bias)
    module = build_module(torch, made, 5, "float64")
    rng = np.random.default_rng(1)
    inputs, weights = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    layers = initial_layers(made, 5)
    passes = forward(layers, inputs)
    outputs = module(torch.from_numpy(inputs))
    np.testing.assert_allclose(passes[-1].outputs, outputs.detach().numpy(), rtol=1e-12, atol=1e-14)
    (outputs * torch.from_numpy(weights)).sum().backward()
    for layer, gradient, linear in zip(
        layers, backward(layers, passes, weights), list(module)[::2], strict=True
    ):
        np.testing.assert_allclose(gradient.weight, linear.weight.grad.numpy(), rtol=1e-10, atol=1e-13)
        assert (gradient.bias is None) == (layer.bias is None) == (not bias)
        if gradient.bias is not None:
            np.testing.assert_allclose(gradient.bias, linear.bias.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_the_gradient_by_the_inputs_is_that_of_autograd() -> None:
    made = experiment("tanh", bias=True)
    inputs = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    build_module(torch, made, 0, "float64")(inputs).sum().backward()
    layers = initial_layers(made, 0)
    found = backward(layers, forward(layers, inputs.detach().numpy()), np.ones((4, 2)))
    assert inputs.grad is not None
    np.testing.assert_allclose(found[0].inputs, inputs.grad.numpy(), rtol=1e-10)


def test_a_row_of_the_wrong_length_is_refused() -> None:
    network = experiment("tanh", bias=True).network
    with pytest.raises(ExplainError, match=r"parameters: shape \(3,\), but 3-4-5-2 has 53 parameters; give"):
        layers_from(network, np.zeros(3))
