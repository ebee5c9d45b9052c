"""Steps of the optimizers other than Adam and its variants.

Each takes ``(parameters, gradient, state, t, **settings)`` and returns new parameters and state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
State = tuple[Array, ...]


def sgd_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> tuple[Array, State]:
    """One step of stochastic gradient descent with momentum; state: the momentum buffer."""
    (buffer,) = state
    g = decayed(gradient, parameters, weight_decay)
    if momentum == 0:
        return parameters - lr * g, state
    # PyTorch's first buffer is the gradient, undampened.
    buffer = momentum * buffer + (1.0 if t == 1 else 1.0 - dampening) * g
    direction = g + momentum * buffer if nesterov else buffer
    return parameters - lr * direction, (buffer,)


def rmsprop_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
) -> tuple[Array, State]:
    """One step of RMSprop; state: mean square, mean (if centered), momentum buffer."""
    square, mean, buffer = state
    g = decayed(gradient, parameters, weight_decay)
    square = alpha * square + (1.0 - alpha) * g * g
    if centered:
        mean = mean + (1.0 - alpha) * (g - mean)
        # Rounding can leave a negative number here, and NaN after the root, as in PyTorch.
        with np.errstate(invalid="ignore"):
            scale = np.sqrt(square - mean * mean) + eps
    else:
        scale = np.sqrt(square) + eps
    if momentum > 0:
        buffer = momentum * buffer + g / scale
        return parameters - lr * buffer, (square, mean, buffer)
    return parameters - lr * g / scale, (square, mean, buffer)


def adagrad_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
) -> tuple[Array, State]:
    """One step of Adagrad; state: the sum of squares, which begins at `initial_accumulator_value`."""
    (total,) = state
    g = decayed(gradient, parameters, weight_decay)
    total = total + g * g
    rate = lr / (1.0 + (t - 1) * lr_decay)
    return parameters - rate * g / (np.sqrt(total) + eps), (total,)


def adadelta_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
) -> tuple[Array, State]:
    """One step of Adadelta; state: mean square of gradients, mean square of steps."""
    square, moved = state
    g = decayed(gradient, parameters, weight_decay)
    square = rho * square + (1.0 - rho) * g * g
    delta = np.sqrt(moved + eps) / np.sqrt(square + eps) * g
    moved = rho * moved + (1.0 - rho) * delta * delta
    return parameters - lr * delta, (square, moved)


def lion_step(
    parameters: Array,
    gradient: Array,
    state: State,
    t: int,
    *,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.99),
    weight_decay: float = 0.0,
) -> tuple[Array, State]:
    """One step of Lion; state: the mean gradient."""
    (mean,) = state
    beta1, beta2 = betas
    shrunk = parameters - lr * weight_decay * parameters if weight_decay else parameters
    direction = np.sign(beta1 * mean + (1.0 - beta1) * gradient)
    return shrunk - lr * direction, (beta2 * mean + (1.0 - beta2) * gradient,)


def decayed(gradient: Array, parameters: Array, weight_decay: float) -> Array:
    """Return the gradient with weight decay added to it."""
    return gradient + weight_decay * parameters if weight_decay else gradient


# Steps of Adam and its variants: a mean of gradients over the root of a mean of their squares.


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
