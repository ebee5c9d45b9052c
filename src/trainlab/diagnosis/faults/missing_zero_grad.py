"""Gradients that a step has used are still there when the next backward pass adds to them.

Silent under gradient accumulation: there several backward passes come before one step, not after it.
"""

from __future__ import annotations

from trainlab.diagnosis.edits import backward_line, diff
from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import StepsByHand
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.loops import gradient_norm
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.gradients import total_norms
from trainlab.diagnosis.signals.training import Training, optimizer_name

LEAST = 8
SHARE = 0.9


def judge(training: Training) -> Finding | None:
    """Look at each optimizer, and at steps made by hand."""
    for optimizer in training.stepped:
        if optimizer.stale >= LEAST and optimizer.stale > SHARE * optimizer.checked:
            name = optimizer_name(optimizer)
            site = optimizer.step_site
            return Finding(
                place=place_at(site, "call", call="step"),
                where=f"{name}.step() at {site.quoted}: no {name}.zero_grad() before the next backward()"
                if site
                else name,
                confidence=0.97,
                evidence=(
                    f"in {optimizer.stale} of {optimizer.checked} steps looked at, backward() "
                    "added to gradients "
                    "that the step before had used already",
                    "nothing cleared them in between: each step uses the sum of all gradients so far",
                ),
                remedy=f"Clear the gradients in every step: call {name}.zero_grad() before loss.backward().",
                code=f"{name}.zero_grad()\nloss.backward()\n{name}.step()",
            )
    for event in training.record.events_of(StepsByHand):
        if event.stale >= LEAST and event.stale > SHARE * event.steps:
            return Finding(
                place=place_at(event.site, "parameters"),
                where="the update of the weights by hand: .grad is never cleared",
                confidence=0.9,
                evidence=(
                    f"after {event.stale} of {event.steps} updates the old gradients were still there at "
                    "the next backward()",
                ),
                remedy="Clear each gradient after the update.",
                code="for p in parameters:\n    p.grad = None",
            )
    return None


def _picture(training: Training) -> Picture | None:
    """How gradients that add up grow; where they don't, in how many steps old ones were still there."""
    _, norms = total_norms(training)
    part = max(1, len(norms) // 4)
    if len(norms) > 1 and median(norms[-part:]) > 1.5 * median(norms[:part]):
        return gradient_norm(training)
    pairs: list[tuple[str, float]] = []
    for one in training.record.optimizers:
        name = optimizer_name(one)
        pairs += [
            (f"{name}: steps looked at", float(one.checked)),
            ("old gradients still there", float(one.stale)),
        ]
    if not any(one.stale for one in training.record.optimizers):
        for event in training.record.events_of(StepsByHand):
            pairs = [
                ("updates by hand", float(event.steps)),
                ("old gradients still there", float(event.stale)),
            ]
    return bars("Steps, and gradients that were never cleared", "steps", pairs)


def _edit(finding: Finding, training: Training) -> str:
    line = backward_line(training)
    optimizer = next((one for one in training.stepped if one.stale), None)
    if line is None or optimizer is None or line.text.count("backward") != 1:
        return ""
    return diff(line, f"+ {optimizer_name(optimizer)}.zero_grad()", f"  {line.text}")


FAULT = Fault(
    name="missing_zero_grad",
    family="The loop",
    title="gradients are never cleared",
    what="`backward()` adds to `.grad`. If nothing clears it, each step uses the sum of all gradients "
    "so far: the weights keep going the same way, faster and faster.",
    formula=f"In more than {SHARE:.0%} of the steps looked at, and at least {LEAST}, a backward pass "
    "adds to gradients that a step has used already.",
    source="A fact, counted. The share leaves room for loops that clear now and then.",
    silent="gradients are accumulated: several backward passes come before one step, not after it.",
    remedy="Call `optimizer.zero_grad()` in every step before `loss.backward()`.",
    see=(
        "chain_rule",
        "learning_rate",
    ),
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=(single("gradients cleared before each backward pass", "zero_grad"),),
    explains=(
        Explains(("lr_too_high", *GROWTH, "loss_plateau"), "old gradients add up to ever larger steps"),
    ),
    signals=("stale gradients",),
)
