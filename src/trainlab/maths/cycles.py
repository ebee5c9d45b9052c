"""Schedules that go up and down, momentum going the other way: learning rates and momenta at t = 0, 1, 2, …

``(t, lr, total, **settings)``: t counts epochs or steps, float64 ``[total]``; the optimizer's `lr` is
not used. Momenta are None when they don't cycle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError

Array = npt.NDArray[np.float64]
Curves = tuple[Array, Array | None]


def cyclic(
    t: Array,
    lr: float,
    total: int,
    *,
    base_lr: float,
    max_lr: float,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
    gamma: float = 1.0,
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,
    max_momentum: float = 0.9,
) -> Curves:
    """Return rates from base_lr to max_lr and back, and momenta the other way, as ``CyclicLR``."""
    size = float(step_size_up + (step_size_up if step_size_down is None else step_size_down))
    ratio = step_size_up / size
    cycle = np.floor(1.0 + t / size)
    x = 1.0 + t / size - cycle
    falling = (x - 1.0) / (ratio - 1.0) if ratio < 1 else np.zeros_like(x)
    height = np.where(x <= ratio, x / ratio, falling)
    if mode == "triangular2":
        height = height / 2.0 ** (cycle - 1.0)
    elif mode == "exp_range":
        height = height * gamma**t
    momenta = max_momentum - (max_momentum - base_momentum) * height if cycle_momentum else None
    return base_lr + (max_lr - base_lr) * height, momenta


@dataclass(frozen=True, kw_only=True, slots=True)
class _Phase:
    """Part of a cycle: until t = `end`, rate and momentum go from their first value to their second."""

    end: float
    rate: tuple[float, float]
    momentum: tuple[float, float]


def one_cycle(
    t: Array,
    lr: float,
    total: int,
    *,
    max_lr: float,
    total_steps: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: Literal["cos", "linear"] = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Curves:
    """Return rates from max_lr/div_factor up to max_lr and down to a small one, as ``OneCycleLR``.

    `total_steps` None is `total`; fewer than `total` is a SpecError, as the cycle ends there. A rise of no
    length, on which PyTorch divides by 0, is at its end.
    """
    length = total if total_steps is None else total_steps
    if length < total:
        raise SpecError(
            f"total_steps = {length}: must be at least {total:,}, as long as the training; "
            "raise it or leave it out."
        )
    low = max_lr / div_factor
    least = low / final_div_factor
    up = _Phase(end=pct_start * length - 1, rate=(low, max_lr), momentum=(max_momentum, base_momentum))
    if three_phase:
        back = (base_momentum, max_momentum)
        phases = [
            up,
            _Phase(end=2 * pct_start * length - 2, rate=(max_lr, low), momentum=back),
            _Phase(end=length - 1, rate=(low, least), momentum=(max_momentum, max_momentum)),
        ]
    else:
        phases = [up, _Phase(end=length - 1, rate=(max_lr, least), momentum=(base_momentum, max_momentum))]
    rates, momenta = _through(phases, t, anneal_strategy)
    return rates, momenta if cycle_momentum else None


def _through(phases: list[_Phase], t: Array, strategy: str) -> tuple[Array, Array]:
    rates, momenta = np.empty_like(t), np.empty_like(t)
    ahead = np.ones(t.shape, dtype=np.bool_)
    start = 0.0
    for phase in phases:
        here = ahead & ((t <= phase.end) | (phase is phases[-1]))
        length = phase.end - start
        share = (t[here] - start) / length if length else np.ones(int(here.sum()))
        for values, (first, last) in ((rates, phase.rate), (momenta, phase.momentum)):
            values[here] = _annealed(first, last, share, strategy)
        ahead &= ~here
        start = phase.end
    return rates, momenta


def _annealed(first: float, last: float, share: Array, strategy: str) -> Array:
    if strategy == "linear":
        return (last - first) * share + first
    return last + (first - last) / 2.0 * (np.cos(np.pi * share) + 1.0)
