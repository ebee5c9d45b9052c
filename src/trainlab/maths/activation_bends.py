"""Second derivatives of the activations, float64, and where an activation has none.

One entry for each of `ACTIVATIONS`. At a point where the second derivative jumps but the first doesn't, the
value from the right is taken, or 0 where that is the outer piece, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainlab.maths import activation_functions as f

Array = npt.NDArray[np.float64]


def _tanh(x: Array) -> Array:
    t = np.tanh(x)
    return -2.0 * t * (1.0 - t * t)


def _sigmoid(x: Array) -> Array:
    s = f.sigmoid(x)
    return s * (1.0 - s) * (1.0 - 2.0 * s)


def _elu(x: Array) -> Array:
    return np.where(x > 0, 0.0, np.exp(np.minimum(x, 0.0)))


def _gelu(x: Array) -> Array:
    # φ(x) (2 − x²); beyond ±40 the density is 0 in float64.
    near = np.clip(x, -40.0, 40.0)
    return np.exp(-0.5 * near * near) / np.sqrt(2.0 * np.pi) * (2.0 - near * near)


def _silu(x: Array) -> Array:
    # 2 σ′ + x σ″; beyond ±800 both are 0 in float64.
    near = np.clip(x, -800.0, 800.0)
    return 2.0 * f.sigmoid_derivative(near) + near * _sigmoid(near)


def _softplus(x: Array) -> Array:
    return np.where(x > f.SOFTPLUS_THRESHOLD, 0.0, f.sigmoid_derivative(x))


SECOND: dict[str, Callable[[Array], Array]] = {
    "linear": np.zeros_like,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "relu": np.zeros_like,
    "leaky_relu": np.zeros_like,
    "elu": _elu,
    "selu": lambda x: f.SELU_SCALE * f.SELU_ALPHA * _elu(x),
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
    "hardtanh": np.zeros_like,
    "sin": lambda x: -np.sin(x),
}
"""f″ of each activation of one number."""


def softmax_tangent(x: Array, dx: Array) -> Array:
    """Return how softmax changes along dx: s (dx − Σ s dx) over the last axis."""
    s = f.softmax(x)
    return s * (dx - (s * dx).sum(axis=-1, keepdims=True))


def softmax_backward_tangent(x: Array, dx: Array, grad_output: Array, grad_tangent: Array) -> Array:
    """Return how `softmax_backward` changes as x moves along dx and the gradient along its own tangent."""
    s, ds = f.softmax(x), softmax_tangent(x, dx)
    level = (grad_output * s).sum(axis=-1, keepdims=True)
    moved = (grad_tangent * s + grad_output * ds).sum(axis=-1, keepdims=True)
    return ds * (grad_output - level) + s * (grad_tangent - moved)


def log_softmax_backward_tangent(x: Array, dx: Array, grad_output: Array, grad_tangent: Array) -> Array:
    """Return how `log_softmax_backward` changes, as `softmax_backward_tangent` does."""
    total = grad_output.sum(axis=-1, keepdims=True)
    return (
        grad_tangent
        - softmax_tangent(x, dx) * total
        - f.softmax(x) * grad_tangent.sum(axis=-1, keepdims=True)
    )
