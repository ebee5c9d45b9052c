"""How steep activations get, and where a derivative jumps: at kinks a difference isn't the derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainlab.engine.network_pass import Array, Layer, LayerPass
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS
from trainlab.maths.loss_functions import LEAST_VARIANCE

Codes = npt.NDArray[np.int64]


def largest_slope(activation: str, units: int) -> float:
    """Return max |f′|, or for softmax and log_softmax the most that ‖∂a/∂z‖₂ can be, for `units` outputs.

    Softmax: uᵀ(diag p − ppᵀ)u is the variance of u under p, at most (max u − min u)²/4 ≤ ½ for ‖u‖ = 1
    (Popoviciu 1935). Log-softmax: ‖I − 1pᵀ‖ is convex in p, so largest at a corner, where it is √n.
    """
    if activation == "softmax":
        return 0.5
    return math.sqrt(units) if activation == "log_softmax" else ACTIVATIONS[activation].largest_slope


def regions(
    layers: Sequence[Layer], passes: Sequence[LayerPass], objective: Objective, targets: Array
) -> Codes:
    """Return on which side of every kink each sum and output is; two passes with the same have none between.

    What lies on a kink itself has a code of its own.
    """
    codes: list[Codes] = []
    for layer, passed in zip(layers, passes, strict=True):
        kinks = ACTIVATIONS[layer.activation].kinks
        codes += [np.sign(passed.sums - kink).astype(np.int64).ravel() for kink in kinks]
    codes += [
        np.sign(gap).astype(np.int64).ravel() for gap in _loss_gaps(objective, passes[-1].outputs, targets)
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *codes])


def _loss_gaps(objective: Objective, outputs: Array, targets: Array) -> list[Array]:
    """Return, for each kind of kink of a loss, how far beyond it the outputs are."""
    off = outputs - targets
    if objective.name == "l1" or (objective.name == "smooth_l1" and objective.settings["beta"] == 0):
        return [off]
    if objective.name in ("huber", "smooth_l1"):
        edge = objective.settings["delta" if objective.name == "huber" else "beta"]
        return [np.abs(off) - edge]
    if objective.name == "hinge":
        return [1.0 - (2.0 * targets - 1.0) * outputs]
    if objective.name == "bce":
        return [outputs * (1.0 - outputs) - LEAST_VARIANCE]
    return []
