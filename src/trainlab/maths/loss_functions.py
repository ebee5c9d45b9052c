"""Values, gradients and second derivatives of the losses, float64; some in PyTorch's operations as well.

Outputs and targets are both ``[examples, outputs]``. A tangent is how the gradient changes as the outputs
move along `dp`, of which there may be many: ``[..., examples, outputs]``. Of a loss that PyTorch hasn't, or
not for such targets, ``*_terms`` gives in its tensors what is averaged, of the outputs' shape.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.maths.activation_functions import (
    log_softmax,
    sigmoid,
    sigmoid_derivative,
    softmax,
    softmax_tangent,
)

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


def l1_kinks(p: Array, y: Array) -> Array:
    """Return p − y."""
    return p - y


def no_tangent(p: Array, dp: Array, y: Array) -> Array:
    """Return 0: the gradient is the same on both sides of every kink."""
    return np.zeros_like(dp)


def mse(p: Array, y: Array) -> float:
    """Return mean (p − y)²."""
    return float(np.mean((p - y) ** 2))


def mse_gradient(p: Array, y: Array) -> Array:
    """Return 2 (p − y) / N."""
    return 2.0 * (p - y) / p.size


def mse_tangent(p: Array, dp: Array, y: Array) -> Array:
    """Return 2 dp / N."""
    return 2.0 * dp / p.size


def huber(p: Array, y: Array, *, delta: float = 1.0) -> float:
    """Return the mean of d²/2 within delta of the target, delta (|d| − delta/2) beyond."""
    d = np.abs(p - y)
    return float(np.mean(np.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))))


def huber_gradient(p: Array, y: Array, *, delta: float = 1.0) -> Array:
    """Return d held within ±delta, / N."""
    return np.clip(p - y, -delta, delta) / p.size


def huber_tangent(p: Array, dp: Array, y: Array, *, delta: float = 1.0) -> Array:
    """Return dp within delta of the target, 0 beyond, / N."""
    return np.where(np.abs(p - y) <= delta, dp, 0.0) / p.size


def huber_kinks(p: Array, y: Array, *, delta: float = 1.0) -> Array:
    """Return |p − y| − delta."""
    return np.abs(p - y) - delta


def smooth_l1(p: Array, y: Array, *, beta: float = 1.0) -> float:
    """Return the mean of d² / (2 beta) within beta of the target, |d| − beta/2 beyond; L1 at beta 0."""
    return l1(p, y) if beta == 0 else huber(p, y, delta=beta) / beta


def smooth_l1_gradient(p: Array, y: Array, *, beta: float = 1.0) -> Array:
    """Return d/beta held within ±1, / N."""
    return l1_gradient(p, y) if beta == 0 else huber_gradient(p, y, delta=beta) / beta


def smooth_l1_tangent(p: Array, dp: Array, y: Array, *, beta: float = 1.0) -> Array:
    """Return Huber's divided by beta; 0 at beta 0."""
    return no_tangent(p, dp, y) if beta == 0 else huber_tangent(p, dp, y, delta=beta) / beta


def smooth_l1_kinks(p: Array, y: Array, *, beta: float = 1.0) -> Array:
    """Return Huber's, or L1's at beta 0."""
    return huber_kinks(p, y, delta=beta) if beta else l1_kinks(p, y)


def log_cosh(p: Array, y: Array) -> float:
    """Return mean ln cosh(p − y), exact near 0 and without overflow far from it."""
    d = np.abs(p - y)
    near = 0.5 * np.log1p(np.sinh(np.minimum(d, 1.0)) ** 2)
    return float(np.mean(np.where(d < 1, near, d - np.log(2.0) + np.log1p(np.exp(-2.0 * d)))))


def log_cosh_gradient(p: Array, y: Array) -> Array:
    """Return tanh(p − y) / N."""
    return np.tanh(p - y) / p.size


def log_cosh_tangent(p: Array, dp: Array, y: Array) -> Array:
    """Return (1 − tanh²(p − y)) dp / N."""
    t = np.tanh(p - y)
    return (1.0 - t * t) * dp / p.size


def log_cosh_terms(torch: Any, p: Any, y: Any) -> Any:
    """Return ln cosh(p − y), as exact near 0 as far from it.

    Below 1 it is ln(1 + sinh² d)/2, of which no digit is lost; beyond, |d| + ln(1 + e^(−2|d|)) − ln 2, in
    which no power of e overflows. No large d reaches sinh: 0 times its infinite slope would be NaN.
    """
    d = p - y
    size = d.abs()
    near = size < 1.0
    small = 0.5 * torch.log1p(torch.sinh(torch.where(near, d, 0.0)).square())
    large = size + torch.nn.functional.softplus(-2.0 * size) - math.log(2.0)
    return torch.where(near, small, large)


def bce(p: Array, y: Array) -> float:
    """Return −mean (y ln p + (1 − y) ln(1 − p)), each logarithm at least −100."""
    with np.errstate(divide="ignore"):
        log_p = np.maximum(np.log(p), LEAST_LOG)
        log_q = np.maximum(np.log1p(-p), LEAST_LOG)
    return float(-np.mean(y * log_p + (1.0 - y) * log_q))


def bce_gradient(p: Array, y: Array) -> Array:
    """Return (p − y) / max(p (1 − p), 1e-12) / N."""
    return (p - y) / np.maximum(p * (1.0 - p), LEAST_VARIANCE) / p.size


