"""The loss stays where a constant answer would be, and nothing more specific was found."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

FAULT = "loss_plateau"


def judge(case: Case) -> Finding | None:
    """A symptom; fires only where the training is stuck and no cause was found."""
    learning = case.learning
    if learning.state not in ("stuck", "poor") or case.faults or case.seen.tick < 100 or learning.falling:
        return None
    main = learning.main
    finding = Finding(
        fault=FAULT,
        where=f"the loss at {main.site.quoted}" if main is not None and main.site else "the loss",
        confidence=0.4,
        evidence=(
            learning.words,
            f"loss from {learning.start:.4g} to {learning.end:.4g} in {case.seen.tick} steps",
        ),
        remedy="Try to fit 20 samples by heart first; then other learning rates, a wider network.",
        code="xb, yb = X[:20], y[:20]  # must reach a loss near 0",
    )
    known_better = learning.rows >= 100 and learning.reference - learning.reached > 0.2
    return finding if known_better and learning.state == "stuck" else finding.as_note()
