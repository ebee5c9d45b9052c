"""Networks side by side: each layer's weights and biases as one tensor with a first axis of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as f

from trainlab.engine.custom_loss import tensor_function
from trainlab.engine.layout import LayerLayout, layers_of
from trainlab.engine.reference.optimizers import LionOptimizer, begin_nadam
from trainlab.maths import ACTIVATIONS, LINKS, OPTIMIZERS, Activation
from trainlab.maths.gradients import CLIP_EPS, KEPT_SIZE
from trainlab.maths.loss_functions import nll_terms
from trainlab.spec import (
    BCE,
    AdamW,
    Clip,
    CrossEntropy,
    Custom,
    Experiment,
    Lion,
    Loss,
    NAdam,
    Optimizer,
    Penalty,
    loss_entry,
    name_of,
)

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


# The loss of each network of a stack, from outputs and targets ``[n, examples, outputs]``.


Criterion = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Outputs and targets to losses ``[n]``."""


def criterion_of(loss: Loss) -> Criterion:
    """Return the loss as a function: torch.nn.functional's, or a formula where that has none."""
    if isinstance(loss, CrossEntropy):
        smoothing, log_softmax = loss.label_smoothing, over_outputs(torch.log_softmax)
        return lambda z, y: _over_examples(nll_terms(torch, log_softmax(z), _smoothed(y, smoothing)))
    terms = _terms_of(loss)
    if loss_entry(loss).mean_over == "examples":
        return lambda p, y: _over_examples(terms(p, y))
    return lambda p, y: terms(p, y).mean(dim=(1, 2))


def predictions_of(loss: Loss, outputs: torch.Tensor) -> torch.Tensor:
    """Return the predictions that outputs ``[n, examples, outputs]`` stand for under this loss."""
    link = loss_entry(loss).link
    if link == "softmax":
        return over_outputs(torch.softmax)(outputs)
    return LINKS[link].torch_value(torch, outputs)


def _terms_of(loss: Loss) -> Criterion:
    """Return what of a loss is averaged, ``[n, examples, outputs]``."""
    if isinstance(loss, Custom):
        own = tensor_function(loss, engine="torch")
        return lambda p, y: own(p, y.expand_as(p))
    if isinstance(loss, BCE):
        return _bce
    entry = loss_entry(loss)
    terms = entry.torch_terms
    if terms is not None:
        return lambda p, y: terms(torch, p, y)
    function: Any = getattr(f, str(entry.torch_function))
    settings = msgspec.structs.asdict(loss)
    return lambda p, y: function(p, y.expand_as(p), reduction="none", **settings)


