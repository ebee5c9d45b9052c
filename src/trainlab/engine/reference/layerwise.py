"""A step that treats layers apart: their gradients made equally large, or some of them left as they are."""

from __future__ import annotations

from typing import Any

from trainlab.engine.reference.module import linear_layers
from trainlab.maths.gradients import KEPT_SIZE


def trained_parameters(torch: Any, module: Any, frozen: tuple[int, ...]) -> list[Any]:
    """Return the parameters that training moves: those of all layers, counted from 1, but the frozen ones."""
    layers = enumerate(linear_layers(torch, module), 1)
    return [parameter for number, layer in layers if number not in frozen for parameter in layer.parameters()]


def forget_frozen(torch: Any, module: Any, frozen: tuple[int, ...]) -> None:
    """Leave the parameters of frozen layers without a gradient, which a reading may still ask for."""
    layers = linear_layers(torch, module)
    for number in frozen:
        for parameter in layers[number - 1].parameters():
            parameter.grad = None


class Equaliser:
    """Makes each layer's gradient as large as the last one's, step after step; by `Gradient` of the spec."""

    def __init__(self, torch: Any, module: Any) -> None:
        self._layers = linear_layers(torch, module)
        self._sizes: list[Any] = [0.0] * len(self._layers)

    def equalise(self) -> None:
        """Change the gradients of one step; frozen layers have none."""
        for place, layer in enumerate(self._layers):
            if layer.weight.grad is not None:
                self._sizes[place] = KEPT_SIZE * self._sizes[place] + layer.weight.grad.abs().mean()
        for size, layer in zip(self._sizes[:-1], self._layers[:-1], strict=True):
            if size != 0:
                for parameter in layer.parameters():
                    parameter.grad = parameter.grad / size * self._sizes[-1]
