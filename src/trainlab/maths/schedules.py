"""Schedules: tables of the learning rate, and of momentum if it cycles, for every step of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError
from trainlab.maths import schedule_curves
from trainlab.maths import schedule_curves as f
from trainlab.maths.schedule_curves import Curves

Array = npt.NDArray[np.float64]
Per = Literal["epoch", "step"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A rule for the learning rate over time, named as in ``torch.optim.lr_scheduler``.

    ``curves(t, lr, total, **settings)`` returns rates and momenta (None where they don't cycle) at the times
    ``[total]``, counted in epochs or steps. ``torch_class`` is the class of ``torch.optim.lr_scheduler``,
    None for a constant rate.
    """

    name: str
    formula: str
    citation: str
    torch_class: str | None
    curves: Callable[..., Curves]


def learning_rates(
    name: str,
    *,
    lr: float,
    epochs: int,
    steps_per_epoch: int,
    per: Per = "epoch",
    warmup: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Array:
    """Return the learning rate of every step ``[epochs · steps_per_epoch]``, warm-up included.

    `settings` are those of the schedule `name`, `warmup` those of `warmup_factors`, `lr` the optimizer's.
    With reduce_on_plateau it is the rate of a network whose loss keeps falling: `plateau_step` gives the
    rates of each network, and `warmup_factors` what they are multiplied by. A factor or a cycle that doesn't
    fit the training, and a rate that overflows, are SpecErrors.
    """
    rates, _ = _curves(name, lr, epochs, steps_per_epoch, per, settings)
    if not np.isfinite(rates).all():
        first = int(np.argmin(np.isfinite(rates)))
        raise SpecError(
            f"schedule = {name!r}: the learning rate grows beyond every number by step {first:,} of "
            f"{len(rates):,}. Lower its gamma or factor, or train for fewer epochs."
        )
    return rates * warmup_factors(epochs=epochs, steps_per_epoch=steps_per_epoch, **(warmup or {}))


def momenta(
    name: str, *, epochs: int, steps_per_epoch: int, per: Per = "epoch", **settings: Any
) -> Array | None:
    """Return the momentum (or first beta) of every step, or None if the schedule leaves it alone."""
    return _curves(name, 0.0, epochs, steps_per_epoch, per, settings)[1]


def warmup_factors(
    *,
    epochs: int,
    steps_per_epoch: int,
    total_iters: int = 0,
    start_factor: float = 1.0 / 3.0,
    per: Per = "epoch",
) -> Array:
    """Return what warm-up multiplies each step's rate by: ``LinearLR``, from start_factor up to 1."""
    t = _times(epochs, steps_per_epoch, per)
    if total_iters == 0:
        return np.ones(epochs * steps_per_epoch)
    share = np.minimum(t, total_iters) / total_iters
    return _each_step(start_factor + (1.0 - start_factor) * share, steps_per_epoch, per)


def _curves(
    name: str, lr: float, epochs: int, steps_per_epoch: int, per: Per, settings: Mapping[str, Any]
) -> Curves:
    t = _times(epochs, steps_per_epoch, per)
    with np.errstate(over="ignore", invalid="ignore"):
        rates, cycled = SCHEDULES[name].curves(t, lr, len(t), **settings)
    return (
        _each_step(rates, steps_per_epoch, per),
        None if cycled is None else _each_step(cycled, steps_per_epoch, per),
    )


def _times(epochs: int, steps_per_epoch: int, per: Per) -> Array:
    return np.arange(epochs if per == "epoch" else epochs * steps_per_epoch, dtype=np.float64)


def _each_step(values: Array, steps_per_epoch: int, per: Per) -> Array:
    return np.repeat(values, steps_per_epoch) if per == "epoch" else values


def _rates_only(rates: Callable[..., Array]) -> Callable[..., Curves]:
    def curves(t: Array, lr: float, total: int, **settings: Any) -> Curves:
        return rates(t, lr, total, **settings), None

    return curves


def _unreduced(t: Array, lr: float, total: int, **settings: Any) -> Curves:
    return f.constant(t, lr, total), None


_SGDR = "Loshchilov & Hutter, SGDR, ICLR 2017"

_TABLE = (
    Schedule(
        name="constant",
        formula="lr",
        citation="the optimizer's own learning rate",
        torch_class=None,
        curves=_rates_only(f.constant),
    ),
    Schedule(
        name="step",
        formula="lr · gamma^⌊t/step_size⌋",
        citation="torch.optim.lr_scheduler.StepLR",
        torch_class="StepLR",
        curves=_rates_only(f.step),
    ),
    Schedule(
        name="multi_step",
        formula="lr · gamma^(milestones ≤ t)",
        citation="torch.optim.lr_scheduler.MultiStepLR",
        torch_class="MultiStepLR",
        curves=_rates_only(f.multi_step),
    ),
    Schedule(
        name="exponential",
        formula="lr · gammaᵗ",
        citation="torch.optim.lr_scheduler.ExponentialLR",
        torch_class="ExponentialLR",
        curves=_rates_only(f.exponential),
    ),
    Schedule(
        name="cosine_annealing",
        formula="eta_min + (lr − eta_min)(1 + cos(π t/T_max))/2",
        citation=f"{_SGDR}; torch.optim.lr_scheduler.CosineAnnealingLR",
        torch_class="CosineAnnealingLR",
        curves=_rates_only(f.cosine_annealing),
    ),
    Schedule(
        name="cosine_annealing_warm_restarts",
        formula="eta_min + (lr − eta_min)(1 + cos(π T_cur/T_i))/2, T_i = T_0, T_0 T_mult, T_0 T_mult², …",
        citation=f"{_SGDR}; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
        torch_class="CosineAnnealingWarmRestarts",
        curves=_rates_only(f.cosine_annealing_warm_restarts),
    ),
    Schedule(
        name="cyclic",
        formula="base_lr + (max_lr − base_lr) h(t), h from 0 to 1 in step_size_up and back in step_size_down",
        citation="Smith, WACV 2017; torch.optim.lr_scheduler.CyclicLR",
        torch_class="CyclicLR",
        curves=schedule_curves.cyclic,
    ),
    Schedule(
        name="one_cycle",
        formula=(
            "max_lr/div_factor → max_lr in pct_start of the steps, then → max_lr/div_factor/final_div_factor"
        ),
        citation="Smith & Topin, arXiv:1708.07120, 2017; torch.optim.lr_scheduler.OneCycleLR",
        torch_class="OneCycleLR",
        curves=schedule_curves.one_cycle,
    ),
    Schedule(
        name="lambda",
        formula="lr · factor(t)",
        citation="torch.optim.lr_scheduler.LambdaLR",
        torch_class="LambdaLR",
        curves=_rates_only(f.multiplied),
    ),
    Schedule(
        name="multiplicative",
        formula="lr · factor(1) · … · factor(t)",
        citation="torch.optim.lr_scheduler.MultiplicativeLR",
        torch_class="MultiplicativeLR",
        curves=_rates_only(f.multiplicative),
    ),
    Schedule(
        name="reduce_on_plateau",
        formula=(
            "lr ← max(factor · lr, min_lr) once the loss has not been threshold below its best in more than "
            "patience epochs"
        ),
        citation="torch.optim.lr_scheduler.ReduceLROnPlateau",
        torch_class="ReduceLROnPlateau",
        curves=_unreduced,
    ),
)

SCHEDULES: dict[str, Schedule] = {entry.name: entry for entry in _TABLE}
"""Every schedule by name."""
