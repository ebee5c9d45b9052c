"""The scheduler is stepped before the optimizer."""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.loops import learning_rate
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training


def judge(training: Training) -> Finding | None:
    """Fire if a scheduler took a step before any optimizer had; loss scalers may skip the first steps."""
    for scheduler in training.record.schedulers:
        if scheduler.early and training.stepped and not training.record.uses_scaler:
            place = scheduler.site.quoted if scheduler.site else scheduler.kind
            return Finding(
                place=place_at(scheduler.site, "call", call="step"),
                where=f"{scheduler.kind}.step() at {place}",
                confidence=0.93,
                evidence=(
                    f"{scheduler.kind} was stepped {scheduler.early} times before the first optimizer.step()",
                    "the first learning rate of the schedule is never used, and the schedule runs that many "
                    "steps ahead",
                ),
                remedy="Call scheduler.step() after optimizer.step().",
                code="optimizer.step()\nscheduler.step()",
            )
    return None


FAULT = Fault(
    name="scheduler_order",
    family="The loop",
    title="the scheduler steps before the optimizer",
    what="The first learning rate of the schedule is never used, and the schedule runs ahead.",
    formula="A scheduler takes a step before any optimizer does.",
    source="PyTorch's documentation of `torch.optim`: since 1.1 `scheduler.step()` comes after "
    "`optimizer.step()`.",
    silent="a loss scaler is at work: it may skip the first steps.",
    remedy="Call `scheduler.step()` after `optimizer.step()`.",
    see=("learning_rate",),
    judge=judge,
    picture=learning_rate,
    remedies=(single("no scheduler step before the first of the optimizer", "scheduler_after_step"),),
)
