"""Steps so small that the weights can't have gone anywhere."""

from __future__ import annotations

from math import isclose, log10

from trainlab.diagnosis.edits import setting
from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.faults.learning_rate_too_high import USUAL
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.remedy import rate_times
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.curve import mean, median
from trainlab.diagnosis.signals.training import Training, largest_rate, new_rate, with_setting

WAY = 0.05
STILL = 1e-3
"""Weights that all steps together move by no more than a thousandth of their size are those of the start."""
LONG = 200
TINY = 1e-5
"""Of larger rates it's rather the gradient that is too small."""
SPACING = {"torch.bfloat16": 2.0**-7, "torch.float16": 2.0**-10}
"""The distance from 1 to the next number; relative to others it's between half of this and this."""
MOST_STILL = 0.5
"""More than half of the weights of few digits aren't to stay as they are in a step."""
IN_FLOAT32 = "model.float()"
_MOST = 4
"""A rate is raised by so many powers of ten at most."""


def judge_lr_too_low(training: Training) -> Finding | None:
    """Fire where the training fails and no weight matrix moved by 5 % of its size over all steps together.

    Of a loss that nothing is known of: where it has fallen by less than it swings in 200 steps, from fresh
    weights.
    """
    learning = training.learning
    if (
        not (learning.falls_short or stands_still(training))
        or not training.stepped
        or training.record.tick < 20
        or training.faults & _OTHER_CAUSES_OF_SMALL
    ):
        return None
    if rounded := _rounded_away(training):
        return rounded
    way = ways(training)
    if not way or len(way) < 0.5 * len(training.weights()) or max(way.values()) > WAY:
        return None
    optimizer = max(training.stepped, key=lambda one: one.steps)
    rates = [value for _, value in optimizer.lr]
    if len(rates) > 1 and rates[-1] >= max(rates) > rates[0]:
        return None  # a warm-up that was ended before its end: lr_never_reached tells of it
    rate, times = largest_rate(optimizer), raised_by(training)
    return Finding(
        place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
        where=with_setting(optimizer, "lr", rate),
        confidence=0.85 if learning.failing else 0.7,
        proof=proven_if(
            rate <= TINY and len(way) == len(training.weights()) and max(way.values()) <= STILL,
            "after all steps every weight is where it started",
        ),
        evidence=(
            f"in {optimizer.steps} steps no weight matrix has moved by more than "
            f"{max(way.values()):.1%} of its size",
            f"rms(update) / rms(weight) is {max(way.values()) / optimizer.steps:.1e} a step at most; {USUAL}",
            training.learning.words,
        ),
        remedy=(
            f"Raise the learning rate {times:,} times, so that all steps together go about as far as the "
            f"weights are large: lr={rate * times:g}. Try a tenth and ten times that, too."
        ),
        code=new_rate(optimizer, rate * times),
        value=rate * times,
    )


def _rounded_away(training: Training) -> Finding | None:
    """Weights are kept in so few digits that a step is less than the distance to the next number."""
    kept = [one for one in training.weights() if one.dtype in SPACING and one.still]
    if not kept or len(kept) < 0.5 * len(training.weights()):
        return None
    still, zeros = (
        median([median(series) for series in of_all])
        for of_all in ([one.still for one in kept], [one.grad_zeros or [1.0] for one in kept])
    )
    if still <= MOST_STILL or zeros >= MOST_STILL:
        return None
    optimizer = max(training.stepped, key=lambda one: one.steps)
    rate, spacing = largest_rate(optimizer), SPACING[kept[0].dtype]
    dtype = kept[0].dtype.removeprefix("torch.")
    return Finding(
        place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
        where=f"the weights in {dtype}, {with_setting(optimizer, 'lr', rate)}",
        confidence=0.85,
        evidence=(
            f"a step leaves {still:.0%} of the weights as they were, where {zeros:.0%} of the gradients are "
            f"0 (median of {len(kept)} weight matrices)",
            f"{dtype} has no number between 1 and {1 + spacing:.4g}: a step of less than half of that, "
            f"{spacing / 2:.2g} of a weight's size, leaves the weight as it is",
            training.learning.words,
        ),
        remedy="Keep the weights in float32, and have only the passes computed in fewer digits, by "
        "torch.autocast.",
        code=f"{IN_FLOAT32}  # weights in float32\nwith torch.autocast(device_type, "
        f"dtype=torch.{dtype}):\n    …",
    )


