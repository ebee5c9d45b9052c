"""Learning rates at t = 0, 1, 2, … for the schedules that leave momentum alone, as closed formulas.

``(t, lr, total, **settings)``: t counts epochs or steps, float64 ``[total]``; `lr` is the optimizer's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
