"""The network as a torch module, with its pass through a training step with dropout."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment


def build_module(torch: Any, experiment: Experiment, seed: int, dtype: str, *, start: Any = None) -> Any:
    """Return a torch.nn.Sequential of linear layers and activations, with the seed's initial parameters.

    `start` has other parameters to begin with, ``[P]``, as `flat` returns them.

    The parts are ``layer1``, ``activation1``, ``layer2`` and so on. Called as ``module(inputs, masks)`` it
    multiplies each hidden layer's values by its mask, ``[examples, units]``, unless that is None: 0, or
    1/(1 − p) for a unit that dropout keeps.
    """
    row = initial_parameters(experiment, range(seed, seed + 1))[0] if start is None else np.array(start)
    parts: OrderedDict[str, Any] = OrderedDict()
    for number, layer in enumerate(layers_of(experiment.network), 1):
        linear = torch.nn.Linear(
            layer.fan_in, layer.fan_out, bias=layer.first_bias is not None, dtype=getattr(torch, dtype)
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(row[layer.weights].reshape(layer.fan_out, layer.fan_in)))
            if layer.first_bias is not None:
                linear.bias.copy_(torch.from_numpy(row[layer.biases]))
        parts |= {f"layer{number}": linear, f"activation{number}": _activation(torch, layer.activation)}

    class Network(torch.nn.Sequential):
        def forward(self: Any, values: Any, masks: Sequence[Any] = ()) -> Any:
            for place, part in enumerate(self):
                values = part(values)
                mask = masks[place // 2] if place % 2 and place // 2 < len(masks) else None
                values = values if mask is None else values * mask
            return values

    return Network(parts)


def flat(module: Any) -> Any:
    """Return the parameters as a row ``[P]``: layer by layer, weights, then biases."""
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in module.parameters()])


def linear_layers(torch: Any, module: Any) -> list[Any]:
    """Return the linear layers, the first first."""
    return [part for part in module if isinstance(part, torch.nn.Linear)]


def weights_of(torch: Any, module: Any) -> list[Any]:
    """Return the weight matrix of each linear layer."""
    return [layer.weight for layer in linear_layers(torch, module)]


def _activation(torch: Any, name: str) -> Any:
    entry = ACTIVATIONS[name]
    if not entry.torch_class:

        class Function(torch.nn.Module):
            def forward(self: Any, values: Any) -> Any:
                return attrgetter(entry.torch_function)(torch)(values)

        return Function()
    return getattr(torch.nn, entry.torch_class)(**({} if entry.elementwise else {"dim": 1}))
