"""What changes the gradients of a step: a penalty, layers made equally large or frozen, clipping."""

from __future__ import annotations

from typing import Any

from trainlab.engine.reference.module import linear_layers, weights_of
from trainlab.maths.gradients import KEPT_SIZE
from trainlab.spec import Experiment


def penalty_of(torch: Any, experiment: Experiment, module: Any) -> Any:
    """Return l1 · Σ |w| + l2 · Σ w² over all weights; biases go free."""
    penalty, total = experiment.penalty, 0.0
    for weights in weights_of(torch, module):
        if penalty.l1:
            total = total + penalty.l1 * weights.abs().sum()
        if penalty.l2:
            total = total + penalty.l2 * (weights * weights).sum()
    return total


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


def equaliser_of(torch: Any, experiment: Experiment, module: Any) -> Equaliser | None:
    """Return what makes the gradients of layers equally large, None if nothing is to."""
    return Equaliser(torch, module) if experiment.gradient == "equalised" else None


def clip_gradients(torch: Any, experiment: Experiment, module: Any) -> None:
    """Cap the norm of all gradients together, or the value of each."""
    if experiment.clip.norm is not None:
        torch.nn.utils.clip_grad_norm_(module.parameters(), experiment.clip.norm)
    if experiment.clip.value is not None:
        torch.nn.utils.clip_grad_value_(module.parameters(), experiment.clip.value)
