"""The loss hardly falls any more, and nothing more specific was found."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case
from trainlab.draw import counted

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
            f"in the last third of {counted(case.seen.tick, 'step')} it fell by less than 10 %",
        ),
        remedy="Train on a single batch, again and again: its loss must come near 0. If it does, try "
        "learning rates 10 and 100 times as large and as small; if it doesn't, look for the error between "
        "data, network and loss.",
    )
    known_better = learning.rows >= 100 and learning.reference - learning.reached > 0.2
    return finding if known_better and learning.state == "stuck" else finding.as_note()
