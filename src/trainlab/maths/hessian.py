"""Gradient and Hessian of a loss by all parameters of a network, exactly, in float64.

Forward over reverse: for each parameter, how the gradient changes as that parameter does (B. A. Pearlmutter,
"Fast exact multiplication by the Hessian", Neural Computation 6, 1994). Along a direction that moves W by W′
and b by b′, z′ = W x′ + W′ x + b′ and a′ = f′(z) z′; backward, δ′ = f″(z) z′ ∂L/∂a + f′(z) (∂L/∂a)′,
(∂L/∂W)′ = δ′ xᵀ + δ x′ᵀ and (∂L/∂x)′ = Wᵀ δ′ + W′ᵀ δ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.maths.activations import ACTIVATIONS

Array = npt.NDArray[np.float64]

_ROOM = 4_000_000
"""The most numbers that a layer's tangents may have at once; beyond it, directions are taken in blocks."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Affine:
    """A linear layer with its activation, and the columns of the parameters that are its own.

    ``weight [out, in]``; ``bias [out]`` or None.
    """

    weight: Array
    bias: Array | None
    activation: str
    weights: slice
    biases: slice


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Passed:
    inputs: Array
    sums: Array
    delta: Array
    grad_outputs: Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Derivatives:
    """At a row of P parameters: ``gradient [P]``, ``hessian [P, P]``, symmetric to the last bit; what the
    network answers, ``outputs [examples, outputs]``; how that changes, ``jacobian [P, examples, outputs]``;
    """

    gradient: Array
    hessian: Array
    outputs: Array
    jacobian: Array


def network_derivatives(
    layers: Sequence[Affine],
    inputs: Array,
    *,
    gradient: Callable[[Array], Array],
    tangent: Callable[[Array, Array], Array],
) -> Derivatives:
    """Return the derivatives for ``inputs [examples, in]``.

    `gradient` is the loss's gradient by the outputs; ``tangent(p, dp)`` is how it changes along ``dp
    [directions, examples, outputs]``.
    """
    count = layers[-1].weights.stop if layers[-1].bias is None else layers[-1].biases.stop
    sums, values = list[Array](), [inputs]
    for layer in layers:
        sums.append(values[-1] @ layer.weight.T + (0.0 if layer.bias is None else layer.bias))
        values.append(ACTIVATIONS[layer.activation].value(sums[-1]))
    outputs = values[-1]
    passed, flat = list[_Passed](), np.zeros(count)
    grad = gradient(outputs)
    for layer, z, x in zip(reversed(layers), reversed(sums), reversed(values[:-1]), strict=True):
        delta = ACTIVATIONS[layer.activation].backward(z, grad)
        passed.append(_Passed(inputs=x, sums=z, delta=delta, grad_outputs=grad))
        flat[layer.weights] = (delta.T @ x).ravel()
        if layer.bias is not None:
            flat[layer.biases] = delta.sum(axis=0)
        grad = delta @ layer.weight
    passed.reverse()
    hessian = np.empty((count, count))
    jacobian = np.empty((count, *outputs.shape))
    widest = max(len(layer.weight) for layer in layers)
    block = max(1, _ROOM // (len(inputs) * max(widest, inputs.shape[1])))
    for start in range(0, count, block):
        rows = slice(start, min(start + block, count))
        directions = np.zeros((rows.stop - start, count))
        directions[np.arange(rows.stop - start), np.arange(start, rows.stop)] = 1.0
        jacobian[rows], hessian[rows] = _along(layers, passed, outputs, directions, tangent)
    return Derivatives(
        gradient=flat,
        hessian=0.5 * (hessian + hessian.T),
        outputs=outputs,
        jacobian=jacobian,
    )


def _along(
    layers: Sequence[Affine],
    passed: Sequence[_Passed],
    outputs: Array,
    directions: Array,
    tangent: Callable[[Array, Array], Array],
) -> tuple[Array, Array]:
    """Return how outputs ``[k, examples, outputs]`` and gradient ``[k, P]`` change along ``[k, P]``."""
    moved_weights, moved_inputs, moved_sums = list[Array](), list[Array](), list[Array]()
    dx = np.zeros((len(directions), *passed[0].inputs.shape))
    for layer, at in zip(layers, passed, strict=True):
        dw = directions[:, layer.weights].reshape(len(directions), *layer.weight.shape)
        dz = dx @ layer.weight.T + at.inputs @ dw.transpose(0, 2, 1)
        if layer.bias is not None:
            dz = dz + directions[:, None, layer.biases]
        moved_weights.append(dw)
        moved_inputs.append(dx)
        moved_sums.append(dz)
        dx = ACTIVATIONS[layer.activation].tangent(at.sums, dz)
    dg = tangent(outputs, dx)
    changed = np.empty(directions.shape)
    for place in reversed(range(len(layers))):
        layer, at, dw = layers[place], passed[place], moved_weights[place]
        bend = ACTIVATIONS[layer.activation].backward_tangent
        dd = bend(at.sums, moved_sums[place], at.grad_outputs, dg)
        by_weight = dd.transpose(0, 2, 1) @ at.inputs + at.delta.T @ moved_inputs[place]
        changed[:, layer.weights] = by_weight.reshape(len(directions), -1)
        if layer.bias is not None:
            changed[:, layer.biases] = dd.sum(axis=1)
        dg = dd @ layer.weight + at.delta @ dw
    return dx, changed
