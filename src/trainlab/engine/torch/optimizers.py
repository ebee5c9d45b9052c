"""One optimizer for a stack of networks: torch.optim works element by element, so it needn't know of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import torch

from trainlab.engine.reference.optimizers import LionOptimizer, begin_nadam
from trainlab.maths import OPTIMIZERS
from trainlab.spec import AdamW, Lion, NAdam, Optimizer, name_of

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
