"""Second derivatives of the losses by the outputs, float64, and where a loss has none.

Each function returns how the gradient of a loss, ``[examples, outputs]``, changes as the outputs `p` move
along `dp`, of which there may be many: ``[..., examples, outputs]``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainlab.maths.activation_bends import softmax_tangent
from trainlab.maths.activation_functions import sigmoid_derivative
from trainlab.maths.loss_functions import LEAST_VARIANCE

Array = npt.NDArray[np.float64]


def _none(p: Array, dp: Array, y: Array) -> Array:
    return np.zeros_like(dp)


def _mse(p: Array, dp: Array, y: Array) -> Array:
    return 2.0 * dp / p.size


def _huber(p: Array, dp: Array, y: Array, *, delta: float = 1.0) -> Array:
    return np.where(np.abs(p - y) <= delta, dp, 0.0) / p.size


def _smooth_l1(p: Array, dp: Array, y: Array, *, beta: float = 1.0) -> Array:
    return _none(p, dp, y) if beta == 0 else _huber(p, dp, y, delta=beta) / beta


def _log_cosh(p: Array, dp: Array, y: Array) -> Array:
    t = np.tanh(p - y)
    return (1.0 - t * t) * dp / p.size


def _bce(p: Array, dp: Array, y: Array) -> Array:
    # (y/p² + (1 − y)/(1 − p)²): p (1 − p) held away from 0 as the gradient has it, constant where it is held.
    variance = p * (1.0 - p)
    held = np.maximum(variance, LEAST_VARIANCE)
    bend = 1.0 / held - np.where(variance > LEAST_VARIANCE, (p - y) * (1.0 - 2.0 * p), 0.0) / held**2
    return bend * dp / p.size


def _bce_with_logits(z: Array, dz: Array, y: Array) -> Array:
    return sigmoid_derivative(z) * dz / z.size


def _cross_entropy(z: Array, dz: Array, y: Array, *, label_smoothing: float = 0.0) -> Array:
    # Smoothing changes no row's sum but by (1 − s) Σ y + s, which is 1 for one-hot targets.
    total = (1.0 - label_smoothing) * y.sum(axis=-1, keepdims=True) + label_smoothing
    return softmax_tangent(z, dz) * total / len(z)


TANGENTS: dict[str, Callable[..., Array]] = {
    "l1": _none,
    "mse": _mse,
    "huber": _huber,
    "smooth_l1": _smooth_l1,
    "log_cosh": _log_cosh,
    "bce": _bce,
    "bce_with_logits": _bce_with_logits,
    "cross_entropy": _cross_entropy,
    "nll": _none,
    "hinge": _none,
}
"""``(p, dp, y, **settings)`` of each loss: ∂²L/∂p² times dp. Custom losses have none."""
