"""Schedules of the learning rate, with names, fields and defaults of ``torch.optim.lr_scheduler``.

All but the last advance once per epoch, or with ``per="step"`` once per training step.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from trainlab.errors import SpecError, shown
from trainlab.maths.formula import compile_formula
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import Kind, Part, convert_fields
from trainlab.spec.record import On

Per = Literal["epoch", "step"]


class NoSchedule(Kind, frozen=True, kw_only=True, tag="constant"):
    """The optimizer's own learning rate throughout.

    ``torch.optim.lr_scheduler.ConstantLR`` is something else: a third of it for the first five epochs.
    """


class StepLR(Kind, frozen=True, kw_only=True, tag="step"):
    """Multiplied by `gamma` every `step_size`."""

    step_size: int
    gamma: float = 0.1
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("step_size", self.step_size, at_least=1, at_most=MAX_COUNT)
        check_number("gamma", self.gamma, at_least=0)


class MultiStepLR(Kind, frozen=True, kw_only=True, tag="multi_step"):
    """Multiplied by `gamma` at each of the milestones."""

    milestones: tuple[int, ...]
    gamma: float = 0.1
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        for milestone in self.milestones:
            check_number("milestones", milestone, at_least=1, at_most=MAX_COUNT)
        if list(self.milestones) != sorted(self.milestones):
            raise SpecError(f"milestones = {shown(self.milestones)}: must be in ascending order.")
        check_number("gamma", self.gamma, at_least=0)


class ExponentialLR(Kind, frozen=True, kw_only=True, tag="exponential"):
    """Multiplied by `gamma` each time."""

    gamma: float
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("gamma", self.gamma, at_least=0)


class CosineAnnealingLR(Kind, frozen=True, kw_only=True, tag="cosine_annealing"):
    """Half a cosine down to `eta_min` in `T_max`; by default over the whole training."""

    T_max: int | None = None
    eta_min: float = 0.0
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        if self.T_max is not None:
            check_number("T_max", self.T_max, at_least=1, at_most=MAX_COUNT)
        check_number("eta_min", self.eta_min, at_least=0)


class CosineAnnealingWarmRestarts(Kind, frozen=True, kw_only=True, tag="cosine_annealing_warm_restarts"):
    """Half a cosine down to `eta_min` in `T_0`, then again from the top, each time `T_mult` times as long."""

    T_0: int
    T_mult: int = 1
    eta_min: float = 0.0
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("T_0", self.T_0, at_least=1, at_most=MAX_COUNT)
        check_number("T_mult", self.T_mult, at_least=1, at_most=MAX_COUNT)
        check_number("eta_min", self.eta_min, at_least=0)


class CyclicLR(Kind, frozen=True, kw_only=True, tag="cyclic"):
    """Up from `base_lr` to `max_lr` and down again, over and over; momentum the other way round."""

    base_lr: float
    max_lr: float
    step_size_up: int = 2000
    step_size_down: int | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: float = 1.0
    cycle_momentum: bool = True
    base_momentum: float = 0.8
    max_momentum: float = 0.9
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        for field in ("base_lr", "max_lr"):
            check_number(field, getattr(self, field), at_least=0)
        # With a larger one the cycles would grow without limit, and momentum fall below 0.
        check_number("gamma", self.gamma, at_least=0, at_most=1)
        check_number("step_size_up", self.step_size_up, at_least=1, at_most=MAX_COUNT)
        if self.step_size_down is not None:
            check_number("step_size_down", self.step_size_down, at_least=1, at_most=MAX_COUNT)
        _check_momenta(self.base_momentum, self.max_momentum)


class OneCycleLR(Kind, frozen=True, kw_only=True, tag="one_cycle"):
    """Up to `max_lr` and far down (Smith & Topin 2017) in `total_steps`; by default the whole training."""

    max_lr: float
    total_steps: int | None = None
    pct_start: float = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: float = 0.85
    max_momentum: float = 0.95
    div_factor: float = 25.0
    final_div_factor: float = 1e4
    three_phase: bool = False
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("max_lr", self.max_lr, at_least=0)
        if self.total_steps is not None:
            check_number("total_steps", self.total_steps, at_least=1, at_most=MAX_COUNT)
        check_number("pct_start", self.pct_start, at_least=0, at_most=1)
        check_number("div_factor", self.div_factor, above=0)
        check_number("final_div_factor", self.final_div_factor, above=0)
        low = self.max_lr / self.div_factor
        check_number("max_lr / div_factor", low)
        check_number("max_lr / div_factor / final_div_factor", low / self.final_div_factor)
        _check_momenta(self.base_momentum, self.max_momentum)


class LambdaLR(Kind, frozen=True, kw_only=True, tag="lambda"):
    """The learning rate times `factor`, a formula in t = 0, 1, 2, … such as ``"0.95 ** t"``."""

    factor: str
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        compile_formula(self.factor)


class MultiplicativeLR(Kind, frozen=True, kw_only=True, tag="multiplicative"):
    """The previous learning rate times `factor`, a formula in t = 1, 2, … such as ``"0.95"``."""

    factor: str
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        compile_formula(self.factor)


class ReduceLROnPlateau(Kind, frozen=True, kw_only=True, tag="reduce_on_plateau"):
    """Multiplied by `factor` once the loss hasn't improved for more than `patience` epochs, for each network.

    The loss is read after each epoch, over the whole data.
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: int = 0
    min_lr: float = 0.0
    eps: float = 1e-8
    on: On = "train"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("factor", self.factor, at_least=0, below=1)
        check_number("patience", self.patience, at_least=0, at_most=MAX_COUNT)
        check_number("threshold", self.threshold, at_least=0)
        check_number("cooldown", self.cooldown, at_least=0, at_most=MAX_COUNT)
        check_number("min_lr", self.min_lr, at_least=0)
        check_number("eps", self.eps, at_least=0)


