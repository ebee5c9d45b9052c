"""Schedules of the learning rate: the rate that steps get beside the one that was set."""

from __future__ import annotations

import ast
from itertools import pairwise
from math import isclose

from trainlab.diagnosis.edits import behind_the_loop, into_the_loop, parsed, replaced, splice, with_number
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.faults.learning_rate_too_high import USUAL
from trainlab.diagnosis.faults.learning_rate_too_low import stands_still
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import OptimizerRecord, SchedulerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.shared_pictures import learning_rate
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.remedies.remedy import single
from trainlab.diagnosis.signals.curve import median
from trainlab.diagnosis.signals.training import Training, largest_rate, optimizer_name

# What schedules do to optimizers.

UNFIT = 0.3


def _unfit(training: Training) -> bool:
    learning = training.learning
    return learning.is_unfit(UNFIT) or stands_still(training)


def _schedulers_of(training: Training, optimizer: OptimizerRecord) -> list[SchedulerRecord]:
    """Return the schedulers that drive an optimizer, or may: of some it isn't known which they drive."""
    known = [one for one in training.record.schedulers if one.optimizer == optimizer.index]
    return known or [one for one in training.record.schedulers if one.optimizer is None]


def _applied(training: Training, optimizer: OptimizerRecord) -> list[tuple[float, int]]:
    """Return the rates that an optimizer stepped with, each with for how many of the training's steps."""
    ends = [tick for tick, _ in optimizer.lr[1:]] + [max(training.record.tick, optimizer.last_tick + 1)]
    return [(rate, end - tick) for (tick, rate), end in zip(optimizer.lr, ends, strict=True)]


# scheduler_kills_lr: The schedule takes the learning rate to (nearly) nothing long before the training is
# done.

DEAD = 1e-2
SHARE_DEAD = 0.5
_A_BATCH = 0.5
"""A scheduler that takes a step for half of the optimizer's is stepped for batches."""


def judge_scheduler_kills_lr(training: Training) -> Finding | None:
    """Fire where the rate is below 1 % of its largest for over half of the steps and the fit is poor."""
    if not training.learning.is_unfit(UNFIT):
        return None
    for optimizer in training.stepped:
        dead, at, top = dead_share(optimizer, training.record.tick)
        scheduler = max(_schedulers_of(training, optimizer), key=lambda one: one.steps, default=None)
        if dead <= SHARE_DEAD or scheduler is None or not scheduler.steps:
            continue
        applied = _applied(training, optimizer)
        mean = sum(rate * count for rate, count in applied) / max(1, sum(count for _, count in applied))
        batches = _is_stepped_by_batch(training, scheduler)
        return Finding(
            place=place_at(scheduler.site, "call", call="step"),
            where=f"{scheduler.kind}.step() at {quoted(scheduler.site, scheduler.kind)}",
            confidence=0.9,
            evidence=(
                f"the learning rate of {optimizer_name(optimizer)} falls from {top:.3g} to "
                f"under {DEAD:.0%} of that at step {at}: {dead:.0%} of the steps do next to nothing, and the "
                f"mean rate of all steps is {mean:.2g}",
                f"{scheduler.kind} took {scheduler.steps} steps in {training.record.tick} optimizer "
                f"steps {scheduler.settings}",
                training.learning.words,
            ),
            remedy=_slower(scheduler, batches=batches),
            code="for epoch in range(epochs):\n    for batch in loader:\n        …\n    scheduler.step()"
            if batches
            else "",
        )
    return None


def _is_stepped_by_batch(training: Training, scheduler: SchedulerRecord) -> bool:
    return scheduler.steps > _A_BATCH * training.record.tick


def _slower(scheduler: SchedulerRecord, *, batches: bool) -> str:
    if batches:
        return "Step the scheduler once an epoch, not once a batch, or let it decay more slowly."
    if scheduler.kind == "ReduceLROnPlateau":
        mode = scheduler.settings.get("mode", "min")
        return (
            "Give it what is to fall, as the validation loss is, with mode='min', what is to rise, as "
            f"accuracy is, with mode='max' (it is {mode!r}), and let it wait for longer (patience)."
        )
    return "Let it decay more slowly: over the whole training the rate may fall to a hundredth."


