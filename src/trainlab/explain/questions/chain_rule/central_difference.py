"""The derivative by a weight without any calculus: change the weight a little and look at the loss.

Central differences of fourth order, (8 (L(w+h) − L(w−h)) − (L(w+2h) − L(w−2h))) / 12h, whose error is h⁴/30
times the fifth derivative (Abramowitz & Stegun, 25.3.6), beside rounding of about 1.5 · 2⁻⁵³ L / h. Across a
kink, where the derivative jumps, there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.engine.network_pass import Array, Layer, LayerPass, forward
from trainlab.explain.questions.chain_rule.notation import Entry, entry_value, with_entry
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS

STEP = 3e-4
"""h for a weight of 1 or less; larger ones take as large a share. Truncation and rounding are about equal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The quotient, and the `step` h; `value` is None where a kink lies within ±2h."""

    value: float | None
    step: float


def central_difference(
    layers: Sequence[Layer], objective: Objective, inputs: Array, targets: Array, entry: Entry
) -> Difference:
    """Return ∂L/∂w of the loss over these examples by central differences."""
    start = entry_value(layers, entry)
    step = STEP * max(1.0, abs(start))
    losses: dict[int, float] = {}
    sides: list[Array] = []
    for k in (-2, -1, 0, 1, 2):
        changed = with_entry(layers, entry, start + k * step)
        passes = forward(changed, inputs)
        losses[k] = objective.value(passes[-1].outputs, targets)
        sides.append(regions(changed, passes, objective, targets).astype(np.float64))
    if any((side != sides[0]).any() for side in sides) or (sides[0] == 0).any():
        return Difference(value=None, step=step)
    slope = (8.0 * (losses[1] - losses[-1]) - (losses[2] - losses[-2])) / (12.0 * step)
    return Difference(value=slope, step=step)


def difference_of(question: Question) -> Difference:
    """Return the central difference of the chosen weight at the point."""
    example = question.example
    return central_difference(
        example.layers, example.objective, example.inputs, example.targets, question.entry
    )


Codes = npt.NDArray[np.int64]


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
