"""Regression: curves of one input and planes of many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainlab.tasks.draws import COEFFICIENTS, NOISE, POINTS, normals, uniforms
from trainlab.tasks.task import Array, Task, examples


def _sine(x: Array) -> Array:
    return np.sin(np.pi * x)


def _step(x: Array) -> Array:
    return (x >= 0).astype(np.float64)


def _abs(x: Array) -> Array:
    return np.abs(x)


def _polynomial(x: Array) -> Array:
    return (4 * x * x - 3) * x  # Chebyshev's third


def _runge(x: Array) -> Array:
    return 1 / (1 + 25 * x * x)


CURVES: dict[str, Callable[[Array], Array]] = {
    "sine": _sine,
    "step": _step,
    "abs": _abs,
    "polynomial": _polynomial,
    "runge": _runge,
}
"""Functions of one input on [−1, 1]: sin πx; 1 from 0 on; abs x; 4x³ − 3x; 1/(1 + 25x²) (Runge 1901)."""


def curve(*, function: str, points: int, noise: float, seed: int) -> Task:
    """Return a function of `CURVES` at evenly spaced inputs, with N(0, noise²) added to the targets."""
    x = np.linspace(-1, 1, points)[:, None]
    targets = CURVES[function](x) + noise * normals(seed, NOISE, (points, 1))
    return examples("curve", x, targets, kind="regression")


def plane(*, points: int, features: int, noise: float, seed: int) -> Task:
    """Return a linear function of inputs U(−1, 1), slopes and offset U(−1, 1), with N(0, noise²) added."""
    inputs = 2 * uniforms(seed, POINTS, (points, features)) - 1
    slopes = 2 * uniforms(seed, COEFFICIENTS, (features + 1,)) - 1
    # Summed column by column: a matrix product's order of summation differs between machines.
    targets = np.full((points, 1), slopes[-1])
    for column, slope in enumerate(slopes[:-1]):
        targets[:, 0] += slope * inputs[:, column]
    return examples("plane", inputs, targets + noise * normals(seed, NOISE, (points, 1)), kind="regression")
