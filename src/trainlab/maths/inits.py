"""Initial values of weights and biases, from standard draws: uniform on (0, 1) or standard normal.

``sample(draws, fan_in, **settings)`` turns float64 draws into values of the same shape; ``draws`` names which
kind it needs. The draws themselves come from the counter-based generator, so every engine starts alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Init:
    """A distribution of initial values, given the number of inputs of the layer (``fan_in``)."""

    name: str
    draws: Literal["uniform", "normal"]
    formula: str
    citation: str
    sample: Callable[..., Array]


def default_bound(fan_in: int) -> float:
    """Return the bound of PyTorch's default for Linear: U(−1/√fan_in, 1/√fan_in), weights and biases alike.

    ``torch.nn.Linear.reset_parameters`` calls ``kaiming_uniform_(a=√5)``, whose bound is
    √(6 / ((1 + 5) · fan_in)) = 1/√fan_in.
    """
    return 1.0 / np.sqrt(fan_in)


def _normal(draws: Array, fan_in: int, *, mean: float, std: float) -> Array:
    return mean + std * draws


def _uniform(draws: Array, fan_in: int, *, a: float, b: float) -> Array:
    return a + (b - a) * draws


def _constant(draws: Array, fan_in: int, *, val: float) -> Array:
    return np.full_like(draws, val)


def _default(draws: Array, fan_in: int) -> Array:
    bound = default_bound(fan_in)
    return bound * (2.0 * draws - 1.0)


_TABLE = (
    Init(
        name="normal",
        draws="normal",
        formula="w ~ N(mean, std²)",
        citation="torch.nn.init.normal_",
        sample=_normal,
    ),
    Init(
        name="uniform",
        draws="uniform",
        formula="w ~ U(a, b)",
        citation="torch.nn.init.uniform_",
        sample=_uniform,
    ),
    Init(
        name="constant",
        draws="uniform",
        formula="w = val",
        citation="torch.nn.init.constant_",
        sample=_constant,
    ),
    Init(
        name="default",
        draws="uniform",
        formula="w ~ U(−1/√fan_in, 1/√fan_in)",
        citation="torch.nn.Linear.reset_parameters (He et al., ICCV 2015, with a = √5)",
        sample=_default,
    ),
)

INITS: dict[str, Init] = {entry.name: entry for entry in _TABLE}
"""Every initialisation by name."""
