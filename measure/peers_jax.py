"""JAX on the CPU: all steps in one jitted scan; networks mapped by vmap, or by hand in the last axis."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from measure.timed_work import Floats, Job, Work
from trainlab.spec import SGD


def vmapped(work: Work) -> Job:
    """Prepare one network's step mapped over the population, networks first; compiles now."""
    import jax
    from jax import numpy as jnp

    inputs, targets = jnp.asarray(work.inputs), jnp.asarray(work.targets)

    def loss_of(parameters: Any, batch: Any) -> Any:
        values = inputs if batch is None else inputs[batch]
        y = targets if batch is None else targets[batch]
        for layer, (weight, bias) in zip(work.layers, parameters, strict=True):
            total = values @ weight.T
            values = _activation(layer.activation)(total if bias is None else total + bias)
        error = values - y
        return (jnp.abs(error) if work.loss == "l1" else error * error).mean()

    gradient = jax.vmap(jax.grad(loss_of), in_axes=(0, None if work.chosen is None else 0))
    start = [
        (
            jnp.asarray(work.parameters[:, layer.weights].reshape(-1, layer.fan_out, layer.fan_in)),
            None if layer.first_bias is None else jnp.asarray(work.parameters[:, layer.biases]),
        )
        for layer in work.layers
    ]
    chosen = None if work.chosen is None else jnp.asarray(work.chosen, dtype=jnp.int32)
    return _job(work, gradient, start, chosen, last=False)


def by_layer(work: Work) -> Job:
    """Prepare weights ``[out, in, networks]``, written by hand: SIMD lanes are networks. Compiles now.

    No matrix products, and no sum over an axis, which XLA doesn't fuse well: one product an input.
    """
    from jax import numpy as jnp

    def layer_of(parameters: Any, layer: Any, values: list[Any]) -> list[Any]:
        weight, bias = parameters
        total = sum(weight[:, i, None, :] * values[i] for i in range(layer.fan_in))
        total = _activation(layer.activation)(total if bias is None else total + bias[:, None, :])
        return [total[unit] for unit in range(layer.fan_out)]

    start = [
        (
            jnp.asarray(work.parameters[:, layer.weights].T.reshape(layer.fan_out, layer.fan_in, -1)),
            None if layer.first_bias is None else jnp.asarray(work.parameters[:, layer.biases].T),
        )
        for layer in work.layers
    ]
    return _lanes_last(work, layer_of, start)


def by_unit(work: Work) -> Job:
    """Prepare each weight as an array ``[networks]`` of its own, so that XLA can fuse all; compiles now."""
    from jax import numpy as jnp

    def layer_of(parameters: Any, layer: Any, values: list[Any]) -> list[Any]:
        weights, biases = parameters
        units: list[Any] = []
        for unit in range(layer.fan_out):
            total = sum(weights[unit][i] * values[i] for i in range(layer.fan_in))
            units.append(_activation(layer.activation)(total if biases is None else total + biases[unit]))
        return units

    start = []
    for layer in work.layers:
        columns = iter(work.parameters[:, layer.weights].T)
        weights = [[jnp.asarray(next(columns)) for _ in range(layer.fan_in)] for _ in range(layer.fan_out)]
        biases = [jnp.asarray(column) for column in work.parameters[:, layer.biases].T]
        start.append((weights, None if layer.first_bias is None else biases))
    return _lanes_last(work, layer_of, start)


def _lanes_last(work: Work, layer_of: Any, start: Any) -> Job:
    """Prepare a population whose values are lists of ``[examples, networks]``, one a unit."""
    import jax
    from jax import numpy as jnp

    columns = [[jnp.asarray(column) for column in part.T] for part in (work.inputs, work.targets)]

    def loss_of(parameters: Any, batch: Any) -> Any:
        values, wanted = (
            [column[:, None] if batch is None else column[batch] for column in part] for part in columns
        )
        for layer, pair in zip(work.layers, parameters, strict=True):
            values = layer_of(pair, layer, values)
        errors = [value - y for value, y in zip(values, wanted, strict=True)]
        each = [jnp.abs(error) if work.loss == "l1" else error * error for error in errors]
        return (sum(each) / len(each)).mean(axis=0).sum()

    chosen = None
    if work.chosen is not None:
        chosen = jnp.asarray(work.chosen.transpose(0, 2, 1), dtype=jnp.int32)
    return _job(work, jax.grad(loss_of), start, chosen, last=True)


def _job(work: Work, gradient: Any, start: Any, chosen: Any, *, last: bool) -> Job:
    import jax

    step = _sgd_step(work) if isinstance(work.experiment.optimizer, SGD) else _adam_step(work)

    def body(carry: Any, batch: Any) -> Any:
        parameters, state, t = carry
        parameters, state = step(parameters, gradient(parameters, batch), state, t)
        return (parameters, state, t + 1.0), None

    @jax.jit
    def scan(parameters: Any, batches: Any) -> Any:
        zeros = jax.tree.map(lambda p: 0.0 * p, parameters)
        return jax.lax.scan(body, (parameters, (zeros, zeros), 1.0), batches, length=work.steps)[0][0]

    # Compiled apart, so that no call's time holds the compilation.
    run = scan.lower(start, chosen).compile()

    def train() -> tuple[float, Floats]:
        begin = time.perf_counter()
        parameters = jax.block_until_ready(run(start, chosen))
        return time.perf_counter() - begin, _rows(work, parameters, last)

    return train


def _sgd_step(work: Work) -> Any:
    import jax

    settings: Any = work.experiment.optimizer

    def step(parameters: Any, gradient: Any, state: Any, _t: Any) -> Any:
        buffer = jax.tree.map(lambda b, g: settings.momentum * b + g, state[0], gradient)
        return jax.tree.map(lambda p, b: p - settings.lr * b, parameters, buffer), (buffer, state[1])

    return step


def _adam_step(work: Work) -> Any:
    import jax
    from jax import numpy as jnp

    settings: Any = work.experiment.optimizer
    beta1, beta2 = settings.betas

    def step(parameters: Any, gradient: Any, state: Any, t: Any) -> Any:
        rate, scale = settings.lr / (1.0 - beta1**t), 1.0 / jnp.sqrt(1.0 - beta2**t)
        mean = jax.tree.map(lambda m, g: m + (1.0 - beta1) * (g - m), state[0], gradient)
        square = jax.tree.map(lambda v, g: beta2 * v + (1.0 - beta2) * g * g, state[1], gradient)
        moved = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) * scale + settings.eps), parameters, mean, square
        )
        return moved, (mean, square)

    return step


def _activation(name: str) -> Any:
    import jax
    from jax import numpy as jnp

    known = {"tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "linear": lambda x: x}
    return known[name]


def _rows(work: Work, parameters: Any, last: bool) -> Floats:
    import jax

    # Weights, then biases, layer by layer: the order of the tree's leaves; None is no leaf.
    parts = [np.asarray(part) for part in jax.tree.leaves(parameters)]
    if last:
        return np.concatenate([part.reshape(-1, work.networks) for part in parts]).T.copy()
    return np.concatenate([part.reshape(work.networks, -1) for part in parts], axis=1)
