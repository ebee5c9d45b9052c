"""Steps so small that the weights can't have gone anywhere."""

from __future__ import annotations

import ast
from dataclasses import replace
from math import isclose, log10

from trainlab.diagnosis.edits import parsed, replaced, setting, splice
from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.record import OptimizerRecord, SchedulerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import rate_times
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.averages import mean, median
from trainlab.diagnosis.signals.training import Training, optimizer_name

WAY = 0.05
STILL = 1e-3
"""Weights that all steps together move by no more than a thousandth of their size are those of the start."""
LONG = 200
TINY = 1e-5
"""Of larger rates it's rather the gradient that is too small."""
MOST = 4
"""A rate is raised by so many powers of ten at most."""

LOWERED = 0.1
"""A scheduler that keeps the rate below a tenth of the optimizer's own from the start is what lowers it."""


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and no weight matrix moved by 5 % of its size over all steps together.

    Of a loss that nothing is known of: where it has fallen by less than it swings in 200 steps, from fresh
    weights.
    """
    learning = training.learning
    if (
        not (learning.falls_short or _stands_still(training))
        or not training.stepped
        or training.record.tick < 20
        or training.faults & _OTHER_CAUSES
    ):
        return None
    way = ways(training)
    if not way or len(way) < 0.5 * len(training.weights()) or max(way.values()) > WAY:
        return None
    optimizer = max(training.stepped, key=lambda one: one.steps)
    rates = [value for _, value in optimizer.lr]
    if len(rates) > 1 and rates[-1] >= max(rates) > rates[0]:
        return None  # a warm-up that was ended before its end
    rate = max((value for _, value in optimizer.lr), default=float("nan"))
    name, times = optimizer_name(optimizer), raised_by(training)
    finding = Finding(
        place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
        where=(
            f"{name}: {optimizer.kind} lr={rate:g}{f' ({optimizer.site.quoted})' if optimizer.site else ''}"
        ),
        confidence=0.85 if learning.failing else 0.7,
        proof=proven_if(
            rate <= TINY and len(way) == len(training.weights()) and max(way.values()) <= STILL,
            "after all steps every weight is where it started",
        ),
        evidence=(
            f"in {optimizer.steps} steps no weight matrix has moved by more than "
            f"{max(way.values()):.1%} of its size",
            f"rms(update) / rms(weight) is {max(way.values()) / optimizer.steps:.1e} a step at "
            "most; 1e-3 to 1e-2 is usual",
            training.learning.words,
        ),
        remedy=(
            f"Raise the learning rate {times:,} times, so that all steps together go about as far as the "
            f"weights are large: lr={rate * times:g}. Try a tenth and ten times that, too."
        ),
        code=f"for group in {name}.param_groups:\n    group['lr'] = {rate * times:g}",
        value=rate * times,
    )
    scheduler = _lowering(training, optimizer)
    return finding if scheduler is None else _of_scheduler(finding, optimizer, scheduler)


def _lowering(training: Training, optimizer: OptimizerRecord) -> SchedulerRecord | None:
    """Return the scheduler that keeps the rate far below the optimizer's own from the first step on."""
    own, rates = optimizer.settings.get("lr"), [value for _, value in optimizer.lr]
    if not isinstance(own, float) or not rates or max(rates) > LOWERED * own:
        return None
    return next(
        (
            one
            for one in training.record.schedulers
            if one.made is not None and one.factor is not None and isclose(one.factor * own, rates[0])
        ),
        None,
    )


