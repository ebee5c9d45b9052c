"""The network as a torch module, and its pass through one training step with dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.spec import Experiment


def build_module(torch: Any, experiment: Experiment, seed: int, dtype: str) -> Any:
    """Return a torch.nn.Sequential of linear layers and activations, with the seed's initial parameters."""
    row = initial_parameters(experiment, range(seed, seed + 1))[0]
    parts: list[Any] = []
    for layer in layers_of(experiment.network):
        linear = torch.nn.Linear(
            layer.fan_in, layer.fan_out, bias=layer.first_bias is not None, dtype=getattr(torch, dtype)
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(row[layer.weights].reshape(layer.fan_out, layer.fan_in)))
            if layer.first_bias is not None:
                linear.bias.copy_(torch.from_numpy(row[layer.biases]))
        parts += [linear, _activation(torch, layer.activation)]
    return torch.nn.Sequential(*parts)


def forward(module: Any, inputs: Any, masks: Sequence[Any]) -> Any:
    """Return the outputs; after each hidden layer its values are multiplied by its mask, unless it is None.

    `masks` has one a hidden layer, ``[examples, units]``: 0, or 1/(1 − p) for a unit that dropout keeps.
    """
    if not any(mask is not None for mask in masks):
        return module(inputs)
    values = inputs
    parts = list(module)
    for layer, (linear, activation) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        values = activation(linear(values))
        if layer < len(masks) and masks[layer] is not None:
            values = values * masks[layer]
    return values


def flat(module: Any) -> Any:
    """Return the parameters as a row ``[P]``: layer by layer, weights, then biases."""
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in module.parameters()])


def weights_of(torch: Any, module: Any) -> list[Any]:
    """Return the weight matrix of each linear layer."""
    return [part.weight for part in module if isinstance(part, torch.nn.Linear)]


def _activation(torch: Any, name: str) -> Any:
    nn = torch.nn

    class Sin(nn.Module):
        def forward(self, values: Any) -> Any:
            return torch.sin(values)

    kinds = {
        "linear": nn.Identity,
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "selu": nn.SELU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "softplus": nn.Softplus,
        "hardtanh": nn.Hardtanh,
        "sin": Sin,
    }
    over_outputs = {"softmax": nn.Softmax, "log_softmax": nn.LogSoftmax}
    return over_outputs[name](dim=1) if name in over_outputs else kinds[name]()
