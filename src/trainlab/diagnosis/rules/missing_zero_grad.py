"""Gradients that a step has used are still there when the next backward pass adds to them.

Silent under gradient accumulation: there several backward passes come before one step, not after it.
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case, optimizer_name

FAULT = "missing_zero_grad"
LEAST = 8
SHARE = 0.9


def judge(case: Case) -> Finding | None:
    """Look at each optimizer, and at steps made by hand."""
    for optimizer in case.stepped:
        if optimizer.stale >= LEAST and optimizer.stale > SHARE * optimizer.checked:
            name = optimizer_name(optimizer)
            site = optimizer.step_site
            return Finding(
                fault=FAULT,
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
    for event in case.seen.events_of("steps_by_hand"):
        steps, stale = int(event.facts.get("steps", 0)), int(event.facts.get("stale", 0))
        if stale >= LEAST and stale > SHARE * steps:
            return Finding(
                fault=FAULT,
                where="the update of the weights by hand: .grad is never cleared",
                confidence=0.9,
                evidence=(
                    f"after {stale} of {steps} updates the old gradients were still there at "
                    "the next backward()",
                ),
                remedy="Clear each gradient after the update.",
                code="for p in parameters:\n    p.grad = None",
            )
    return None
