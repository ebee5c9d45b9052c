"""Activations: value and derivative in float64, the oracle of every engine.

One entry each, named as in ``torch.nn.functional``; ``code`` is how the kernel knows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation:
    """A scalar function applied elementwise after a layer's weighted sum."""

    name: str
    code: int
    formula: str
    citation: str
    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array]


def _sigmoid(x: Array) -> Array:
    # Written with exp(-|x|) so that neither tail overflows.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def _sigmoid_derivative(x: Array) -> Array:
    s = _sigmoid(x)
    return s * (1.0 - s)


def _tanh_derivative(x: Array) -> Array:
    t = np.tanh(x)
    return 1.0 - t * t


def _relu_derivative(x: Array) -> Array:
    # PyTorch's convention: the derivative at 0 is 0.
    return np.where(x > 0, 1.0, 0.0)


_TABLE = (
    Activation(
        name="linear",
        code=0,
        formula="f(x) = x",
        citation="the identity; torch.nn.Identity",
        value=lambda x: x,
        derivative=np.ones_like,
    ),
    Activation(
        name="tanh",
        code=1,
        formula="f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), f′ = 1 − f²",
        citation="LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998",
        value=np.tanh,
        derivative=_tanh_derivative,
    ),
    Activation(
        name="sigmoid",
        code=2,
        formula="f(x) = 1 / (1 + e⁻ˣ), f′ = f (1 − f)",
        citation="Rumelhart, Hinton & Williams, Nature 323, 1986",
        value=_sigmoid,
        derivative=_sigmoid_derivative,
    ),
    Activation(
        name="relu",
        code=3,
        formula="f(x) = max(0, x), f′ = 1 where x > 0, else 0",
        citation="Nair & Hinton, ICML 2010",
        value=lambda x: np.maximum(x, 0.0),
        derivative=_relu_derivative,
    ),
)

ACTIVATIONS: dict[str, Activation] = {entry.name: entry for entry in _TABLE}
"""Every activation by name."""