def raised_by(training: Training) -> int:
    """Return by which power of ten the rate is to be raised, for weights to go about as far as their size."""
    farthest = max(ways(training).values(), default=0.01)
    return 10 ** min(_MOST, max(1, round(-log10(farthest)))) if farthest > 0 else 10**_MOST


def _edit_of_lr_too_low(finding: Finding, training: Training) -> str:
    if finding.code.startswith(IN_FLOAT32):
        return ""
    optimizer = max(training.stepped, key=lambda one: one.steps)
    given = optimizer.settings.get("lr")
    if optimizer.lr and isinstance(given, float) and not isclose(given, optimizer.lr[0][1], rel_tol=0.01):
        return ""  # something else has changed what the line says, before the first step
    return setting("lr", lambda rate: rate * raised_by(training))(finding, training)


def ways(training: Training) -> dict[str, float]:
    """Return how far each weight matrix that has gradients went in all steps, in units of its size."""
    steps = max((one.steps for one in training.stepped), default=0)
    return {
        param.name: mean(param.update) * steps
        for param in training.weights()
        if len(param.update) >= 5
        and param.start
        and param.start.std > 0
        and median(param.grad_zeros or [1.0]) < 0.9
    }


def stands_still(training: Training) -> bool:
    """Whether a loss that nothing is known of has hardly fallen, from weights that weren't loaded."""
    learning = training.learning
    if learning.state != "unknown" or learning.adversarial or learning.loss_curve is None:
        return False
    values = learning.loss_curve.values
    fell = curve.start(values) - curve.end(values)
    loaded = any(param.loaded for param in training.weights())
    return not loaded and training.record.tick >= LONG and fell < curve.swing(values)


_OTHER_CAUSES_OF_SMALL = frozenset(
    ("scheduler_kills_lr", "lr_never_reached", "clip_too_tight", "missing_optimizer_step")
)


def _picture_of_lr_too_low(training: Training) -> Picture | None:
    """How far each weight matrix moved in all steps together, in percent of its size."""
    pairs = [(name, 100 * value) for name, value in ways(training).items()]
    steps = max((one.steps for one in training.stepped), default=0)
    title = f"How far the weights moved in all {steps:,} steps, input first"
    return bars(title, "% of their size", pairs, log=True, worst=lambda value: value)


LR_TOO_LOW = Fault(
    name="lr_too_low",
    family="Settings",
    title="the steps are too small to get anywhere",
    what="All steps together move no weight by a noticeable part of its size.",
    formula=f"The training fails, and mean rms(update) / rms(weight) × steps is below {WAY:.0%} for "
    "every weight matrix that gets gradients. Where the outcome is unknown: the loss has fallen by "
    f"less than it swings in {LONG} steps, from weights that weren't loaded. Or the weights are bfloat16 or "
    f"float16, and a step leaves over {MOST_STILL:.0%} of them as they were, while less than "
    f"{MOST_STILL:.0%} of their gradients are 0.",
    source="That is the farthest so many steps can go, all in one direction: below it the hidden layers "
    "can't have learnt anything.",
    silent="a schedule, clipping or float16 explains it, or the training succeeds.",
    proven=f"the rate is at most {TINY:g}, and all steps together move no weight by more than "
    f"{STILL:g} of its size.",
    remedy="Multiply the learning rate, until all steps together go about as far as the weights are large.",
    see=("learning_rate",),
    judge=judge_lr_too_low,
    picture=_picture_of_lr_too_low,
    edit=_edit_of_lr_too_low,
    remedies=(rate_times(100), rate_times(1000), rate_times(10), rate_times(10_000)),
    signals=("update ratio", "way", "exact zeros"),
)
