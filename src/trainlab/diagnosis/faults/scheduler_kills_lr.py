"""The schedule takes the learning rate to (nearly) nothing long before the training is done."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.loops import learning_rate
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training, optimizer_name

DEAD = 1e-2
SHARE = 0.5
UNFIT = 0.3


def judge(training: Training) -> Finding | None:
    """Fire where the rate is below 1 % of its largest for over half of the steps and the fit is poor."""
    learning = training.learning
    unfit = learning.failing or (learning.ratio > UNFIT and not learning.adversarial)
    if not unfit:
        return None
    for optimizer in training.stepped:
        dead, at, top = dead_share(optimizer, training.record.tick)
        if dead <= SHARE or not training.record.schedulers:
            continue
        scheduler = training.record.schedulers[0]
        place = scheduler.site.quoted if scheduler.site else scheduler.kind
        return Finding(
            place=place_at(scheduler.site, "call", call="step"),
            where=f"{scheduler.kind}.step() at {place}",
            confidence=0.9,
            evidence=(
                f"the learning rate of {optimizer_name(optimizer)} falls from {top:.3g} to "
                f"under 1 % of that at step {at}: {dead:.0%} of the steps do next to nothing",
                f"{scheduler.kind} took {scheduler.steps} steps in {training.record.tick} optimizer "
                f"steps {scheduler.settings}",
                learning.words,
            ),
            remedy="Step the scheduler once an epoch, not once a batch, or let it decay more slowly.",
            code="for epoch in range(epochs):\n    for batch in loader:\n        …\n    scheduler.step()",
        )
    return None


def dead_share(optimizer: OptimizerRecord, ticks: int) -> tuple[float, int, float]:
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


FAULT = Fault(
    name="scheduler_kills_lr",
    family="The loop",
    title="the schedule takes the learning rate to nothing",
    what="Most often a scheduler that counts epochs is stepped in every batch: the learning rate is "
    "gone long before the training is done.",
    formula=f"For over {SHARE:.0%} of the steps the rate is below {DEAD:.0%} of its largest, and the "
    f"loss is above {UNFIT:.0%} of that of the best constant answer.",
    source="Cosine, one-cycle and warm-up schedules are that low for less than a tenth of the training.",
    silent="the fit is good: then the low rate did no harm.",
    remedy="Step the scheduler once an epoch, or let it decay more slowly.",
    see=("learning_rate",),
    judge=judge,
    picture=learning_rate,
    remedies=(single("the learning rate held at its highest", "highest_lr"),),
    explains=(Explains(("lr_too_low", "loss_plateau"), "at a learning rate near 0 nothing moves"),),
    signals=("loss of the best constant answer", "loss ratio", "dead rate"),
)
