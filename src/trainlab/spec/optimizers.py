"""Optimizers, with the fields and defaults of ``torch.optim``."""

from __future__ import annotations

from trainlab.errors import SpecError
from trainlab.maths import OPTIMIZERS
from trainlab.spec.checks import check_number
from trainlab.spec.fields import Kind, convert_fields, name_of

Betas = tuple[float, float]


class SGD(Kind, frozen=True, kw_only=True, tag="sgd"):
    """Stochastic gradient descent, as ``torch.optim.SGD``."""

    lr: float = 1e-3
    momentum: float = 0.0
    dampening: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "momentum", "weight_decay")
        check_number("dampening", self.dampening)
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise SpecError(
                f"nesterov = True: needs momentum > 0 and dampening 0, as in PyTorch, not momentum = "
                f"{self.momentum:g} and dampening = {self.dampening:g}."
            )


class Adam(Kind, frozen=True, kw_only=True, tag="adam"):
    """Adam, as ``torch.optim.Adam``; `weight_decay` is added to the gradient."""

    lr: float = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "betas", "eps", "weight_decay")


class AdamW(Kind, frozen=True, kw_only=True, tag="adamw"):
    """Adam with decoupled weight decay, as ``torch.optim.AdamW``."""

    lr: float = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 1e-2
    amsgrad: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "betas", "eps", "weight_decay")


class NAdam(Kind, frozen=True, kw_only=True, tag="nadam"):
    """Adam with Nesterov's momentum, as ``torch.optim.NAdam``."""

    lr: float = 2e-3
    betas: Betas = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum_decay: float = 4e-3
    decoupled_weight_decay: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "betas", "eps", "weight_decay", "momentum_decay")


class RAdam(Kind, frozen=True, kw_only=True, tag="radam"):
    """Rectified Adam, as ``torch.optim.RAdam``."""

    lr: float = 1e-3
    betas: Betas = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled_weight_decay: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "betas", "eps", "weight_decay")


class RMSprop(Kind, frozen=True, kw_only=True, tag="rmsprop"):
    """RMSprop, as ``torch.optim.RMSprop``."""

    lr: float = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centered: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "eps", "weight_decay", "momentum")
        check_number("alpha", self.alpha, at_least=0, below=1)


class Adagrad(Kind, frozen=True, kw_only=True, tag="adagrad"):
    """Adagrad, as ``torch.optim.Adagrad``."""

    lr: float = 1e-2
    lr_decay: float = 0.0
    weight_decay: float = 0.0
    initial_accumulator_value: float = 0.0
    eps: float = 1e-10

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")


class Adadelta(Kind, frozen=True, kw_only=True, tag="adadelta"):
    """Adadelta, as ``torch.optim.Adadelta``."""

    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "eps", "weight_decay")
        check_number("rho", self.rho, at_least=0, at_most=1)


class Lion(Kind, frozen=True, kw_only=True, tag="lion"):
    """Lion (Chen et al., NeurIPS 2023): the sign of an interpolated momentum, with decoupled weight decay."""

    lr: float = 1e-4
    betas: Betas = (0.9, 0.99)
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        _check(self, "lr", "betas", "weight_decay")


Optimizer = SGD | Adam | AdamW | NAdam | RAdam | RMSprop | Adagrad | Adadelta | Lion


def cycles(optimizer: Optimizer) -> bool:
    """Return whether a schedule can cycle the optimizer's momentum: it has ``momentum`` or ``betas``."""
    return OPTIMIZERS[name_of(optimizer)].momentum is not None


def _check(optimizer: Kind, *fields: str) -> None:
    for field in fields:
        value = getattr(optimizer, field)
        if field == "betas":
            for beta in value:
                check_number(field, beta, at_least=0, below=1)
        elif field == "eps":
            check_number(field, value, above=0)
        else:
            check_number(field, value, at_least=0)
