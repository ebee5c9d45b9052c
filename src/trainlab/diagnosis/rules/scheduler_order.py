"""The scheduler is stepped before the optimizer."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

FAULT = "scheduler_order"


def judge(case: Case) -> Finding | None:
    """Fire if a scheduler took a step before any optimizer had; loss scalers may skip the first steps."""
    for scheduler in case.seen.schedulers:
        if scheduler.early and case.stepped and not case.seen.uses_scaler:
            place = scheduler.site.quoted if scheduler.site else scheduler.kind
            return Finding(
                fault=FAULT,
                where=f"{scheduler.kind}.step() at {place}",
                confidence=0.93,
                evidence=(
                    f"{scheduler.kind} was stepped {scheduler.early} times before the first optimizer.step()",
                    "the first value of the learning rate is never used, and the schedule runs "
                    "ahead by so many steps",
                ),
                remedy="Call scheduler.step() after optimizer.step().",
                code="optimizer.step()\nscheduler.step()",
            )
    return None
