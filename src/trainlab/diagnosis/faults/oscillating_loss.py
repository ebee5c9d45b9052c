"""The loss jumps up and down from step to step instead of falling."""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.loops import losses_drawn
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import rate_times
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.curve import autocorrelation
from trainlab.diagnosis.signals.training import Training

OPPOSITE = -0.3
SMALL = 0.01


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and successive losses go opposite ways: correlation below −0.3.

    Swings of less than 1 % of the loss are rounding, or no matter.
    """
    loss_curve = training.learning.loss_curve
    if not training.learning.failing or loss_curve is None or loss_curve.stride > 1:
        return None
    values, data = loss_curve.values, training.record.data
    correlation = min(curve.autocorrelation(values), curve.autocorrelation(values[:200]))
    if correlation >= OPPOSITE or len(data.batches) > 0.2 * max(1, data.fingerprinted):
        return None
    if curve.swing(loss_curve.values) < SMALL * abs(median(curve.finite(loss_curve.values))):
        return None
    return Finding(
        place=place_at(loss_curve.site, "loss"),
        where=f"the loss at {loss_curve.site.quoted}" if loss_curve.site else "the loss",
        confidence=0.6,
        evidence=(
            f"without its trend, the loss has a correlation of {correlation:.2f} from step to step",
            training.learning.words,
        ),
        remedy="Lower the learning rate or the momentum.",
        code="lr = lr / 10",
    )


def _picture(training: Training) -> Picture | None:
    """The first 200 losses, one by one, or the last where these swing more."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None or len(loss_curve.values) <= 200:
        return losses_drawn(training, 0, 200, "The first losses, one by one")
    early, late = autocorrelation(loss_curve.values[:200]), autocorrelation(loss_curve.values[-200:])
    if late < early:
        return losses_drawn(training, len(loss_curve.values) - 200, None, "The last losses, one by one")
    return losses_drawn(training, 0, 200, "The first losses, one by one")


FAULT = Fault(
    name="oscillating_loss",
    family="What shows in the numbers",
    title="the loss jumps up and down",
    what="Each step overshoots, and the next one comes back.",
    formula="The training fails, and the loss, less its moving median of 9, has a correlation below "
    f"{OPPOSITE:g} with itself one step later; its swings are above {SMALL:.0%} of the loss.",
    source="The noise of batches shows no such correlation; gradient descent above half of its limit does.",
    silent="the same few batches take turns, several optimizers train, or the training succeeds.",
    remedy="Lower the learning rate or the momentum.",
    see=("learning_rate",),
    judge=judge,
    picture=_picture,
    remedies=(rate_times(0.1), rate_times(0.01)),
    signals=("autocorrelation of the loss", "different batches"),
)
