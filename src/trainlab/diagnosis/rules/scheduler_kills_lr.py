"""The schedule takes the learning rate to (nearly) nothing long before the training is done."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import OptimizerSeen
from trainlab.diagnosis.signals.case import Case, optimizer_name

FAULT = "scheduler_kills_lr"
DEAD = 1e-2
SHARE = 0.5
UNFIT = 0.3


def judge(case: Case) -> Finding | None:
    """Fire where the rate is below 1 % of its largest for over half of the steps and the fit is poor."""
    learning = case.learning
    unfit = learning.failing or (learning.ratio > UNFIT and not learning.adversarial)
    if not unfit:
        return None
    for optimizer in case.stepped:
        dead, at, top = dead_share(optimizer, case.seen.tick)
        if dead <= SHARE or not case.seen.schedulers:
            continue
        scheduler = case.seen.schedulers[0]
        place = scheduler.site.quoted if scheduler.site else scheduler.kind
        return Finding(
            fault=FAULT,
            where=f"{scheduler.kind}.step() at {place}",
            confidence=0.9,
            evidence=(
                f"the learning rate of {optimizer_name(optimizer)} falls from {top:.3g} to "
                f"under 1 % of it at step {at}: {dead:.0%} of the steps do next to nothing",
                f"{scheduler.kind} took {scheduler.steps} steps in {case.seen.tick} optimizer "
                f"steps {scheduler.settings}",
                learning.words,
            ),
            remedy="Step the scheduler once an epoch, not once a batch, or let it decay more slowly.",
            code="for epoch in range(epochs):\n    for batch in loader:\n        …\n    scheduler.step()",
        )
    return None


def dead_share(optimizer: OptimizerSeen, ticks: int) -> tuple[float, int, float]:
    """Return for what share of the training the rate was under 1 % of its largest, since when, and that."""
    top = max((value for _, value in optimizer.lr), default=0.0)
    peak = next((place for place, (_, value) in enumerate(optimizer.lr) if value == top), 0)
    later = optimizer.lr[peak:]
    dead, first = 0, ticks
    for place, (tick, value) in enumerate(later):
        until = later[place + 1][0] if place + 1 < len(later) else ticks
        if value < DEAD * top:
            dead += until - tick
            first = min(first, tick)
    return dead / max(1, ticks), first, top
