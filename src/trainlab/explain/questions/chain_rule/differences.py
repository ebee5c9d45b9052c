"""The derivative by a weight without any calculus: change the weight a little and look at the loss.

Central differences of fourth order, (8 (L(w+h) − L(w−h)) − (L(w+2h) − L(w−2h))) / 12h, whose error is h⁴/30
times the fifth derivative (Abramowitz & Stegun, 25.3.6), beside rounding of about 1.5 · 2⁻⁵³ L / h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.engine.network_pass import Array, Layer, forward
from trainlab.explain.questions.chain_rule.names import Entry, entry_value, with_entry
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.slopes import regions
from trainlab.explain.subject.loss import Objective

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
    traced = question.trace
    return central_difference(traced.layers, traced.objective, traced.inputs, traced.targets, question.entry)
