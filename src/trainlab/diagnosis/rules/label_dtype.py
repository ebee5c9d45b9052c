"""Targets lost what they said when they were cast: 0.3 became 0."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import Event
from trainlab.diagnosis.seen_losses import LossSeen
from trainlab.diagnosis.signals.case import Case

FAULT = "label_dtype"
ALIKE = 0.7
_NUMBERS = frozenset(("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "difference"))
_WHOLE = frozenset(("int64", "int32", "int16", "int8", "uint8"))


def judge(case: Case) -> Finding | None:
    """Fire if a cast that cut fractions off left one or two targets, or whole ones to a regression."""
    found = truncations(case)
    if not found:
        return None
    cut = found[0]
    facts = cut.facts
    return Finding(
        fault=FAULT,
        where=f"{facts['name']} at {cut.site.quoted if cut.site else 'a cast'}",
        confidence=0.9,
        evidence=(
            f"{facts['share']:.0%} of {facts['count']:,} values weren't whole numbers before "
            f"the cast to {facts['dtype']}",
            f"{facts['before']} different values before it, {facts['after']} after it",
        ),
        remedy=(
            "Keep targets of a regression as floats; scale or bin values on purpose before making "
            "classes of them."
        ),
        code="y = torch.as_tensor(y, dtype=torch.float32)",
    )


def truncations(case: Case) -> list[Event]:
    """Return the casts to whole numbers that cut fractions off, of the targets of a loss."""
    truncated = case.seen.events_of("truncated")
    cuts = [cut for cut in truncated if cut.facts["after"] <= 2 < cut.facts["before"]]
    losses = [loss for loss in case.seen.losses if loss.count and loss.rows]
    few = [loss for loss in losses if (len(loss.counts) if loss.counts else len(set(loss.sample))) <= 2]
    if cuts and few:
        return cuts
    # Measured as numbers, though they are whole ones now: at least half of what told them apart is gone.
    numbers = [loss for loss in losses if loss.kind in _NUMBERS and loss.target_dtype in _WHOLE]
    coarse = [cut for cut in truncated if cut.facts["after"] <= 0.5 * cut.facts["before"]]
    return [cut for cut in coarse if any(_made(cut, loss) for loss in numbers)]


def _made(cut: Event, loss: LossSeen) -> bool:
    """Whether the cast's values may be the targets: there are about as many different ones."""
    different = len(set(loss.sample))
    return ALIKE * cut.facts["after"] <= different <= cut.facts["after"]
