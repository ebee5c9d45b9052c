"""The loss jumps up and down from step to step instead of falling."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.case import Case

FAULT = "oscillating_loss"
OPPOSITE = -0.3
SMALL = 0.01


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and successive losses go opposite ways: correlation below −0.3.

    Swings of less than 1 % of the loss are rounding, or no matter.
    """
    stream = case.learning.stream
    if not case.learning.failing or stream is None or stream.stride > 1:
        return None
    correlation = min(curve.autocorrelation(stream.values), curve.autocorrelation(stream.values[:200]))
    if correlation >= OPPOSITE or len(case.seen.data.batches) > 0.2 * max(1, case.seen.data.fingerprinted):
        return None
    if curve.swing(stream.values) < SMALL * abs(float(np.median(curve.finite(stream.values)))):
        return None
    return Finding(
        fault=FAULT,
        where=f"the loss at {stream.site.quoted}" if stream.site else "the loss",
        confidence=0.6,
        evidence=(
            f"what is left of the loss without its trend has a correlation of {correlation:.2f} "
            "from step to step",
            case.learning.words,
        ),
        remedy="Lower the learning rate or the momentum.",
        code="lr = lr / 10",
    )
