"""Steps of Adam and its variants: a mean of gradients over the root of a mean of their squares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.maths.optimizer_steps import decayed

Array = npt.NDArray[np.float64]
State = tuple[Array, ...]
Betas = tuple[float, float]


def adam_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    betas: Betas = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
) -> tuple[Array, State]:
    """One step of Adam; state: mean, mean square and, with amsgrad, the largest mean square so far."""
    g = decayed(gradient, parameters, weight_decay)
    return _adam(parameters, g, state, t, lr=lr, betas=betas, eps=eps, amsgrad=amsgrad)


def adamw_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    betas: Betas = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    amsgrad: bool = False,
) -> tuple[Array, State]:
    """One step of AdamW: Adam on parameters that shrink by lr · weight_decay; state as Adam's."""
    shrunk = _shrunk(parameters, lr, weight_decay)
    return _adam(shrunk, gradient, state, t, lr=lr, betas=betas, eps=eps, amsgrad=amsgrad)


def nadam_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    betas: Betas = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum_decay: float = 4e-3,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, State]:
    """One step of NAdam; state: mean, mean square, the product of the μ so far (from 1)."""
    mean, square, product = state
    beta1, beta2 = betas
    parameters, g = _decay(parameters, gradient, lr, weight_decay, decoupled_weight_decay)
    mu, mu_next = (beta1 * (1.0 - 0.5 * 0.96 ** (step * momentum_decay)) for step in (t, t + 1))
    product = product * mu
    mean, square = _moments(mean, square, g, betas)
    denominator = np.sqrt(square / (1.0 - beta2**t)) + eps
    parameters = parameters - lr * (1.0 - mu) / (1.0 - product) * g / denominator
    parameters = parameters - lr * mu_next / (1.0 - product * mu_next) * mean / denominator
    return parameters, (mean, square, product)


def radam_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    betas: Betas = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled_weight_decay: bool = False,
) -> tuple[Array, State]:
    """One step of RAdam; state: mean, mean square. While ρₜ ≤ 5 the step is that of the mean alone."""
    mean, square = state
    beta1, beta2 = betas
    parameters, g = _decay(parameters, gradient, lr, weight_decay, decoupled_weight_decay)
    mean, square = _moments(mean, square, g, betas)
    step = lr * mean / (1.0 - beta1**t)
    rectified = radam_rectification(t, beta2)
    if rectified:
        step = step * np.sqrt(1.0 - beta2**t) / (np.sqrt(square) + eps) * rectified
    return parameters - step, (mean, square)


def radam_rectification(t: int, beta2: float) -> float:
    """Return rₜ of RAdam's step t = 1, 2, …, or 0 while the variance is not tractable (ρₜ ≤ 5)."""
    limit = 2.0 / (1.0 - beta2) - 1.0
    length = limit - 2.0 * t * beta2**t / (1.0 - beta2**t)
    if length <= 5.0:
        return 0.0
    above = (length - 4.0) * (length - 2.0) * limit
    return float(np.sqrt(above / ((limit - 4.0) * (limit - 2.0) * length)))


def _adam(
    parameters: Array, g: Array, state: State, t: int, *, lr: float, betas: Betas, eps: float, amsgrad: bool
) -> tuple[Array, State]:
    mean, square, *largest = state
    beta1, beta2 = betas
    mean, square = _moments(mean, square, g, betas)
    if amsgrad:
        largest = [np.maximum(largest[0], square)]
    root = np.sqrt(largest[0] if amsgrad else square)
    denominator = root / np.sqrt(1.0 - beta2**t) + eps
    return parameters - lr / (1.0 - beta1**t) * mean / denominator, (mean, square, *largest)


def _moments(mean: Array, square: Array, g: Array, betas: Betas) -> State:
    beta1, beta2 = betas
    return mean + (1.0 - beta1) * (g - mean), beta2 * square + (1.0 - beta2) * g * g


def _shrunk(parameters: Array, lr: float, weight_decay: float) -> Array:
    return parameters * (1.0 - lr * weight_decay) if weight_decay else parameters


def _decay(
    parameters: Array, gradient: Array, lr: float, weight_decay: float, decoupled: bool
) -> tuple[Array, Array]:
    if decoupled:
        return _shrunk(parameters, lr, weight_decay), gradient
    return parameters, decayed(gradient, parameters, weight_decay)
