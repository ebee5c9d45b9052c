"""What an activation right before a loss of logits keeps from it: answers below 0, or beyond ±1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainlab.diagnosis.observed.losses import Fit, LossRecord
from trainlab.diagnosis.observed.record import ActivationRecord, Node
from trainlab.diagnosis.observed.torch_names import CLASSES
from trainlab.diagnosis.signals.curve import mean, median
from trainlab.diagnosis.signals.training import Training

CLIPPING = frozenset(("Relu", "Clamp", "ClampMin", "Hardtanh", "Threshold", "Hardsigmoid", "Tanh"))
"""Kinds of nodes that answer with a part of the numbers; all but the ReLU may clip elsewhere than at 0."""
UNMOVED = 0.05
AT_FLOOR = 1.3
WINDOW, FEWEST_ROWS = 20, 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Clipped:
    """What shows it; it is no fault where the training needs no remedy."""

    evidence: tuple[str, ...]
    confidence: float
    is_fault: bool


def clipped(training: Training, loss: LossRecord, node: Node) -> Clipped | None:
    """Judge an activation whose output a loss of logits is given; None if it clips nothing that matters."""
    late = loss.fits[-max(5, len(loss.fits) // 10) :]
    if not late:
        return None
    if node.kind == "Tanh":
        return _squashed(training, loss, late)
    if node.kind != "Relu" and (loss.kind == "nll_loss" or any(fit.out_low != 0 for fit in late)):
        return None
    return _classes(training, loss, node, late) if loss.kind in CLASSES else _yes_or_no(training, loss, late)


def _classes(training: Training, loss: LossRecord, node: Node, late: list[Fit]) -> Clipped:
    """A class whose logit is 0 has at most the probability of a guess, and gets no gradient to rise."""
    classes, dead = loss.classes or 0, silent_classes(training, loss, node)
    tied = _mean([fit.tied for fit in late])
    unmoved = tied if loss.kind == "nll_loss" else _mean([fit.unmoved for fit in late])
    evidence: list[str] = []
    if loss.kind != "nll_loss":
        evidence.append(
            f"at the end {_mean([fit.zeros for fit in late]):.0%} of the logits are exactly 0, and in "
            f"{unmoved:.0%} of the rows that of the right class: no gradient raises it there, and the loss "
            f"of such a row is log {classes} = {math.log(max(classes, 1)):.2f} at least, that of a guess"
        )
    if tied >= 0.005:
        evidence.append(f"in {tied:.0%} of the rows all logits are 0: no gradient at all comes from these")
    if dead:
        evidence.append(f"{dead} of the {classes} classes had a logit of 0 in every row of {WINDOW} batches")
    failing = training.learning.failing and (unmoved > UNMOVED or dead > 0)
    lost = dead > 0 and unmoved > UNMOVED
    return Clipped(
        evidence=(*evidence, training.learning.words),
        # A stuck network may have died of something else, and taken its logits with it.
        confidence=0.9 if lost and training.learning.state != "stuck" else 0.8,
        is_fault=failing or lost,
    )


def _yes_or_no(training: Training, loss: LossRecord, late: list[Fit]) -> Clipped | None:
    """The sigmoid of what is never below 0 is never below 0.5: no question can be answered with no."""
    noes = 1 - mean(loss.sums) / loss.rows if loss.sums and loss.rows else 0.0
    if loss.target_low > 0.4 or noes < UNMOVED:
        return None
    return Clipped(
        evidence=(
            f"the sigmoid of a logit that is never below 0 is never below 0.5: the {noes:.0%} of the targets "
            f"that are 0 cost at least log 2 = {math.log(2):.2f} each",
            f"at the end {_mean([fit.zeros for fit in late]):.0%} of the logits are exactly 0, of those with "
            f"target 0 {_mean([fit.unmoved for fit in late]):.0%}",
            training.learning.words,
        ),
        confidence=0.97,
        is_fault=True,
    )


def _squashed(training: Training, loss: LossRecord, late: list[Fit]) -> Clipped:
    """With logits between −1 and 1 no answer can be sure, and the loss has a floor."""
    others = (loss.classes or 2) - 1 if loss.kind in CLASSES else 0
    floor = math.log1p(others * math.exp(-2)) if others else math.log1p(math.exp(-1))
    end = median([fit.value for fit in late])
    return Clipped(
        evidence=(
            f"with logits between −1 and 1 the loss can't fall below {floor:.2f}; it ends at {end:.3g}",
            training.learning.words,
        ),
        confidence=0.8,
        is_fault=training.learning.failing and end < AT_FLOOR * floor,
    )


def silent_classes(training: Training, loss: LossRecord, node: Node) -> int:
    """Return how many classes had no logit above 0 over 20 batches in which rows of theirs were expected."""
    record = _activation(training, node)
    if record is None or not record.window_silent or record.units != loss.classes or not loss.rows:
        return 0
    rows = WINDOW * loss.out_shape[0]
    expected = sum(count / loss.rows * rows >= FEWEST_ROWS for count in loss.counts.values())
    return max(0, round(record.window_silent[-1] * record.units) - (record.units - expected))


def _activation(training: Training, node: Node) -> ActivationRecord | None:
    place = node.op.activation if node.op is not None else None
    return None if place is None else training.record.activations[place]


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return mean(known) if known else 0.0
