"""The product layer by layer, of one network and of many seeds at once.

Going back one layer, δ_l = f′(z_l) ⊙ W_{l+1}ᵀ δ_{l+1}, so ‖δ_l‖ ≤ max |f′| ‖W_{l+1}‖₂ ‖δ_{l+1}‖: Bengio,
Simard & Frasconi, IEEE Transactions on Neural Networks 5, 1994; Pascanu, Mikolov & Bengio, ICML 2013.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import initial_parameters
from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.network import Objective, stacked_layers
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.maths import ACTIVATIONS
from trainlab.plain import Plain, pick, plain
from trainlab.spec import Experiment
from trainlab.stats import Rate, rate

WHOLE: Final = 512
"""Up to this many rows or columns all singular values are computed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow(Plain):
    """What is left of the error signal at one layer, on its way back from the last.

    ``delta`` is ‖δ_l‖, ``weight_gradient`` ‖∂L/∂W_l‖. Coming from layer l + 1 the signal was multiplied by
    ``ratio`` = ``by_weights`` · ``by_slopes``, at most ``bound``. The last layer gets ∂L/∂a from the loss and
    has slopes only. ``kept`` is the product of the ratios so far, ‖δ_l‖/‖∂L/∂a‖, ``bound_kept`` that of the
    bounds. A ratio to a signal of 0 is None.
    """

    layer: int
    units: int
    delta: float
    weight_gradient: float
    by_weights: float | None
    by_slopes: float | None
    ratio: float | None
    bound: float
    kept: float | None
    bound_kept: float


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
        bound = largest_slope(activation, units)
        before = behind = start
        if place < last:
            bound *= spectral_norm(example.layers[place + 1].weight)
            before, behind = deltas[place + 1], float(norm(example.gradients[place + 1].inputs))
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
                bound=bound,
                kept=_over(deltas[place], start),
                bound_kept=bound_kept,
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


def spectral_norm(matrix: Array) -> float:
    """Return ‖A‖₂ of ``matrix [m, n]``; of a large one no other singular value is computed."""
    scale = float(np.abs(matrix).max(initial=0.0))
    if min(matrix.shape) <= WHOLE or scale == 0:
        return float(np.linalg.norm(matrix, 2))
    svds: Any = import_module("scipy.sparse.linalg").svds
    size = int(min(matrix.shape))
    start = np.asarray(np.random.default_rng(0).standard_normal(size), dtype=np.float64)
    return scale * float(svds(matrix / scale, k=1, v0=start, return_singular_vectors=False)[0])


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


# The error signal of many seeds at once, as they begin and after training.


VANISHED = 0.01
"""A first layer that keeps a smaller share of the signal than this is counted as starved."""
MOST_NUMBERS = 20_000_000
"""Parameters of all seeds together that are still looked at."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Signals:
    """``kept [n, layers]`` = ‖δ_l‖/‖∂L/∂a‖ for the n `seeds` in which it is a number, and how many aren't."""

    kept: Array
    seeds: int
    left_out: int

    @property
    def starved(self) -> npt.NDArray[np.bool_]:
        """In which seeds the first layer keeps less than `VANISHED`, ``[n]``."""
        return self.kept[:, 0] < VANISHED

    def starved_rate(self) -> Rate | None:
        """Return in how many seeds that is so; None without any seed."""
        return rate(int(self.starved.sum()), len(self.kept)) if len(self.kept) else None

    def quantile(self, share: float) -> Array:
        """Return a quantile over the seeds, ``[layers]``."""
        return np.quantile(self.kept, share, axis=0)

    def worst(self) -> npt.NDArray[np.int64]:
        """Return in how many seeds the signal shrinks most at each layer, ``[layers]``.

        A signal that is 0 is lost where it became 0; seeds in which it shrinks nowhere don't count.
        """
        before = np.concatenate([self.kept[:, 1:], np.ones((len(self.kept), 1))], axis=1)
        ratios = np.divide(self.kept, before, out=np.ones_like(before), where=before > 0)
        shrinks = ratios.min(axis=1) < 1
        layers = self.kept.shape[1]
        # Of equals the one met first on the way back.
        place = layers - 1 - np.argmin(ratios[:, ::-1], axis=1)
        return np.bincount(place[shrinks], minlength=layers)

    def to_dict(self) -> dict[str, Any]:
        """Return medians, bands, the rate and the counts as plain data."""
        shares = {"median": 0.5, "low": 0.05, "high": 0.95}
        bands = {name: self.quantile(share) if len(self.kept) else None for name, share in shares.items()}
        counts = {"vanished": self.starved_rate(), "worst": self.worst()}
        return pick(self, "seeds left_out") | plain(bands | counts)


def initial_rows(experiment: Experiment, seeds: int) -> Array:
    """Return the parameters ``[n, P]`` that seeds 0 to n − 1 begin with; fewer of a very large network."""
    most = max(1, MOST_NUMBERS // experiment.network.parameters)
    return initial_parameters(experiment, range(min(seeds, most)))


def signals(experiment: Experiment, rows: npt.NDArray[Any], inputs: Array, targets: Array) -> Signals:
    """Return the signals of these networks, parameters ``[n, P]``, for one example."""
    stacks = stacked_layers(experiment.network, np.asarray(rows, dtype=np.float64))
    norms = population_deltas(stacks, Objective.of(experiment.loss), inputs, targets)
    # Without a gradient at the output there is no signal whose share could be kept.
    known = np.isfinite(norms).all(axis=1) & (norms[:, -1] > 0)
    kept = norms[known, :-1] / norms[known, -1:]
    return Signals(kept=kept, seeds=len(rows), left_out=int((~known).sum()))
