"""Values and gradients of the losses, float64; outputs and targets are both ``[examples, outputs]``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.maths.activation_functions import log_softmax, sigmoid, softmax

Array = npt.NDArray[np.float64]

LEAST_LOG = -100.0
LEAST_VARIANCE = 9.999999960041972e-13
"""PyTorch writes 1e-12 and keeps it in float32."""


def l1(p: Array, y: Array) -> float:
    """Return mean |p − y|."""
    return float(np.mean(np.abs(p - y)))


def l1_gradient(p: Array, y: Array) -> Array:
    """Return sign(p − y) / N."""
    return np.sign(p - y) / p.size


def mse(p: Array, y: Array) -> float:
    """Return mean (p − y)²."""
    return float(np.mean((p - y) ** 2))


def mse_gradient(p: Array, y: Array) -> Array:
    """Return 2 (p − y) / N."""
    return 2.0 * (p - y) / p.size


def huber(p: Array, y: Array, *, delta: float = 1.0) -> float:
    """Return the mean of d²/2 within delta of the target, delta (|d| − delta/2) beyond."""
    d = np.abs(p - y)
    return float(np.mean(np.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))))


def huber_gradient(p: Array, y: Array, *, delta: float = 1.0) -> Array:
    """Return d held within ±delta, / N."""
    return np.clip(p - y, -delta, delta) / p.size


def smooth_l1(p: Array, y: Array, *, beta: float = 1.0) -> float:
    """Return the mean of d² / (2 beta) within beta of the target, |d| − beta/2 beyond; L1 at beta 0."""
    return l1(p, y) if beta == 0 else huber(p, y, delta=beta) / beta


def smooth_l1_gradient(p: Array, y: Array, *, beta: float = 1.0) -> Array:
    """Return d/beta held within ±1, / N."""
    return l1_gradient(p, y) if beta == 0 else huber_gradient(p, y, delta=beta) / beta


def log_cosh(p: Array, y: Array) -> float:
    """Return mean ln cosh(p − y), exact near 0 and without overflow far from it."""
    d = np.abs(p - y)
    near = 0.5 * np.log1p(np.sinh(np.minimum(d, 1.0)) ** 2)
    return float(np.mean(np.where(d < 1, near, d - np.log(2.0) + np.log1p(np.exp(-2.0 * d)))))


def log_cosh_gradient(p: Array, y: Array) -> Array:
    """Return tanh(p − y) / N."""
    return np.tanh(p - y) / p.size


def bce(p: Array, y: Array) -> float:
    """Return −mean (y ln p + (1 − y) ln(1 − p)), each logarithm at least −100."""
    with np.errstate(divide="ignore"):
        log_p = np.maximum(np.log(p), LEAST_LOG)
        log_q = np.maximum(np.log1p(-p), LEAST_LOG)
    return float(-np.mean(y * log_p + (1.0 - y) * log_q))


def bce_gradient(p: Array, y: Array) -> Array:
    """Return (p − y) / max(p (1 − p), 1e-12) / N."""
    return (p - y) / np.maximum(p * (1.0 - p), LEAST_VARIANCE) / p.size


def bce_with_logits(z: Array, y: Array) -> float:
    """Return mean ln(1 + eᶻ) − y z, without overflow."""
    return float(np.mean((1.0 - y) * z + np.maximum(-z, 0.0) + np.log1p(np.exp(-np.abs(z)))))


def bce_with_logits_gradient(z: Array, y: Array) -> Array:
    """Return (σ(z) − y) / N."""
    return (sigmoid(z) - y) / z.size


def _smoothed(y: Array, label_smoothing: float) -> Array:
    return (1.0 - label_smoothing) * y + label_smoothing / y.shape[-1]


def cross_entropy(z: Array, y: Array, *, label_smoothing: float = 0.0) -> float:
    """Return −Σ y′ ln softmax(z) / examples, y′ = (1 − s) y + s/C."""
    return nll(log_softmax(z), _smoothed(y, label_smoothing))


def cross_entropy_gradient(z: Array, y: Array, *, label_smoothing: float = 0.0) -> Array:
    """Return (softmax(z) Σ y′ − y′) / examples; Σ y′ is 1 for one-hot targets."""
    smoothed = _smoothed(y, label_smoothing)
    return (softmax(z) * smoothed.sum(axis=-1, keepdims=True) - smoothed) / len(z)


def nll(z: Array, y: Array) -> float:
    """Return −Σ y z / examples, z log-probabilities."""
    # Where the target is 0 nothing counts, not even a log-probability of −∞.
    return float(-np.sum(np.where(y == 0, 0.0, y * np.where(y == 0, 0.0, z)))) / len(z)


def nll_gradient(z: Array, y: Array) -> Array:
    """Return −y / examples."""
    return -y / len(z)


def hinge(p: Array, y: Array) -> float:
    """Return mean max(0, 1 − t p), t = 2 y − 1."""
    return float(np.mean(np.maximum(0.0, 1.0 - (2.0 * y - 1.0) * p)))


def hinge_gradient(p: Array, y: Array) -> Array:
    """Return −t / N where t p < 1, else 0."""
    t = 2.0 * y - 1.0
    return np.where(t * p < 1.0, -t, 0.0) / p.size
