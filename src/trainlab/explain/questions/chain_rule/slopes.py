"""How steep activations get, and where a derivative jumps: at kinks a difference isn't the derivative."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainlab.engine.network_pass import Array, Layer, LayerPass
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS

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
    gaps = objective.kinks(passes[-1].outputs, targets)
    if gaps is not None:
        codes.append(np.sign(gaps).astype(np.int64).ravel())
    return np.concatenate([np.empty(0, dtype=np.int64), *codes])
