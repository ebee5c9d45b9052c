"""Optimizers: those of torch.optim, and Lion, which it doesn't have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from trainlab.engine.reference.module import linear_layers
from trainlab.maths import OPTIMIZERS
from trainlab.spec import Experiment, Lion, NAdam, name_of


def build_optimizer(torch: Any, experiment: Experiment, module: Any) -> Any:
    """Return the experiment's optimizer of the module's parameters, without those of frozen layers."""
    settings = msgspec.structs.asdict(experiment.optimizer)
    parameters = trained_parameters(torch, module, experiment.frozen)
    if isinstance(experiment.optimizer, Lion):
        return LionOptimizer(torch, parameters, **settings)
    kind = getattr(torch.optim, str(OPTIMIZERS[name_of(experiment.optimizer)].torch_class))
    optimizer = kind(parameters, **settings)
    if isinstance(experiment.optimizer, NAdam):
        begin_nadam(torch, optimizer)
    return optimizer


def trained_parameters(torch: Any, module: Any, frozen: tuple[int, ...]) -> list[Any]:
    """Return the parameters that training moves: those of all layers, counted from 1, but the frozen ones."""
    layers = enumerate(linear_layers(torch, module), 1)
    return [parameter for number, layer in layers if number not in frozen for parameter in layer.parameters()]


def begin_nadam(torch: Any, optimizer: Any) -> None:
    """Begin NAdam's state with a product Πμ as exact as the parameters.

    torch.optim.NAdam itself would begin it in torch's default precision, whatever that of the parameters.
    """
    for parameter in optimizer.param_groups[0]["params"]:
        optimizer.state[parameter] = {
            "step": torch.tensor(0.0, dtype=parameter.dtype),
            "mu_product": torch.tensor(1.0, dtype=parameter.dtype),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }


class LionOptimizer:
    """Lion (Chen et al., NeurIPS 2023), with what the loop uses of a torch.optim.Optimizer.

    w ← w − lr · weight_decay · w, then w ← w − lr · sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g.
    """

    def __init__(
        self,
        torch: Any,
        parameters: Iterable[Any],
        *,
        lr: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        self._torch = torch
        params = list(parameters)
        self._momenta = [torch.zeros_like(parameter) for parameter in params]
        self.param_groups: list[dict[str, Any]] = [
            {"params": params, "lr": lr, "betas": betas, "weight_decay": weight_decay}
        ]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    def step(self) -> None:
        """Take one step along the gradients."""
        group = self.param_groups[0]
        beta1, beta2 = group["betas"]
        with self._torch.no_grad():
            for parameter, momentum in zip(group["params"], self._momenta, strict=True):
                parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
                blend = beta1 * momentum + (1.0 - beta1) * parameter.grad
                parameter.sub_(group["lr"] * self._torch.sign(blend))
                momentum.mul_(beta2).add_((1.0 - beta2) * parameter.grad)