def bce_tangent(p: Array, dp: Array, y: Array) -> Array:
    """Return (y/p² + (1 − y)/(1 − p)²) dp / N, p (1 − p) held as the gradient has it, constant where held."""
    variance = p * (1.0 - p)
    held = np.maximum(variance, LEAST_VARIANCE)
    bend = 1.0 / held - np.where(variance > LEAST_VARIANCE, (p - y) * (1.0 - 2.0 * p), 0.0) / held**2
    return bend * dp / p.size


def bce_kinks(p: Array, y: Array) -> Array:
    """Return how far p (1 − p) is above what the gradient divides by at least."""
    return p * (1.0 - p) - LEAST_VARIANCE


def bce_with_logits(z: Array, y: Array) -> float:
    """Return mean ln(1 + eᶻ) − y z, without overflow."""
    return float(np.mean((1.0 - y) * z + np.maximum(-z, 0.0) + np.log1p(np.exp(-np.abs(z)))))


def bce_with_logits_gradient(z: Array, y: Array) -> Array:
    """Return (σ(z) − y) / N."""
    return (sigmoid(z) - y) / z.size


def bce_with_logits_tangent(z: Array, dz: Array, y: Array) -> Array:
    """Return σ′(z) dz / N."""
    return sigmoid_derivative(z) * dz / z.size


def _smoothed(y: Array, label_smoothing: float) -> Array:
    return (1.0 - label_smoothing) * y + label_smoothing / y.shape[-1]


def cross_entropy(z: Array, y: Array, *, label_smoothing: float = 0.0) -> float:
    """Return −Σ y′ ln softmax(z) / examples, y′ = (1 − s) y + s/C."""
    return nll(log_softmax(z), _smoothed(y, label_smoothing))


def cross_entropy_gradient(z: Array, y: Array, *, label_smoothing: float = 0.0) -> Array:
    """Return (softmax(z) Σ y′ − y′) / examples; Σ y′ is 1 for one-hot targets."""
    smoothed = _smoothed(y, label_smoothing)
    return (softmax(z) * smoothed.sum(axis=-1, keepdims=True) - smoothed) / len(z)


def cross_entropy_tangent(z: Array, dz: Array, y: Array, *, label_smoothing: float = 0.0) -> Array:
    """Return how softmax changes along dz times Σ y′, / examples."""
    # Smoothing changes no row's sum but by (1 − s) Σ y + s, which is 1 for one-hot targets.
    total = (1.0 - label_smoothing) * y.sum(axis=-1, keepdims=True) + label_smoothing
    return softmax_tangent(z, dz) * total / len(z)


def nll(z: Array, y: Array) -> float:
    """Return −Σ y z / examples, z log-probabilities."""
    # Where the target is 0 nothing counts, not even a log-probability of −∞.
    return float(-np.sum(np.where(y == 0, 0.0, y * np.where(y == 0, 0.0, z)))) / len(z)


def nll_gradient(z: Array, y: Array) -> Array:
    """Return −y / examples."""
    return -y / len(z)


def nll_terms(torch: Any, z: Any, y: Any) -> Any:
    """Return −y z; torch.nn.NLLLoss takes the numbers of classes, not rows of shares."""
    return -(y * z)


def hinge(p: Array, y: Array) -> float:
    """Return mean max(0, 1 − t p), t = 2 y − 1."""
    return float(np.mean(np.maximum(0.0, 1.0 - (2.0 * y - 1.0) * p)))


def hinge_gradient(p: Array, y: Array) -> Array:
    """Return −t / N where t p < 1, else 0."""
    t = 2.0 * y - 1.0
    return np.where(t * p < 1.0, -t, 0.0) / p.size


def hinge_kinks(p: Array, y: Array) -> Array:
    """Return 1 − t p."""
    return 1.0 - (2.0 * y - 1.0) * p


def hinge_terms(torch: Any, p: Any, y: Any) -> Any:
    """Return max(0, 1 − t p), by relu, whose derivative at the kink is 0; that of clamp is 1."""
    return torch.relu(1.0 - (2.0 * y - 1.0) * p)


def best_median(y: Array) -> Array:
    """Return the median of each output's targets, ``[outputs]``."""
    return np.array([float(np.median(column)) for column in _columns(y)])


def best_mean(y: Array) -> Array:
    """Return the mean of each output's targets, ``[outputs]``."""
    return np.array([float(np.mean(column)) for column in _columns(y)])


def best_logit(y: Array) -> Array:
    """Return ln(p / (1 − p)) of each mean p, ``[outputs]``."""
    share = best_mean(y)
    return _logarithm(share) - _logarithm(1.0 - share)


def best_logarithms(y: Array, *, label_smoothing: float = 0.0) -> Array:
    """Return the logarithm of each class's share, ``[outputs]``."""
    return _logarithm(_smoothed(best_mean(y), label_smoothing))


def best_side(y: Array) -> Array:
    """Return 1 for each output whose targets are mostly 1, else −1."""
    return np.where(best_mean(y) >= 0.5, 1.0, -1.0)


def _columns(y: Array) -> list[Array]:
    return [np.ascontiguousarray(column) for column in y.T]


def _logarithm(share: Array) -> Array:
    # A class that is never there has no finite best output; this one is near enough.
    return np.log(np.maximum(share, 1e-12))