def _of_scheduler(finding: Finding, optimizer: OptimizerRecord, scheduler: SchedulerRecord) -> Finding:
    """Return the finding at the scheduler's line: what it multiplies by is to be changed, not the rate."""
    name, own, factor = optimizer_name(optimizer), optimizer.settings["lr"], scheduler.factor
    rate = max(value for _, value in optimizer.lr)
    place = scheduler.made.quoted if scheduler.made is not None else scheduler.kind
    remedy = f"Let {scheduler.kind} begin with a factor near 1."
    if scheduler.kind == "LambdaLR":
        remedy = (
            f"Let the function given to LambdaLR return a factor, 1 where lr={own:g} is meant: its value "
            "isn't the rate, but multiplies it."
        )
    return replace(
        finding,
        place=place_at(scheduler.made, "call", call=scheduler.kind),
        where=f"{scheduler.kind} at {place}",
        evidence=(
            f"{scheduler.kind} multiplies {name}'s lr={own:g} by {factor:.3g} from the first step on: the "
            f"rate is {rate:.3g} at most",
            *finding.evidence,
        ),
        remedy=remedy,
        code=_factor_edit(scheduler, own) if isinstance(own, float) else "",
        value=own if isinstance(own, float) else None,
    )


def _factor_edit(scheduler: SchedulerRecord, own: float) -> str:
    """Divide what a function returns by the rate, where that is what it returns: then it is a factor."""
    site = scheduler.made
    if site is None or scheduler.factor is None or not isclose(scheduler.factor, own, rel_tol=0.05):
        return ""
    tree = parsed(site.text)
    found = [one for one in ast.walk(tree) if isinstance(one, ast.Lambda)] if tree is not None else []
    if len(found) != 1:
        return ""
    body = ast.get_source_segment(site.text, found[0].body)
    return replaced(site, splice(site.text, found[0].body, f"({body}) / {own:g}"))


def raised_by(training: Training) -> int:
    """Return by which power of ten the rate is to be raised, for weights to go about as far as their size."""
    farthest = max(ways(training).values(), default=0.01)
    return 10 ** min(MOST, max(1, round(-log10(farthest)))) if farthest > 0 else 10**MOST


def _edit(finding: Finding, training: Training) -> str:
    if finding.place.kind == "call":
        return ""  # a scheduler's line
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


def _stands_still(training: Training) -> bool:
    """Whether a loss that nothing is known of has hardly fallen, from weights that weren't loaded."""
    learning = training.learning
    if learning.state != "unknown" or learning.adversarial or learning.loss_curve is None:
        return False
    values = learning.loss_curve.values
    fell = curve.start(values) - curve.end(values)
    loaded = any(param.loaded for param in training.weights())
    return not loaded and training.record.tick >= LONG and fell < curve.swing(values)


_OTHER_CAUSES = frozenset(
    ("scheduler_kills_lr", "clip_too_tight", "missing_optimizer_step", "float16_underflow")
)


def _picture(training: Training) -> Picture | None:
    """How far each weight matrix moved in all steps together, in percent of its size."""
    pairs = [(name, 100 * value) for name, value in ways(training).items()]
    steps = max((one.steps for one in training.stepped), default=0)
    title = f"How far the weights moved in all {steps:,} steps, input first"
    return bars(title, "% of their size", pairs, log=True, worst=lambda value: value)


FAULT = Fault(
    name="lr_too_low",
    family="Settings",
    title="the steps are too small to get anywhere",
    what="All steps together move no weight by a noticeable part of its size.",
    formula=f"The training fails, and mean rms(update) / rms(weight) × steps is below {WAY:.0%} for "
    "every weight matrix that gets gradients. Where the outcome is unknown: the loss has fallen by "
    f"less than it swings in {LONG} steps, from weights that weren't loaded.",
    source="That is the farthest so many steps can go, all in one direction: below it the hidden layers "
    "can't have learnt anything.",
    silent="a schedule, clipping or float16 explains it, or the training succeeds.",
    proven="the rate is at most 1e-5, and all steps together move no weight by more than a thousandth.",
    remedy="Multiply the learning rate, until all steps together go about as far as the weights are large. "
    "Where a scheduler multiplies it by far less than 1 from the start, as `LambdaLR` does, given the "
    "rate itself, mend that.",
    see=("learning_rate",),
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=(rate_times(100), rate_times(1000), rate_times(10), rate_times(10_000)),
    signals=("update ratio", "way", "exact zeros"),
)
