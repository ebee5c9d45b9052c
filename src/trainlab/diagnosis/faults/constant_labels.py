"""All targets are the same: whatever the network learns, it's a constant.

Silent where targets are made on the spot (a GAN's ones and zeros), where the training is adversarial,
where another loss has targets that differ, and where derivatives are to be 0.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.faults.label_dtype import truncations
from trainlab.diagnosis.finding import Finding, by_structure
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.pictures.targets import targets_and_range
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

LEAST = 100


def judge(training: Training) -> Finding | None:
    """Fire if at least 100 targets of the only loss were one value."""
    losses = [loss for loss in training.record.losses if loss.count and loss.rows]
    if training.learning.adversarial or not losses or truncations(training):
        return None
    constant = [loss for loss in losses if is_constant(loss)]
    if len(constant) < len(losses):
        return None
    loss = constant[0]
    if loss.target_low == 0 and _is_of_slopes(training):
        return None
    value = next(iter(loss.counts)) if loss.counts else loss.target_low
    place = loss.site.quoted if loss.site else loss.kind
    return Finding(
        place=place_at(loss.site, "targets", call=loss.kind),
        where=f"the targets of the loss at {place}",
        confidence=0.95,
        proof=by_structure("there is nothing but a constant to learn"),
        evidence=(f"all {loss.rows} targets looked at are {value:g} ({loss.target_dtype})",),
        remedy=(
            "Look at how the labels are made: a comparison that is always true, a cast that cuts "
            "off fractions, a wrong column."
        ),
        code="print(y.unique(return_counts=True))",
    )


def is_constant(loss: LossRecord) -> bool:
    """Whether all targets seen are one value, not made in the step itself."""
    if loss.rows < LEAST or loss.made_here or loss.target_has_grad or loss.classes == 1:
        return False
    return len(loss.counts) == 1 if loss.counts else loss.target_low == loss.target_high


def _is_of_slopes(training: Training) -> bool:
    """Whether the loss is made of derivatives, as a differential equation's residual is: 0 is their aim."""
    return any(node.kind.endswith("Backward") for graph in training.record.graphs for node in graph.nodes)


FAULT = Fault(
    name="constant_labels",
    family="The loss and its targets",
    title="all targets are the same",
    what="There is only a constant to learn: a comparison is always true, a cast cuts off fractions, or "
    "the wrong column is read.",
    formula=f"At least {LEAST} targets were seen, and those of every loss are all the same.",
    source="A fact, counted.",
    silent="targets are made in the step itself (a GAN's ones and zeros), or another loss's targets differ.",
    proven="it is found: there is nothing else to learn.",
    remedy="Look at how the labels are made; print their values and counts.",
    judge=judge,
    picture=targets_and_range,
    untried="only you know what the labels ought to be",
    explains=(Explains(("dead_relu", "loss_plateau"), "a single answer needs no units"),),
)
