"""What a layer with weights is, whether an experiment's network has it or a torch module."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from trainlab.engine.network_pass import Array, Layer


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerInfo:
    """A layer with weights: its name, its kind by the name of torch's class, its size.

    ``fan_in`` and ``fan_out`` are torch's: inputs of one output and outputs of one input, times the size of a
    kernel. `neurons` are its outputs or channels, `parameters` its weights and biases, ``weight_std`` the
    weights' standard deviation.
    """

    name: str
    kind: str
    fan_in: int
    fan_out: int
    neurons: int
    parameters: int
    weight_std: float

    @property
    def scaled(self) -> float:
        """The deviation times √fan_in, by which layers of any width compare.

        PyTorch's default: 1/√3 = 0.577; LeCun, Xavier with equal fans and orthogonal: 1; He: √2 = 1.414.
        """
        return self.weight_std * math.sqrt(self.fan_in)


def network_layers(layers: Sequence[Layer]) -> tuple[LayerInfo, ...]:
    """Return what the layers of an experiment's network are, first to last."""
    return tuple(
        LayerInfo(
            name=f"layer {number}",
            kind="Linear",
            fan_in=layer.weight.shape[1],
            fan_out=layer.weight.shape[0],
            neurons=layer.weight.shape[0],
            parameters=layer.weight.size + (0 if layer.bias is None else layer.bias.size),
            weight_std=float(layer.weight.std()),
        )
        for number, layer in enumerate(layers, start=1)
    )


def module_layer(name: str, layer: Any) -> LayerInfo:
    """Return what a part of a torch module with a weight ``[…, …]`` is."""
    weight = by_neuron(layer, layer.weight)
    shape = tuple(int(size) for size in layer.weight.shape)
    kernel = math.prod(shape[2:])
    return LayerInfo(
        name=name,
        kind=layer_kind(layer),
        fan_in=shape[1] * kernel,
        fan_out=shape[0] * kernel,
        neurons=len(weight),
        parameters=sum(each.numel() for each in layer.parameters()),
        weight_std=float(weight.std()),
    )


def layer_kind(layer: Any) -> str:
    """Return the name of a part's class; of a parametrized one that of the class that it was."""
    from torch.nn.utils.parametrize import is_parametrized

    kind = cast("Any", type(layer))
    return str((kind.__bases__[0] if is_parametrized(layer) else kind).__name__)


def by_neuron(layer: Any, weight: Any) -> Array:
    """Return a row for each output; transposed convolutions have outputs on the second axis."""
    values = weight.detach().double().cpu()
    values = values.transpose(0, 1) if "Transpose" in type(layer).__name__ else values
    return np.asarray(values.reshape(values.shape[0], -1).numpy(), dtype=np.float64)