def _edit_of_scheduler_kills_lr(finding: Finding, training: Training) -> str:
    """Move the call behind the loop over batches; where it is there already, decay more slowly."""
    scheduler = next((one for one in training.record.schedulers if finding.place.is_at(one.site)), None)
    if scheduler is None:
        return ""
    if _is_stepped_by_batch(training, scheduler):
        return behind_the_loop(scheduler.site)
    every = scheduler.settings.get("step_size", 1)
    if scheduler.kind not in ("StepLR", "ExponentialLR") or not isinstance(every, int | float):
        return ""
    decays = max(1, scheduler.steps // every)
    return with_number(scheduler.made, "gamma", lambda _: float(f"{DEAD ** (1 / decays):.2g}"))


def dead_share(optimizer: OptimizerRecord, ticks: int) -> tuple[float, int, float]:
    """Return for what share of the training the rate was under 1 % of its largest, since when, and that."""
    top = largest_rate(optimizer)
    peak = next((place for place, (_, value) in enumerate(optimizer.lr) if value == top), 0)
    later = optimizer.lr[peak:]
    dead, first = 0, ticks
    for place, (tick, value) in enumerate(later):
        until = later[place + 1][0] if place + 1 < len(later) else ticks
        if value < DEAD * top:
            dead += until - tick
            first = min(first, tick)
    return dead / max(1, ticks), first, top


SCHEDULER_KILLS_LR = Fault(
    name="scheduler_kills_lr",
    family="The loop",
    title="the schedule takes the learning rate to nothing",
    what="Most often a scheduler that counts epochs is stepped in every batch: the learning rate is "
    "gone long before the training is done.",
    formula=f"For over {SHARE_DEAD:.0%} of the steps the rate is below {DEAD:.0%} of its largest, and the "
    f"loss is above {UNFIT:.0%} of that of the best constant answer.",
    source="Cosine, one-cycle and warm-up schedules are that low for less than a tenth of the training.",
    silent="the fit is good: then the low rate did no harm.",
    remedy="Step the scheduler once an epoch, or let it decay more slowly.",
    see=("learning_rate",),
    judge=judge_scheduler_kills_lr,
    picture=learning_rate,
    edit=_edit_of_scheduler_kills_lr,
    remedies=(single("the learning rate held at its highest", "highest_lr"),),
    explains=(Explains(("lr_too_low", "loss_plateau"), "at a learning rate near 0 nothing moves"),),
    signals=("loss of the best constant answer", "loss ratio", "dead rate"),
)


# lr_never_reached: The schedule never lets the rate come near what was set: a warm-up that is longer than the
# training, that begins again and again, or is never stepped.

NEVER = 0.1
SMALL = 1e-3
LEAST = 50
"""A warm-up that is ended after fewer steps was only tried out."""


def judge_lr_never_reached(training: Training) -> Finding | None:
    """Fire where no step had a tenth of the rate that was set, steps are smaller than usual, and it fails."""
    killed = "scheduler_kills_lr" in training.faults
    if training.record.tick < LEAST or training.cut_off or killed or not _unfit(training):
        return None
    updates = [median(param.update) for param in training.weights() if len(param.update) >= 5]
    if not updates or median(updates) >= SMALL:
        return None
    for optimizer in training.stepped:
        rates = [rate for _, rate in optimizer.lr]
        scheduler = next(
            (one for one in training.record.schedulers if one.optimizer == optimizer.index), None
        )
        set_to = scheduler.top if scheduler is not None else None
        if scheduler is None or not set_to or not rates or max(rates) > NEVER * set_to:
            continue
        name, steps = optimizer_name(optimizer), training.record.tick
        why, remedy = _why_never(training, optimizer, scheduler)
        place = scheduler.made or scheduler.site
        return Finding(
            place=place_at(place, "call", call=scheduler.kind),
            where=f"{scheduler.kind} at {quoted(place, scheduler.kind)}",
            confidence=0.85,
            evidence=(
                f"lr={set_to:g} is set, and the rate that {name} steps with is never above {max(rates):.2g}, "
                f"{100 * max(rates) / set_to:.2g}% of it, in {steps:,} steps",
                why,
                f"rms(update) / rms(weight) is {median(updates):.1e} a step; {USUAL}",
                training.learning.words,
            ),
            remedy=remedy,
            value=set_to,
        )
    return None


def _why_never(training: Training, optimizer: OptimizerRecord, scheduler: SchedulerRecord) -> tuple[str, str]:
    """Say why the rate stays low, and what to do about it."""
    kind, steps, rates = scheduler.kind, training.record.tick, [rate for _, rate in optimizer.lr]
    lives = again(training, optimizer)
    if lives > 1:
        return (
            f"the optimizer is made {lives} times, and its schedule begins again with it",
            "Make optimizer and scheduler once, before the loops.",
        )
    if not scheduler.steps:
        remedy = "Step the scheduler: after each step of the optimizer, or each epoch."
        return f"{kind} is never stepped", remedy
    if not _rises(rates):
        remedy = f"Let {kind} begin with a factor near 1."
        if kind == "LambdaLR":
            remedy = (
                f"Let the function given to LambdaLR return a factor, 1 where lr={scheduler.top:g} is meant: "
                "its value isn't the rate, but multiplies it."
            )
        return f"{kind} multiplies it by {rates[0] / (scheduler.top or 1):.3g} from the first step on", remedy
    told = f"{kind} took {scheduler.steps} steps in {steps:,} of the optimizer, and the rate rises to the end"
    if not _is_stepped_by_batch(training, scheduler):
        return told, "Step the scheduler in every batch, or count its warm-up in epochs."
    return told, "Let the warm-up end within the first tenth of the training."


def _rises(rates: list[float]) -> bool:
    return len(rates) > 1 and rates[-1] >= max(rates) > rates[0]


def _edit_of_lr_never_reached(finding: Finding, training: Training) -> str:
    """Let the warm-up end in time; a function that returns the rate is divided by it, to be a factor."""
    scheduler = next((one for one in training.record.schedulers if finding.place.is_at(one.made)), None)
    optimizers = training.record.optimizers
    if scheduler is None or scheduler.optimizer is None or not scheduler.top:
        return ""
    rates = [rate for _, rate in optimizers[scheduler.optimizer].lr]
    if _rises(rates) and again(training, optimizers[scheduler.optimizer]) == 1:
        counted = scheduler.settings.get("total_steps") or scheduler.settings.get("total_iters")
        counts_batches = (
            isinstance(counted, int | float) and scheduler.steps < counted <= training.record.tick
        )
        if counts_batches and not _is_stepped_by_batch(training, scheduler):
            return into_the_loop(scheduler.site)
        return with_number(scheduler.made, "total_iters", lambda _: max(1, scheduler.steps // 10))
    return _factor_edit(scheduler, scheduler.top)


def _factor_edit(scheduler: SchedulerRecord, own: float) -> str:
    site = scheduler.made
    if site is None or scheduler.factor is None or not isclose(scheduler.factor, own, rel_tol=0.05):
        return ""
    tree = parsed(site.text)
    found = [one for one in ast.walk(tree) if isinstance(one, ast.Lambda)] if tree is not None else []
    if len(found) != 1:
        return ""
    body = ast.get_source_segment(site.text, found[0].body)
    return replaced(site, splice(site.text, found[0].body, f"({body}) / {own:g}"))


LR_NEVER_REACHED = Fault(
    name="lr_never_reached",
    family="The loop",
    title="the schedule never reaches the learning rate that was set",
    what="A warm-up is longer than the training, is counted in batches and stepped by epochs, or begins anew "
    "with every epoch; a scheduler is never stepped; `LambdaLR` is given the rate where a factor is meant.",
    formula=f"The training was not cut off and took {LEAST} steps or more, the rate was never above "
    f"{NEVER:.0%} of the one that was set, rms(update) / rms(weight) is below {SMALL:g} in the median, and "
    f"the loss is above {UNFIT:.0%} of that of the best constant answer, or fell by less than it swings.",
    source=f"Warm-ups take up to a tenth of a training; {USUAL}.",
    silent="steps are as large as usual: then the rate that was set isn't the one that is meant, as lr=1 "
    "under a function that gives the rate itself.",
    remedy="Let the warm-up end within a tenth of the training, and step the scheduler by what it counts.",
    see=("learning_rate",),
    judge=judge_lr_never_reached,
    picture=learning_rate,
    edit=_edit_of_lr_never_reached,
    remedies=(single("the learning rate that was set", "set_lr"),),
    explains=(Explains(("lr_too_low", "loss_plateau"), "steps with a small part of the rate go nowhere"),),
    signals=("loss of the best constant answer", "loss ratio", "update ratio"),
)


def again(training: Training, optimizer: OptimizerRecord) -> int:
    """Return how often one line made an optimizer like this of the same parameters, one after the other."""
    same = [one for one in training.stepped if one.site == optimizer.site and one.params == optimizer.params]
    in_turn = all(one.is_followed_by(other) for one, other in pairwise(same))
    return sum(one.made for one in same) if in_turn else 1


# scheduler_of_another: A scheduler changes the rate of an optimizer that takes no step any more; the one that
# steps was made later, of the same parameters or of those that took their place.

IDLE = 0.9
FEWEST = 3


def judge_scheduler_of_another(training: Training) -> Finding | None:
    """Fire if nearly all steps of a scheduler come between none of its optimizer, and another has none."""
    pair = _idle_scheduler(training)
    if pair is None:
        return None
    scheduler, stepping = pair
    driven = training.record.optimizers[scheduler.optimizer or 0]
    made, later = (quoted(one.site, before=" made at ") for one in (driven, stepping))
    place = scheduler.made or scheduler.site
    finding = Finding(
        place=place_at(place, "call", call=scheduler.kind),
        where=f"{scheduler.kind} at {quoted(place, scheduler.kind)}",
        confidence=0.9,
        evidence=(
            f"in {scheduler.idle} of its {scheduler.steps} steps the optimizer that it drives, {driven.kind}"
            f"{made}, had taken no step since the one before",
            f"{stepping.kind}{later} takes the steps, {stepping.steps:,} of them, all with "
            f"lr={largest_rate(stepping):g}",
            training.learning.words,
        ),
        remedy="Make the scheduler after the optimizer that takes the steps, and of that one.",
    )
    return finding if training.learning.is_unfit(UNFIT) else finding.as_note()


def _idle_scheduler(training: Training) -> tuple[SchedulerRecord, OptimizerRecord] | None:
    """Return the scheduler, and the optimizer that takes the steps without one."""
    optimizers = training.record.optimizers
    driven = {one.optimizer for one in training.record.schedulers}
    for scheduler in training.record.schedulers:
        if scheduler.optimizer is None or scheduler.steps < FEWEST or scheduler.idle < IDLE * scheduler.steps:
            continue
        left = optimizers[scheduler.optimizer]
        for one in optimizers[scheduler.optimizer + 1 :]:
            if (
                one.steps > left.steps
                and one.kind == left.kind
                and one.index not in driven
                and len(one.lr) == 1
            ):
                return scheduler, one
    return None


def _picture_of_scheduler_of_another(training: Training) -> Picture | None:
    """Steps of the scheduler, and those before which its optimizer had stepped."""
    pair = _idle_scheduler(training)
    if pair is None:
        return None
    scheduler, _ = pair
    pairs = [
        (f"steps of {scheduler.kind}", scheduler.steps),
        ("its optimizer had stepped", scheduler.steps - scheduler.idle),
    ]
    return bars("Steps of the scheduler, and of its optimizer between them", "steps", pairs)


SCHEDULER_OF_ANOTHER = Fault(
    name="scheduler_of_another",
    family="The loop",
    title="the scheduler drives an optimizer that takes no steps",
    what="The optimizer was made anew after the scheduler was: the scheduler changes the rate of the old "
    "one, and the new one steps with the same rate to the end.",
    formula=f"Before {IDLE:.0%} of a scheduler's steps or more, and at least {FEWEST}, its optimizer had "
    "taken none since the one before, and another one of its kind, made later, takes more, has no "
    f"scheduler, and steps with one rate; and the loss is above {UNFIT:.0%} of that of the best constant "
    "answer.",
    source="A fact, counted.",
    silent="the fit is good; then it is a note. Or one optimizer wraps the other: both have one rate.",
    remedy="Make the optimizer once, and the scheduler after it.",
    see=("learning_rate",),
    judge=judge_scheduler_of_another,
    picture=_picture_of_scheduler_of_another,
    untried="the scheduler would have to be made of another optimizer",
)


# optimizer_made_anew: The optimizer is made anew for every step or two: what it keeps of earlier gradients is
# lost each time.

MADE = 20
STEPS_EACH = 2


def judge_optimizer_made_anew(training: Training) -> Finding | None:
    """Fire if one line makes an optimizer that steps by earlier gradients again for nearly every step."""
    for optimizer in training.stepped:
        lives = again(training, optimizer)
        same = [one for one in training.stepped if one.site == optimizer.site]
        steps = sum(one.steps for one in same)
        if lives < MADE or steps > STEPS_EACH * lives or not _keeps_moments(optimizer):
            continue
        finding = Finding(
            place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
            where=f"{optimizer.kind}{quoted(optimizer.site, before=' at ')}",
            confidence=0.95,
            evidence=(
                f"it is made {lives:,} times of the same parameters, for {steps:,} steps in all",
                f"{optimizer.kind} begins each time without the means of earlier gradients that it steps by",
                training.learning.words,
            ),
            remedy="Make the optimizer once, before the loop.",
        )
        return finding if training.learning.is_unfit(UNFIT) else finding.as_note()
    return None


def _keeps_moments(optimizer: OptimizerRecord) -> bool:
    return optimizer.kind != "SGD" or bool(optimizer.settings.get("momentum"))


def _picture_of_optimizer_made_anew(training: Training) -> Picture | None:
    """How often it is made, and its steps."""
    for one in training.stepped:
        lives = again(training, one)
        if lives >= MADE:
            steps = sum(other.steps for other in training.stepped if other.site == one.site)
            pairs = [("made", lives), ("steps", steps)]
            return bars(f"{one.kind}: how often it is made, and its steps", "times", pairs)
    return None


OPTIMIZER_MADE_ANEW = Fault(
    name="optimizer_made_anew",
    family="The loop",
    title="the optimizer is made anew in every step",
    what="Momentum and Adam step by means of earlier gradients. Made inside the loop, the optimizer begins "
    "without any: each step of Adam is as long as the rate in every direction, however noisy the gradient.",
    formula=f"One line makes an optimizer of the same parameters {MADE} times or more, one after the other, "
    f"and each takes {STEPS_EACH} steps at most; and the loss is above {UNFIT:.0%} of that of the best "
    "constant answer.",
    source="A fact, counted. Momentum 0.9 that begins anew makes steps a tenth as long.",
    silent="the fit is good; then it is a note. Or it is plain SGD, which keeps nothing, or takes more steps "
    "each time, as an inner loop of meta-learning or a client's round does.",
    remedy="Make the optimizer once, before the loop.",
    see=("learning_rate",),
    judge=judge_optimizer_made_anew,
    picture=_picture_of_optimizer_made_anew,
    untried="the script makes its optimizer itself",
)
