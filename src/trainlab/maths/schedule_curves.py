"""Learning rates at t = 0, 1, 2, … for the schedules that leave momentum alone, as closed formulas.

``(t, lr, total, **settings)``: t counts epochs or steps, float64 ``[total]``; `lr` is the optimizer's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError
from trainlab.maths.formula import evaluate_factor

Array = npt.NDArray[np.float64]


def constant(t: Array, lr: float, total: int) -> Array:
    """Return lr."""
    return np.full_like(t, lr)


def step(t: Array, lr: float, total: int, *, step_size: int, gamma: float = 0.1) -> Array:
    """Return lr · gamma^⌊t / step_size⌋."""
    return lr * gamma ** (t // step_size)


def multi_step(t: Array, lr: float, total: int, *, milestones: tuple[int, ...], gamma: float = 0.1) -> Array:
    """Return lr · gamma^(number of milestones ≤ t); a milestone given twice counts twice."""
    passed = np.searchsorted(np.sort(np.asarray(milestones, dtype=np.float64)), t, side="right")
    return lr * gamma ** passed.astype(np.float64)


def exponential(t: Array, lr: float, total: int, *, gamma: float) -> Array:
    """Return lr · gammaᵗ."""
    return lr * gamma**t


def cosine_annealing(
    t: Array, lr: float, total: int, *, T_max: int | None = None, eta_min: float = 0.0
) -> Array:
    """Return eta_min + (lr − eta_min) (1 + cos(π t / T_max)) / 2; T_max None is `total`."""
    return _cosine(t / (total if T_max is None else T_max), lr, eta_min)


def cosine_annealing_warm_restarts(
    t: Array, lr: float, total: int, *, T_0: int, T_mult: int = 1, eta_min: float = 0.0
) -> Array:
    """Return cosine annealing over T_0, T_0 · T_mult, T_0 · T_mult², …, each from lr."""
    if T_mult == 1:
        return _cosine((t % T_0) / T_0, lr, eta_min)
    starts, lengths = [0], [T_0]
    while starts[-1] + lengths[-1] < total:
        starts.append(starts[-1] + lengths[-1])
        lengths.append(lengths[-1] * T_mult)
    cycle = np.searchsorted(np.array(starts), t, side="right") - 1
    within = (t - np.array(starts, dtype=np.float64)[cycle]) / np.array(lengths, dtype=np.float64)[cycle]
    return _cosine(within, lr, eta_min)


def _cosine(share: Array, lr: float, eta_min: float) -> Array:
    return eta_min + (lr - eta_min) * (1.0 + np.cos(np.pi * share)) / 2.0


def multiplied(t: Array, lr: float, total: int, *, factor: str) -> Array:
    """Return lr · factor(t): the schedule ``lambda``."""
    return lr * evaluate_factor(factor, t)


def multiplicative(t: Array, lr: float, total: int, *, factor: str) -> Array:
    """Return lr · factor(1) · … · factor(t)."""
    factors = np.ones_like(t)
    factors[1:] = evaluate_factor(factor, t[1:])
    return lr * np.multiply.accumulate(factors)


# Schedules that go up and down, momentum going the other way: learning rates and momenta at t = 0, 1, 2, …
#
# ``(t, lr, total, **settings)``: t counts epochs or steps, float64 ``[total]``; the optimizer's `lr` is
# not used. Momenta are None when they don't cycle.


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


# Learning rates that fall when a loss stops falling: ``ReduceLROnPlateau``, one state per network.
#
# `plateau_start` and `plateau_step` are pure; every engine gives them the loss after each epoch.


Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlateauState:
    """The state of each of n networks: its learning rate (without warm-up), best loss and two counters."""

    rate: Array
    best: Array
    bad_epochs: Counts
    cooldown: Counts


def plateau_start(lr: float, networks: int) -> PlateauState:
    """Return the state before the first epoch."""
    return PlateauState(
        rate=np.full(networks, lr, dtype=np.float64),
        best=np.full(networks, np.inf),
        bad_epochs=np.zeros(networks, dtype=np.int64),
        cooldown=np.zeros(networks, dtype=np.int64),
    )


def plateau_step(
    state: PlateauState,
    loss: npt.ArrayLike,
    *,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: Literal["rel", "abs"] = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> PlateauState:
    """Return the state after an epoch with these losses ``[n]``; a NaN is never better."""
    losses = np.asarray(loss, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        wanted = state.best * (1.0 - threshold) if threshold_mode == "rel" else state.best - threshold
    better = losses < wanted
    bad = np.where(better, 0, state.bad_epochs + 1)
    cooling = state.cooldown > 0
    left = np.where(cooling, state.cooldown - 1, state.cooldown)
    bad = np.where(cooling, 0, bad)
    due = bad > patience
    lower = np.maximum(state.rate * factor, min_lr)
    return PlateauState(
        rate=np.where(due & (state.rate - lower > eps), lower, state.rate),
        best=np.where(better, losses, state.best),
        bad_epochs=np.where(due, 0, bad),
        cooldown=np.where(due, cooldown, left),
    )
