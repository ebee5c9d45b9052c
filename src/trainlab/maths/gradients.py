"""What happens to a gradient between backpropagation and the optimizer: penalty, equalising, clipping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

CLIP_EPS = 1e-6
KEPT_SIZE = 0.9
"""What is kept of a layer's running size at each step."""


def penalty_value(parameters: Array, weights: npt.NDArray[np.bool_], *, l1: float, l2: float) -> Array:
    """Return l1 Σ|w| + l2 Σw² over the weights of parameters ``[..., P]``; `weights` ``[P]`` marks them."""
    w = np.where(weights, parameters, 0.0)
    return l1 * np.abs(w).sum(axis=-1) + l2 * (w * w).sum(axis=-1)


def penalise(
    gradient: Array, parameters: Array, weights: npt.NDArray[np.bool_], *, l1: float, l2: float
) -> Array:
    """Return gradients ``[..., P]`` plus the penalty's, l1 sign(w) + 2 l2 w for weights; sign(0) = 0."""
    added = l1 * np.sign(parameters) + 2.0 * l2 * parameters
    return gradient + np.where(weights, added, 0.0)


def equalise(gradient: Array, sizes: Array, layers: Sequence[tuple[slice, slice]]) -> tuple[Array, Array]:
    """Return gradients ``[..., P]`` with each layer's as large as the last one's, and the sizes for it.

    A layer is its (weights, biases), places among the P; `sizes` ``[..., layers]`` are 0 at first.
    With m the mean |gradient| of a layer's weights, s ← 0.9 s + m, and its gradients become (g / s) · s of
    the last layer; where s is 0 they stay.
    """
    means = [np.abs(gradient[..., weights]).mean(axis=-1) for weights, _ in layers]
    sizes, equal = KEPT_SIZE * sizes + np.stack(means, axis=-1), gradient.copy()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for index, places in enumerate(layers[:-1]):
            size = sizes[..., index, None]
            for place in places:
                part = gradient[..., place]
                equal[..., place] = np.where(size == 0, part, part / size * sizes[..., -1:])
    return equal, sizes


def clip_norm(gradient: Array, norm: float) -> Array:
    """Return gradients ``[..., P]`` scaled by min(1, norm / (‖g‖₂ + 1e-6)): ``clip_grad_norm_`` of torch.

    The norm is over all parameters of a network. A gradient that overflowed becomes 0 and NaN, as there.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.sqrt((gradient * gradient).sum(axis=-1, keepdims=True))
        return gradient * np.minimum(1.0, norm / (total + CLIP_EPS))


def clip_value(gradient: Array, value: float) -> Array:
    """Return gradients ``[..., P]`` held within ±value: ``clip_grad_value_`` of torch."""
    return np.clip(gradient, -value, value)
