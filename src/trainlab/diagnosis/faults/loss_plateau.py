"""The loss hardly falls any more, and nothing more specific was found."""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.loops import loss_to_the_end
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import initialized, rate_times
from trainlab.diagnosis.signals.training import Training


def judge(training: Training) -> Finding | None:
    """A symptom; fires only where the training is stuck and no cause was found."""
    learning = training.learning
    if not learning.falls_short or training.faults or training.record.tick < 100 or learning.falling:
        return None
    from trainlab.draw import counted

    main = learning.main
    finding = Finding(
        place=place_at(main.site if main is not None else None, "loss"),
        where=f"the loss at {main.site.quoted}" if main is not None and main.site else "the loss",
        confidence=0.4,
        evidence=(
            learning.words,
            f"in the last third of {counted(training.record.tick, 'step')} it fell by less than 10 %",
        ),
        remedy="Train on a single batch, again and again: its loss must come near 0. If it does, try "
        "learning rates 10 and 100 times as large and as small; if it doesn't, look for the error between "
        "data, network and loss.",
    )
    known_better = learning.rows >= 100 and learning.reference - learning.reached > 0.2
    return finding if known_better and learning.state == "stuck" else finding.as_note()


FAULT = Fault(
    name="loss_plateau",
    family="What shows in the numbers",
    title="the loss hardly falls any more",
    what="A symptom, told only if no cause was found. Where the loss stays at that of a constant answer, "
    "the verdict says so, and that the cause wasn't found.",
    formula="After 100 steps or more the loss is above 90 % of that of the best constant answer, or 5 "
    "nearest neighbours do far better, and it no longer falls.",
    source="The best constant answer: entropy of the labels, variance of the targets.",
    silent="any cause was found, or the loss is still falling.",
    remedy="Train on a single batch until its loss is near 0. If that works, try other learning rates; "
    "if it doesn't, look for the error between data, network and loss.",
    see=(
        "learning_rate",
        "loss",
    ),
    judge=judge,
    picture=loss_to_the_end,
    remedies=(rate_times(10), rate_times(0.1), rate_times(0.01), initialized("default")),
    signals=(
        "outcome",
        "smoothed start",
        "smoothed end",
        "improvement",
        "still falling",
        "loss of the best constant answer",
        "reference",
    ),
)
