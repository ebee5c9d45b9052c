"""Targets lost what they said when they were cast: 0.3 became 0."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.events import Truncated
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import OF_NUMBERS
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.training import Training

ALIKE = 0.7
_WHOLE = frozenset(("int64", "int32", "int16", "int8", "uint8"))


def judge(training: Training) -> Finding | None:
    """Fire if a cast that cut fractions off left one or two targets, or whole ones to a regression."""
    found = truncations(training)
    if not found:
        return None
    cut = found[0]
    return Finding(
        place=place_at(cut.site, "call", call=cut.name.removeprefix(".")),
        where=f"{cut.name} at {cut.site.quoted if cut.site else 'a cast'}",
        confidence=0.9,
        proof=proven_if(cut.after == 1, "after the cast all targets are the same"),
        evidence=(
            f"{cut.share:.0%} of {cut.values:,} values weren't whole numbers before the cast to {cut.dtype}",
            f"{cut.before} different values before it, {cut.after} after it",
        ),
        remedy=(
            "Keep the targets of a regression as floats; to make classes of numbers, bin them on purpose."
        ),
        code="y = torch.as_tensor(y, dtype=torch.float32)",
    )


def truncations(training: Training) -> list[Truncated]:
    """Return the casts to whole numbers that cut fractions off, of the targets of a loss."""
    truncated = training.record.events_of(Truncated)
    cuts = [cut for cut in truncated if cut.after <= 2 < cut.before]
    losses = [loss for loss in training.record.losses if loss.count and loss.rows]
    few = [loss for loss in losses if (len(loss.counts) if loss.counts else len(set(loss.sample))) <= 2]
    if cuts and few:
        return cuts
    # Measured as numbers, though they are whole ones now: at least half of what told them apart is gone.
    numbers = [loss for loss in losses if loss.kind in OF_NUMBERS and loss.target_dtype in _WHOLE]
    coarse = [cut for cut in truncated if cut.after <= 0.5 * cut.before]
    return [cut for cut in coarse if any(_made(cut, loss) for loss in numbers)]


def _made(cut: Truncated, loss: LossRecord) -> bool:
    """Whether the cast's values may be the targets: there are about as many different ones."""
    different = len(set(loss.sample))
    return ALIKE * cut.after <= different <= cut.after


def _picture(training: Training) -> Picture | None:
    """How many different values there were before a cast to whole numbers, and after it."""
    event = next(iter(training.record.events_of(Truncated)), None)
    if event is None:
        return None
    pairs = [
        ("before", float(event.before)),
        (f"after, as {event.dtype}", float(event.after)),
    ]
    return bars("Different values before and after the cast", "different values", pairs)


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    line = finding.place.script_line
    return (single(f"the cast at {line} left out", "no_cast", line=line, same_loss=False),) if line else ()


FAULT = Fault(
    name="label_dtype",
    family="The loss and its targets",
    title="a cast destroys what the targets say",
    what="0.3 as a whole number is 0: the cast leaves the targets one or two values.",
    formula="A cast to whole numbers cuts fractions off, leaves at most 2 of more than 2 values, and "
    "the loss's targets have no more.",
    source="A fact, read off the values before and after the cast.",
    silent="the values were whole numbers before, or are still different after it.",
    proven="after the cast all targets are the same.",
    remedy="Keep the targets of a regression as floats; to make classes of numbers, bin them on purpose.",
    judge=judge,
    picture=_picture,
    remedies=_remedies,
    untried="the line of the cast isn't known",
    explains=(Explains(("constant_labels", "loss_plateau"), "the cast took away what the targets say"),),
)
