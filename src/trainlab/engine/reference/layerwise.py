"""A step that treats layers apart: their gradients made equally large, or some of them left as they are."""

from __future__ import annotations

from typing import Any

from trainlab.engine.reference.module import linear_layers


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


def equalise(torch: Any, module: Any) -> None:
    """Make each layer's gradient as large as the last one's; by `Gradient` of the spec."""
    *others, last = linear_layers(torch, module)
    for layer in others:
        if layer.weight.grad is None:
            continue
        mean = layer.weight.grad.abs().mean()
        if mean != 0:
            for parameter in layer.parameters():
                parameter.grad = parameter.grad / mean * last.weight.grad.abs().mean()