def _bce(probabilities: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    # torch refuses NaN. As in the reference, a network with one somewhere has the loss p·y, NaN itself.
    lost = torch.isnan(probabilities).flatten(1).any(dim=1)[:, None, None]
    safe = torch.where(lost, 0.5, probabilities)
    losses = f.binary_cross_entropy(safe, targets.expand_as(safe), reduction="none")
    return torch.where(lost, probabilities * targets, losses)


def _over_examples(terms: torch.Tensor) -> torch.Tensor:
    return terms.sum(dim=2).mean(dim=1)


def _smoothed(targets: torch.Tensor, smoothing: float) -> torch.Tensor:
    return targets if not smoothing else targets * (1.0 - smoothing) + smoothing / targets.shape[-1]


# What changes the gradients of a step: a penalty, layers made equally large, clipping.


def penalised(
    gradients: list[torch.Tensor], weights: list[torch.Tensor], penalty: Penalty
) -> list[torch.Tensor]:
    """Add the penalty's gradient, l1 sign(w) + 2 l2 w, to those of the weights, which come first."""
    if not penalty.l1 and not penalty.l2:
        return gradients
    added = [
        gradient + penalty.l1 * torch.sign(weight) + 2.0 * penalty.l2 * weight
        for gradient, weight in zip(gradients, weights, strict=False)
    ]
    return added + gradients[len(weights) :]


class Equaliser:
    """Makes each layer's gradients as large as the last one's, step after step; by `Gradient` of the spec."""

    def __init__(self, stack: Stack) -> None:
        self._layers = len(stack.moving)
        biased = [index for index, place in enumerate(stack.moving) if stack.biases[place] is not None]
        self._layer_of = [*range(self._layers), *biased]
        self._sizes: torch.Tensor | None = None

    def equalised(self, gradients: list[torch.Tensor]) -> list[torch.Tensor]:
        """Return the gradients ``[n, …]`` of one step, those of the stack's `parameters`, equally large."""
        means = [gradient.abs().mean(dim=(1, 2), keepdim=True) for gradient in gradients[: self._layers]]
        now = torch.stack(means)
        self._sizes = sizes = now if self._sizes is None else KEPT_SIZE * self._sizes + now
        return [
            gradient
            if layer == self._layers - 1
            else torch.where(sizes[layer] == 0, gradient, gradient / sizes[layer] * sizes[-1])
            for layer, gradient in zip(self._layer_of, gradients, strict=True)
        ]


def clipped(gradients: list[torch.Tensor], clip: Clip) -> list[torch.Tensor]:
    """Cap each network's norm over all its gradients ``[n, …]``, or each element's value."""
    if clip.value is not None:
        return [gradient.clamp(-clip.value, clip.value) for gradient in gradients]
    if clip.norm is None:
        return gradients
    squares = [gradient.square().sum(dim=(1, 2)) for gradient in gradients]
    total = torch.stack(squares).sum(dim=0).sqrt()
    scale = (clip.norm / (total + CLIP_EPS)).clamp(max=1.0)[:, None, None]
    return [gradient * scale for gradient in gradients]


# One optimizer for a stack of networks: torch.optim works element by element, so it needn't know of them.


FUSED = {"sgd": ("cpu", "cuda"), "adam": ("cpu", "cuda"), "adamw": ("cpu", "cuda"), "adagrad": ("cpu",)}
"""Those that torch steps in one pass over memory, and where; for Adam that is two to three times faster.

On CUDA Adagrad refuses only at its first step.
"""


class StackedOptimizer:
    """Steps the parameters, with one learning rate for all networks or one for each.

    torch.optim knows one rate only. Where networks have rates of their own, it steps proxies that stand at 0,
    at a rate of 1: what comes out is each network's direction, since optimizers look at the weights only for
    their decay, which is applied here.
    """

    def __init__(
        self, optimizer: Optimizer, parameters: Sequence[torch.Tensor], *, rates_of_networks: bool
    ) -> None:
        self._parameters = list(parameters)
        settings = msgspec.structs.asdict(optimizer)
        self._decay: float = settings["weight_decay"] if rates_of_networks else 0.0
        self._decoupled = isinstance(optimizer, AdamW | Lion) or settings.get("decoupled_weight_decay", False)
        self._proxies: list[torch.Tensor] = []
        stepped = self._parameters
        if rates_of_networks:
            self._proxies = stepped = [torch.zeros_like(parameter) for parameter in self._parameters]
            settings |= {"lr": 1.0, "weight_decay": 0.0}
        self._stepped = stepped
        self._inner = _inner(optimizer, stepped, settings)

    def step(
        self, gradients: Sequence[torch.Tensor], rate: float | torch.Tensor, momentum: float | None
    ) -> None:
        """Take one step; `rate` is a number, or ``[n, 1, 1]``; `momentum` replaces the optimizer's own."""
        group = self._inner.param_groups[0]
        if momentum is not None and "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        elif momentum is not None:
            group["momentum"] = momentum
        if not self._proxies:
            group["lr"] = rate
            _give(self._stepped, gradients)
            self._inner.step()
            return
        with torch.no_grad():
            if self._decay and not self._decoupled:
                gradients = [g + self._decay * w for g, w in zip(gradients, self._parameters, strict=True)]
            for proxy in self._proxies:
                proxy.zero_()
            _give(self._proxies, gradients)
            self._inner.step()
            for parameter, proxy in zip(self._parameters, self._proxies, strict=True):
                if self._decay and self._decoupled:
                    parameter.mul_(1.0 - rate * self._decay)
                parameter.add_(rate * proxy)


def _give(parameters: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        # The fused steps read memory in its order.
        parameter.grad = gradient.contiguous()


def _inner(optimizer: Optimizer, parameters: list[torch.Tensor], settings: dict[str, Any]) -> Any:
    if isinstance(optimizer, Lion):
        return LionOptimizer(torch, parameters, **settings)
    name = name_of(optimizer)
    kind = getattr(torch.optim, str(OPTIMIZERS[name].torch_class))
    if parameters[0].device.type in FUSED.get(name, ()):
        try:
            return kind(parameters, fused=True, **settings)
        except (RuntimeError, TypeError):
            # Older versions of torch have no fused step on every device.
            pass
    made = kind(parameters, foreach=True, **settings)
    if isinstance(optimizer, NAdam):
        begin_nadam(torch, made)
    return made
