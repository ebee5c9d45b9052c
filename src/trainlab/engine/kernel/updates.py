"""One step of an optimizer on one row of parameters."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.lanes import load, store
from trainlab.engine.kernel.tables import ADAM, SGD
from trainlab.engine.kernel.vector import fma, splat, sqrt


@njit(forceinline=True)
def apply_gradient(
    lane: Any, action: int, memory: Any, rows: Any, constants: Any, rate: float, scale: float, p: int, g: Any
) -> None:
    """Make the optimizer's step on parameter row `p` with gradient `g`, or add `g` to the gradient row.

    `rate` and `scale` are this step's: lr and unused for SGD; lr/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ) for Adam.
    """
    if action == SGD:
        # b ← momentum · b + g, w ← w − lr · b
        buffer = fma(splat(lane, constants.momentum), load(lane, memory, rows.first_moment + p), g)
        store(lane, memory, rows.first_moment + p, buffer)
        weight = load(lane, memory, rows.parameters + p)
        store(lane, memory, rows.parameters + p, fma(splat(lane, -rate), buffer, weight))
    elif action == ADAM:
        # m ← m + (1 − β₁)(g − m), v ← β₂ v + (1 − β₂) g², w ← w − rate · m / (√v · scale + eps)
        mean = load(lane, memory, rows.first_moment + p)
        mean = fma(splat(lane, 1.0 - constants.beta1), g - mean, mean)
        store(lane, memory, rows.first_moment + p, mean)
        square = load(lane, memory, rows.second_moment + p) * splat(lane, constants.beta2)
        square = fma(splat(lane, 1.0 - constants.beta2) * g, g, square)
        store(lane, memory, rows.second_moment + p, square)
        denominator = fma(sqrt(square), splat(lane, scale), splat(lane, constants.eps))
        weight = load(lane, memory, rows.parameters + p)
        store(lane, memory, rows.parameters + p, fma(splat(lane, -rate), mean / denominator, weight))
    else:
        store(lane, memory, rows.gradient + p, load(lane, memory, rows.gradient + p) + g)


@njit(forceinline=True)
def apply_gradients(
    lane: Any, action: int, memory: Any, rows: Any, constants: Any, rate: float, scale: float, count: int
) -> None:
    """Make the step on every parameter from the gradients added up before."""
    for p in range(count):
        g = load(lane, memory, rows.gradient + p)
        apply_gradient(lane, action, memory, rows, constants, rate, scale, p, g)


@njit(forceinline=True)
def clear_rows(lane: Any, memory: Any, first: int, count: int) -> None:
    """Set `count` rows to zero."""
    for row in range(count):
        store(lane, memory, first + row, splat(lane, 0.0))
