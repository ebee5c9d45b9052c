"""The product layer by layer: how long the error signal is after each layer, and why it can't be longer.

Going back one layer, δ_l = f′(z_l) ⊙ W_{l+1}ᵀ δ_{l+1}, so ‖δ_l‖ ≤ ‖J_l‖₂ ‖δ_{l+1}‖ with the Jacobian
J_l = diag f′(z_l) W_{l+1}ᵀ, and ‖J_l‖₂ ≤ max |f′| ‖W_{l+1}‖₂: Bengio, Simard & Frasconi, IEEE Transactions on
Neural Networks 5, 1994; Pascanu, Mikolov & Bengio, ICML 2013.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.explain.questions.chain_rule.spectral_norm import spectral_norm
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """What is left of the error signal at one layer, on its way back from the last.

    ``delta`` is ‖δ_l‖, ``weight_gradient`` ‖∂L/∂W_l‖. Coming from layer l + 1 the signal was multiplied by
    ``ratio`` = ``by_weights`` · ``by_slopes``, at most ``jacobian`` = ‖J_l‖₂, at most ``bound``. The last
    layer gets ∂L/∂a from the loss and has slopes only. ``kept`` is the product of the ratios so far,
    ‖δ_l‖/‖∂L/∂a‖, ``bound_kept`` that of the bounds. A ratio to a signal of 0 is None. ``norm_error`` is by
    how much ``jacobian`` may be too small, for want of time in wide layers; the bound has it added.
    """

    layer: int
    units: int
    delta: float
    weight_gradient: float
    by_weights: float | None
    by_slopes: float | None
    ratio: float | None
    jacobian: float
    bound: float
    kept: float | None
    bound_kept: float
    norm_error: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


def layer_flows(example: ExamplePass) -> tuple[Flow, ...]:
    """Return what is left of the signal at every layer, the first layer first."""
    norm = np.linalg.norm
    deltas = [float(norm(gradient.sums)) for gradient in example.gradients]
    last = len(example.layers) - 1
    start = float(norm(example.grad_output))
    flows: list[Flow] = []
    bound_kept = 1.0
    for place in range(last, -1, -1):
        units, activation = example.widths[place + 1], example.layers[place].activation
        slope, bound = example.slope(place), largest_slope(activation, units)
        before = behind = start
        if place < last:
            after = example.layers[place + 1].weight
            jacobian, error = spectral_norm(slope[:, None] * after.T)
            bound *= sum(spectral_norm(after))
            before, behind = deltas[place + 1], float(norm(example.gradients[place + 1].inputs))
        elif slope.ndim == 2:
            jacobian, error = spectral_norm(slope)
        else:
            jacobian, error = float(np.abs(slope).max()), 0.0
        bound_kept *= bound
        flows.append(
            Flow(
                layer=place + 1,
                units=units,
                delta=deltas[place],
                weight_gradient=float(norm(example.gradients[place].weight)),
                by_weights=_over(behind, before) if place < last else None,
                by_slopes=_over(deltas[place], behind),
                ratio=_over(deltas[place], before),
                jacobian=jacobian,
                bound=bound,
                kept=_over(deltas[place], start),
                bound_kept=bound_kept,
                norm_error=error,
            )
        )
    return tuple(reversed(flows))


def largest_slope(activation: str, units: int) -> float:
    """Return max |f′|, or for softmax and log_softmax the most that ‖∂a/∂z‖₂ can be, for `units` outputs.

    Softmax: uᵀ(diag p − ppᵀ)u is the variance of u under p, at most (max u − min u)²/4 ≤ ½ for ‖u‖ = 1
    (Popoviciu 1935). Log-softmax: ‖I − 1pᵀ‖ is convex in p, so largest at a corner, where it is √n.
    """
    if activation == "softmax":
        return 0.5
    return math.sqrt(units) if activation == "log_softmax" else ACTIVATIONS[activation].largest_slope


def greatest_loss(flows: Sequence[Flow]) -> Flow | None:
    """Return the layer at which the signal shrinks most; None if it shrinks nowhere."""
    shrunk = [flow for flow in flows if flow.ratio is not None and flow.ratio < 1]
    return min(shrunk, key=lambda flow: flow.ratio or 0.0, default=None)


def population_deltas(stacks: Sequence[Layer], objective: Objective, inputs: Array, targets: Array) -> Array:
    """Return ‖δ_l‖ for n networks at once and, last, ‖∂L/∂a‖ of the outputs: ``[n, layers + 1]``.

    Each layer of `stacks` has ``weight [n, out, in]`` and ``bias [n, out]`` or None; ``inputs [1, features]``
    is one example. What overflows is not finite.
    """
    count = stacks[0].weight.shape[0]
    values, sums = np.repeat(inputs, count, axis=0), list[Array]()
    with np.errstate(all="ignore"):
        for stack in stacks:
            z = np.einsum("noi,ni->no", stack.weight, values)
            sums.append(z if stack.bias is None else z + stack.bias)
            values = ACTIVATIONS[stack.activation].value(sums[-1])
        gradient = objective.per_example(values, np.repeat(targets, count, axis=0))
        norms = [np.linalg.norm(gradient, axis=1)]
        for stack, z in zip(reversed(stacks), reversed(sums), strict=True):
            delta = ACTIVATIONS[stack.activation].backward(z, gradient)
            norms.append(np.linalg.norm(delta, axis=1))
            gradient = np.einsum("noi,no->ni", stack.weight, delta)
    return np.stack(norms[::-1], axis=1)


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
