"""Steps of the optimizers other than Adam and its variants.

Each takes ``(parameters, gradient, state, t, **settings)`` and returns new parameters and state.
"""

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