Schedule = (
    NoSchedule
    | StepLR
    | MultiStepLR
    | ExponentialLR
    | CosineAnnealingLR
    | CosineAnnealingWarmRestarts
    | CyclicLR
    | OneCycleLR
    | LambdaLR
    | MultiplicativeLR
    | ReduceLROnPlateau
)


class Warmup(Part, frozen=True, kw_only=True):
    """Multiply the scheduled rate by a factor that rises from `start_factor` to 1 in `total_iters`.

    As ``torch.optim.lr_scheduler.LinearLR``; with `total_iters` 0 there is no warm-up.
    """

    total_iters: int = 0
    start_factor: float = 1.0 / 3.0
    per: Per = "epoch"

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("total_iters", self.total_iters, at_least=0, at_most=MAX_COUNT)
        check_number("start_factor", self.start_factor, above=0, at_most=1)


def looks_ahead(schedule: Schedule) -> bool:
    """Return whether a step's rate depends on the length of the whole training."""
    if isinstance(schedule, CosineAnnealingLR):
        return schedule.T_max is None
    return isinstance(schedule, OneCycleLR) and schedule.total_steps is None


def resolved(schedule: Schedule, *, epochs: int, steps_per_epoch: int) -> Schedule:
    """Return the schedule with the length of the whole training filled in if it was left out."""
    if isinstance(schedule, CosineAnnealingLR) and schedule.T_max is None:
        length = epochs if schedule.per == "epoch" else epochs * steps_per_epoch
        return msgspec.structs.replace(schedule, T_max=length)
    if isinstance(schedule, OneCycleLR) and schedule.total_steps is None:
        length = epochs if schedule.per == "epoch" else epochs * steps_per_epoch
        return msgspec.structs.replace(schedule, total_steps=length)
    return schedule


def _check_momenta(base: float, top: float) -> None:
    for field, value in (("base_momentum", base), ("max_momentum", top)):
        check_number(field, value, at_least=0, below=1)
