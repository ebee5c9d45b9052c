"""Networks side by side: each layer's weights and biases as one tensor with a first axis of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainlab.engine.layout import LayerLayout, layers_of
from trainlab.maths import ACTIVATIONS, Activation
from trainlab.spec import Experiment

Function = Callable[[torch.Tensor], torch.Tensor]


def _identity(values: torch.Tensor) -> torch.Tensor:
    return values


def over_outputs(function: Any) -> Function:
    """Return softmax or log_softmax over the outputs of values ``[n, examples, outputs]``.

    torch is three times faster over a middle axis than over a last one as short as this.
    """
    return lambda values: function(values.transpose(1, 2).contiguous(), dim=1).transpose(1, 2)


def function_of(activation: Activation) -> Function:
    """Return an activation as a function of values ``[n, examples, units]``."""
    if not activation.torch_function:
        return _identity
    function: Function = attrgetter(activation.torch_function)(torch)
    return function if activation.elementwise else over_outputs(function)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stack:
    """n networks' parameters: weights ``[n, fan_in, fan_out]``, biases ``[n, 1, fan_out]`` or None.

    ``moving`` are the places of the layers that training moves, from 0: all but the frozen ones.
    """

    layers: tuple[LayerLayout, ...]
    moving: tuple[int, ...]
    weights: list[torch.Tensor]
    biases: list[torch.Tensor | None]

    @classmethod
    def of(cls, experiment: Experiment, parameters: npt.NDArray[Any], *, dtype: str, device: str) -> Stack:
        """Return the networks of these parameters ``[n, P]``."""
        rows = parameters.astype(dtype)
        layers = layers_of(experiment.network)

        def leaf(values: npt.NDArray[Any]) -> torch.Tensor:
            return torch.as_tensor(np.ascontiguousarray(values), device=device).requires_grad_()

        # Inputs by outputs, unlike torch.nn.Linear: gradients then come in the order of the weights.
        return cls(
            layers=layers,
            moving=tuple(place for place in range(len(layers)) if place + 1 not in experiment.frozen),
            weights=[
                leaf(rows[:, layer.weights].reshape(-1, layer.fan_out, layer.fan_in).transpose(0, 2, 1))
                for layer in layers
            ],
            biases=[
                None if layer.first_bias is None else leaf(rows[:, None, layer.biases]) for layer in layers
            ],
        )

    @property
    def parameters(self) -> list[torch.Tensor]:
        """All tensors that are trained, weights first."""
        biases = [self.biases[place] for place in self.moving]
        return [*self.moving_weights, *(bias for bias in biases if bias is not None)]

    @property
    def moving_weights(self) -> list[torch.Tensor]:
        """The weights that are trained."""
        return [self.weights[place] for place in self.moving]

    def forward(self, inputs: torch.Tensor, masks: Sequence[torch.Tensor | None] = ()) -> torch.Tensor:
        """Return the outputs ``[n, examples, outputs]`` for inputs ``[n, examples, features]``.

        `masks` has what the values of each hidden layer are multiplied by, None for nothing.
        """
        values = inputs
        for index, (layer, weight, bias) in enumerate(
            zip(self.layers, self.weights, self.biases, strict=True)
        ):
            sums = torch.bmm(values, weight) if bias is None else torch.baddbmm(bias, values, weight)
            values = function_of(ACTIVATIONS[layer.activation])(sums)
            mask = masks[index] if index < len(masks) else None
            values = values if mask is None else values * mask
        return values

    def rows(self) -> npt.NDArray[Any]:
        """Return the parameters as rows ``[n, P]``: layer by layer, weights ``[out, in]``, then biases."""
        parts: list[torch.Tensor] = []
        for weight, bias in zip(self.weights, self.biases, strict=True):
            parts.append(weight.detach().transpose(1, 2).flatten(1))
            parts += [] if bias is None else [bias.detach().flatten(1)]
        return torch.cat(parts, dim=1).cpu().numpy()
