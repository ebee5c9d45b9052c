"""Optimizers: one step in float64, with PyTorch's definitions, defaults and order of operations.

``step(parameters, gradient, state, t, **settings)`` takes arrays of one shape ``[...]``, the state that
``state_size`` arrays of zeros begin, and the step number t = 1, 2, …; it returns new parameters and state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
State = tuple[Array, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimizer:
    """A rule that turns a gradient into a step; ``state_size`` arrays are carried from step to step."""

    name: str
    code: int
    formula: str
    citation: str
    torch_class: str
    state_size: int
    step: Callable[..., tuple[Array, State]]


def sgd_step(
    parameters: Array, gradient: Array, state: State, t: int, *, lr: float, momentum: float
) -> tuple[Array, State]:
    """One step of stochastic gradient descent with momentum."""
    # From a zero state the first step's buffer is the gradient: PyTorch's special case needs no branch.
    (buffer,) = state
    buffer = momentum * buffer + gradient
    return parameters - lr * buffer, (buffer,)


def adam_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    betas: tuple[float, float],
    eps: float,
) -> tuple[Array, State]:
    """One step of Adam."""
    mean, square = state
    beta1, beta2 = betas
    mean = mean + (1.0 - beta1) * (gradient - mean)
    square = beta2 * square + (1.0 - beta2) * gradient * gradient
    denominator = np.sqrt(square) / np.sqrt(1.0 - beta2**t) + eps
    return parameters - lr / (1.0 - beta1**t) * mean / denominator, (mean, square)


_TABLE = (
    Optimizer(
        name="sgd",
        code=0,
        formula="b ← momentum · b + g, w ← w − lr · b",
        citation="Robbins & Monro 1951; Sutskever et al., ICML 2013; torch.optim.SGD",
        torch_class="SGD",
        state_size=1,
        step=sgd_step,
    ),
    Optimizer(
        name="adam",
        code=1,
        formula=(
            "m ← m + (1 − β₁)(g − m), v ← β₂ v + (1 − β₂) g², "
            "w ← w − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps)"
        ),
        citation="Kingma & Ba, ICLR 2015; torch.optim.Adam",
        torch_class="Adam",
        state_size=2,
        step=adam_step,
    ),
)

OPTIMIZERS: dict[str, Optimizer] = {entry.name: entry for entry in _TABLE}
"""Every optimizer by name."""
