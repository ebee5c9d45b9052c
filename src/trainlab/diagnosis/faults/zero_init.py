"""Weights that start at zero, in more than the last layer: no gradient gets through them."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.faults.symmetric_init import alike, equal_rows
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import initialized
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training, named

ALL = 0.999


def judge(training: Training) -> Finding | None:
    """Fire if hidden weights start at 0 and their rows are still alike after 20 steps."""
    found = [param for param in alike(training) if param.start and param.start.zeros >= 0.99]
    if not found:
        return None
    kinds = named(param.module_kind for param in found)
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in found)),
        where=named(param.name for param in found) + (f" ({kinds})" if kinds else ""),
        confidence=0.93,
        proof=proven_if(
            all(median(param.grad_zeros or [0.0]) >= ALL for param in training.weights()),
            "no gradient reaches any weight",
        ),
        evidence=(
            f"{named(param.name for param in found)}: all zero at the start, and all rows are "
            f"still equal after {training.record.tick} steps",
            training.learning.words,
        ),
        remedy="Start from random weights; zero is fine for biases.",
        code="torch.nn.init.xavier_uniform_(layer.weight)",
    )


FAULT = Fault(
    name="zero_init",
    family="The start",
    title="hidden weights start at zero",
    what="No signal and no gradient gets through weights of 0, and all units of a layer are the same.",
    formula="At least 99 % of a hidden weight is 0 at the start, and over half of its rows are still "
    "alike after 20 steps.",
    source="Goodfellow, Bengio and Courville 2016, Deep Learning, 8.4: the start has to break symmetry.",
    silent="only the last layer starts at 0, or one of two factors does (LoRA): their rows part at once.",
    proven="no gradient reaches any weight.",
    remedy="Start from random weights; 0 is fine for biases.",
    see=("init",),
    judge=judge,
    picture=equal_rows,
    remedies=(initialized("default"),),
    explains=(
        Explains(
            (
                "symmetric_init",
                "bad_weight_init",
                "vanishing_gradient",
                "dead_relu",
                "capacity_too_small",
                "loss_plateau",
            ),
            "no gradient passes through weights of 0, and all units are one",
        ),
    ),
    signals=("equal rows",),
)
