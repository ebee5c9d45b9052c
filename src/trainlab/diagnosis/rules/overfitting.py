"""The loss on held-out data rises while the training loss goes on falling, and nobody stops it."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import LossSeen
from trainlab.diagnosis.signals.case import Case

FAULT = "overfitting"
RISEN = 1.3
BEFORE = 0.6
GAP = 3.0


def judge(case: Case) -> Finding | None:
    """Fire if the held-out loss was least before 60 % of the run and ends 1.3 times that.

    And at 3 times the training loss at least.
    """
    if case.seen.restored or case.learning.adversarial:
        return None
    for loss in case.seen.losses:
        ticks, values = _curve(loss)
        if len(values) < 8 or not loss.fits:
            continue
        least = int(np.argmin(values))
        last = float(np.median(values[-3:]))
        train = float(np.median([fit.value for fit in loss.fits[-max(5, len(loss.fits) // 10) :]]))
        if (
            ticks[least] > BEFORE * ticks[-1]
            or last < RISEN * values[least]
            or last < GAP * max(train, 1e-12)
        ):
            continue
        return Finding(
            fault=FAULT,
            where=f"held-out loss ({loss.kind}) from step {ticks[least]} on",
            confidence=0.8,
            evidence=(
                f"held-out loss {values[least]:.3g} at step {ticks[least]}, {last:.3g} at the "
                f"end (step {ticks[-1]})",
                f"training loss {train:.3g} at the end",
            ),
            remedy=(
                "Stop at the lowest held-out loss, use weight decay or dropout, a smaller network, "
                "or more data."
            ),
            code="# keep the weights of the best epoch\nbest = copy.deepcopy(model.state_dict())",
        )
    return None


def _curve(loss: LossSeen) -> tuple[list[int], list[float]]:
    """Return the held-out loss, the mean of each evaluation."""
    by_tick: dict[int, list[float]] = {}
    for fit in loss.judged:
        by_tick.setdefault(fit.tick, []).append(fit.value)
    ticks = sorted(by_tick)
    return ticks, [float(np.mean(by_tick[tick])) for tick in ticks]
