"""What the loop calls, and in which order: zero_grad, backward, step."""

from __future__ import annotations

import math

from trainlab.diagnosis.edits import backward_line, diff
from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding, by_structure, proven_if
from trainlab.diagnosis.observed.events import StepsByHand
from trainlab.diagnosis.observed.record import OptimizerRecord, ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.shared_pictures import gradient_norm
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import single
from trainlab.diagnosis.signals.curve import median
from trainlab.diagnosis.signals.training import Training, named, nothing_moves, optimizer_name, total_norms

# missing_optimizer_step: Backward passes, and no step that follows: the weights stay what they were.

LEAST_UNSTEPPED = 20


def judge_missing_optimizer_step(training: Training) -> Finding | None:
    """Fire if the loss reaches parameters that an optimizer has, none is stepped, and nothing moves them."""
    record = training.record
    if record.backwards < LEAST_UNSTEPPED:
        return None
    for optimizer in record.optimizers:
        reached = [record.params[key] for key in optimizer.params if record.params[key].reached]
        if optimizer.steps == 0 and reached and not any(_moves(training, param) for param in reached):
            return _never(training, optimizer, reached)
    reached = [param for param in record.params.values() if param.reached >= 5]
    borrowed = any(param.loaded for param in reached)  # gradients of a finished network: saliency, attacks
    moved = any(_moves(training, one) for one in reached)
    if not record.optimizers and reached and not borrowed and not moved:
        return Finding(
            place=Place(kind="parameters", parameters=tuple(param.name for param in reached)),
            where=f"no optimizer; the parameters {named(param.name for param in reached)} stay as they are",
            confidence=0.8,
            proof=by_structure("no parameter ever changes"),
            evidence=(f"{record.backwards} backward passes, no optimizer, and no parameter has changed",),
            remedy="Make an optimizer of the model's parameters and call its step() after backward().",
            code="optimizer = torch.optim.Adam(model.parameters())\n…\nloss.backward()\noptimizer.step()",
        )
    return None


def _moves(training: Training, param: ParamRecord) -> bool:
    return param.moved is True or training.is_stepped(param)


def _never(training: Training, optimizer: OptimizerRecord, reached: list[ParamRecord]) -> Finding:
    name, loss_curve = optimizer_name(optimizer), training.learning.loss_curve
    site = loss_curve and loss_curve.site
    return Finding(
        place=place_at(site, "call", call="backward"),
        where=f"{name}.step() is never called{quoted(site, before=' after ')}",
        confidence=0.97,
        proof=proven_if(nothing_moves(training), "no parameter that the loss reaches ever changes"),
        evidence=(
            f"{training.record.backwards} backward passes, 0 steps of {name} ({optimizer.kind})",
            f"the parameters {named(param.name for param in reached)} have not changed",
        ),
        remedy=f"Call {name}.step() after loss.backward().",
        code=f"loss.backward()\n{name}.step()",
    )


def _picture_of_missing_optimizer_step(training: Training) -> Picture | None:
    """Backward passes beside the steps of each optimizer."""
    steps = [(f"{optimizer_name(one)}.step()", one.steps) for one in training.record.optimizers]
    return bars("Calls counted", "calls", [("loss.backward()", training.record.backwards), *steps])


def _edit_of_missing_optimizer_step(finding: Finding, training: Training) -> str:
    line = backward_line(training)
    never = next((one for one in training.record.optimizers if not one.steps), None)
    if line is None or never is None or training.stepped:
        return ""
    return diff(line, f"  {line.text}", f"+ {optimizer_name(never)}.step()")


MISSING_OPTIMIZER_STEP = Fault(
    name="missing_optimizer_step",
    family="The loop",
    title="the optimizer never steps",
    what="Gradients are computed, but nothing applies them: the weights stay as they were.",
    formula=f"At least {LEAST_UNSTEPPED} backward passes reach parameters that an optimizer has, it "
    f"took 0 steps, and no parameter has changed.",
    source="A fact, counted; the only threshold is more passes than are usually accumulated.",
    silent="the weights move in another way (`p -= lr * p.grad`, another optimizer).",
    proven="no parameter that the loss reaches ever changes.",
    remedy="Call `optimizer.step()` after `loss.backward()`.",
    see=("learning_rate",),
    judge=judge_missing_optimizer_step,
    picture=_picture_of_missing_optimizer_step,
    edit=_edit_of_missing_optimizer_step,
    remedies=(single("optimizer.step() after each backward pass", "step"),),
    explains=(Explains(("lr_too_low", "loss_plateau"), "weights that never move learn nothing"),),
    signals=("reach",),
)


# zero_grad_misplaced: Gradients that are cleared between the backward pass and the step: the step has
# nothing to apply.

LEAST_MISPLACED = 8
SHARE_MISPLACED = 0.9
LEAST_EMPTY = 20


def judge_zero_grad_misplaced(training: Training) -> Finding | None:
    """Fire if nearly all steps looked at came after the gradients of their backward pass were cleared."""
    for optimizer in training.stepped:
        if not _is_cleared_early(optimizer) and not _has_none(training, optimizer):
            continue
        name, step = optimizer_name(optimizer), optimizer.step_site
        site = optimizer.clear_site or step
        looked = gone = optimizer.empty
        if _is_cleared_early(optimizer):
            looked, gone = optimizer.looked_back, optimizer.cleared_early
        idle = gone == looked and not any(param.moved is True for param in training.record.params.values())
        return Finding(
            place=place_at(site, "call", call="zero_grad" if optimizer.clear_site else "step"),
            where=f"{site.quoted}, between backward() and {name}.step()" if site else f"{name}.step()",
            confidence=0.95,
            proof=proven_if(idle, "no step has a gradient to apply"),
            evidence=(
                f"in {gone} of {looked} steps looked at no parameter of {name} had a gradient left: "
                "steps that do nothing",
                f"they were cleared after the backward pass{quoted(step, before=' and before ')}",
            ),
            remedy=f"Clear the gradients before backward(), not between backward() and {name}.step().",
            code=f"{name}.zero_grad()\nloss.backward()\n{name}.step()",
        )
    return None


def _is_cleared_early(optimizer: OptimizerRecord) -> bool:
    return (
        optimizer.cleared_early >= LEAST_MISPLACED
        and optimizer.cleared_early > SHARE_MISPLACED * optimizer.looked_back
    )


def _has_none(training: Training, optimizer: OptimizerRecord) -> bool:
    """Whether a loss reaches its parameters, and at no step looked at any of them had a gradient."""
    params = [training.record.params[key] for key in optimizer.params]
    reached = any(param.reached for param in params) and not any(param.with_grad for param in params)
    return reached and optimizer.steps >= LEAST_EMPTY and optimizer.empty >= LEAST_EMPTY


def _picture_of_zero_grad_misplaced(training: Training) -> Picture | None:
    """Steps looked at, and those without a gradient."""
    pairs: list[tuple[str, float]] = []
    for one in training.stepped[:4]:
        pairs.append((f"{optimizer_name(one)}: steps looked at", max(one.looked_back, one.empty)))
        pairs.append(("no gradient was left", max(one.cleared_early, one.empty)))
    return bars("Steps, and gradients that were left for them", "steps", pairs)


def _edit_of_zero_grad_misplaced(finding: Finding, training: Training) -> str:
    """Take the line out where it is; before backward() it has to be put in."""
    optimizer = next((one for one in training.stepped if _is_cleared_early(one)), None)
    curve = training.learning.loss_curve
    line, backward = optimizer and optimizer.clear_site, curve and curve.site
    if line is None or backward is None or not line.text.endswith(".zero_grad()"):
        return ""
    if line.file != backward.file or line.function != backward.function or line.line <= backward.line:
        return ""
    if not backward.text.endswith(".backward()"):
        return ""
    return "\n".join((diff(backward, f"+ {line.text}", f"  {backward.text}"), diff(line, f"- {line.text}")))


ZERO_GRAD_MISPLACED = Fault(
    name="zero_grad_misplaced",
    family="The loop",
    title="gradients are cleared before the step",
    what="`zero_grad()` comes between `backward()` and `step()`: the step finds no gradients, and the "
    "weights stay as they were, or go on by momentum and weight decay alone.",
    formula=f"In more than {SHARE_MISPLACED:.0%} of the steps looked at, and at least "
    f"{LEAST_MISPLACED}, `zero_grad()` was "
    "called after the last backward pass, and all gradients are gone. Or none of an optimizer's parameters "
    f"had a gradient in any of at least {LEAST_EMPTY} steps looked at, although a loss reaches them.",
    source="A fact, counted.",
    silent="gradients are put in the place of those that were cleared, or the step is skipped.",
    proven="no step looked at has a gradient to apply, and no parameter changes.",
    remedy="`zero_grad()`, then `backward()`, then `step()`.",
    see=("learning_rate",),
    judge=judge_zero_grad_misplaced,
    picture=_picture_of_zero_grad_misplaced,
    edit=_edit_of_zero_grad_misplaced,
    untried="the gradients are gone before anything from outside can keep them",
    explains=(Explains(("lr_too_low", "loss_plateau"), "steps without gradients teach nothing"),),
    signals=("lost gradients",),
)


# missing_zero_grad: Gradients that a step has used are still there when the next backward pass adds to them.
#
# Silent under gradient accumulation: there several backward passes come before one step, not after it.

LEAST_STALE = 8
SHARE_STALE = 0.9


def judge_missing_zero_grad(training: Training) -> Finding | None:
    """Look at each optimizer, and at steps made by hand."""
    for optimizer in training.stepped:
        if optimizer.stale >= LEAST_STALE and optimizer.stale > SHARE_STALE * optimizer.checked:
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
                    "added to gradients that the step before had used already",
                    "nothing cleared them in between: each step uses the sum of all gradients so far",
                ),
                remedy=f"Clear the gradients in every step: call {name}.zero_grad() before loss.backward().",
                code=f"{name}.zero_grad()\nloss.backward()\n{name}.step()",
            )
    for event in training.record.events_of(StepsByHand):
        if event.stale >= LEAST_STALE and event.stale > SHARE_STALE * event.steps:
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


def _picture_of_missing_zero_grad(training: Training) -> Picture | None:
    """How gradients that add up grow; where they don't, in how many steps old ones were still there."""
    _, norms = total_norms(training)
    part = max(1, len(norms) // 4)
    if len(norms) > 1 and median(norms[-part:]) > 1.5 * median(norms[:part]):
        return gradient_norm(training)
    counts = [
        (f"{optimizer_name(one)}: steps looked at", one.checked, one.stale)
        for one in training.record.optimizers
    ]
    if not any(stale for _, _, stale in counts):
        by_hand = training.record.events_of(StepsByHand)[-1:]
        counts = [("updates by hand", one.steps, one.stale) for one in by_hand] or counts
    pairs = [
        pair for what, all_, stale in counts for pair in ((what, all_), ("old gradients still there", stale))
    ]
    return bars("Steps, and gradients that were never cleared", "steps", pairs)


def _edit_of_missing_zero_grad(finding: Finding, training: Training) -> str:
    line = backward_line(training)
    optimizer = next((one for one in training.stepped if one.stale), None)
    if line is None or optimizer is None or line.text.count("backward") != 1:
        return ""
    return diff(line, f"+ {optimizer_name(optimizer)}.zero_grad()", f"  {line.text}")


MISSING_ZERO_GRAD = Fault(
    name="missing_zero_grad",
    family="The loop",
    title="gradients are never cleared",
    what="`backward()` adds to `.grad`. If nothing clears it, each step uses the sum of all gradients "
    "so far: the weights keep going the same way, faster and faster.",
    formula=f"In more than {SHARE_STALE:.0%} of the steps looked at, and at least {LEAST_STALE}, a "
    f"backward pass adds to gradients that a step has used already.",
    source="A fact, counted. The share leaves room for loops that clear now and then.",
    silent="gradients are accumulated: several backward passes come before one step, not after it.",
    remedy="Call `optimizer.zero_grad()` in every step before `loss.backward()`.",
    see=("chain_rule", "learning_rate"),
    judge=judge_missing_zero_grad,
    picture=_picture_of_missing_zero_grad,
    edit=_edit_of_missing_zero_grad,
    remedies=(single("gradients cleared before each backward pass", "zero_grad"),),
    explains=(
        Explains(("lr_too_high", *GROWTH, "loss_plateau"), "old gradients add up to ever larger steps"),
    ),
    signals=("stale gradients",),
)


# zero_grad_every_microbatch: Gradients are to be accumulated over several small batches, but cleared
# before each: only the last counts.
#
# Silent with several optimizers, where clearing what another's loss left is usual, and with closures; for
# attacks on the input, and for SAM, whose backward passes are called from several lines; and where gradients
# are put together by hand.

LEAST_LOST = 8
SHARE_LOST = 0.9
SLACK = 1.02


def judge_zero_grad_every_microbatch(training: Training) -> Finding | None:
    """Fire if before nearly every step gradients were cleared that the same line had made."""
    optimizer = _found(training)
    if optimizer is None:
        return None
    name, site = optimizer_name(optimizer), optimizer.clear_site
    every = 1 + optimizer.lost_passes / optimizer.steps_after_lost
    if _goes_through_all(training, every):
        remedy = (
            f"Put {name}.step() inside the batch loop: each step comes after a whole pass over the data, and "
            "uses its last batch alone."
        )
        code = f"loss.backward()\n{name}.step()  # for every batch"
    else:
        remedy = f"Clear the gradients only after {name}.step()."
        code = f"if (i + 1) % accumulate == 0:\n    {name}.step()\n    {name}.zero_grad()"
    return Finding(
        place=place_at(site, "call", call="zero_grad"),
        where=quoted(site, f"{name}.zero_grad()"),
        confidence=0.93,
        evidence=(
            f"about {every:.0f} backward passes come before each step, and gradients are cleared "
            "between them",
            f"in {optimizer.steps_after_lost} steps looked at the gradients of {optimizer.lost_passes} "
            "passes were lost: each step uses those of its last batch alone",
        ),
        remedy=remedy,
        code=code,
    )


def _goes_through_all(training: Training, every: float) -> bool:
    """Whether so many batches before a step are all that there are: by a loader's length, or their rows."""
    record = training.record
    for loader in record.loaders:
        if loader.rows and loader.batch and abs(loader.passes - record.tick) <= 1:
            batches = loader.rows / loader.batch
            if math.floor(batches) <= round(every) <= math.ceil(batches):
                return True
    data = record.data
    return 0 < len(data.train_rows) <= SLACK * every * data.train_row_count / max(1, data.fingerprinted)


def _found(training: Training) -> OptimizerRecord | None:
    if len(training.stepped) != 1 or any(curve.retained for curve in training.record.loss_curves):
        return None
    (optimizer,) = training.stepped
    often = optimizer.steps_after_lost > SHARE_LOST * optimizer.looked_back
    if optimizer.uses_closure or optimizer.steps_after_lost < LEAST_LOST or not often:
        return None
    return optimizer


def _picture_of_zero_grad_every_microbatch(training: Training) -> Picture | None:
    """Backward passes before the steps looked at, and how many of them count."""
    optimizer = _found(training)
    if optimizer is None:
        return None
    pairs = [
        ("backward passes", optimizer.steps_after_lost + optimizer.lost_passes),
        ("cleared before the step", optimizer.lost_passes),
        ("used by the step", optimizer.steps_after_lost),
    ]
    return bars("Backward passes in the steps looked at", "backward passes", pairs)


ZERO_GRAD_EVERY_MICROBATCH = Fault(
    name="zero_grad_every_microbatch",
    family="The loop",
    title="gradients are cleared between the batches of a step",
    what="Several small batches are meant to make one step, but `zero_grad()` is called before each of them: "
    "only the last one counts, and divided by the number of batches its gradient is too small.",
    formula=f"Before more than {SHARE_LOST:.0%} of the steps looked at, and at least {LEAST_LOST}, "
    f"gradients were cleared that no step had used, and the same line called `backward()` again."
    " Those passes must go through all the data: the loader's length, or its rows within a factor "
    f"of {SLACK:g}.",
    source="A fact, counted; whether the step uses what the last pass made is looked up in the gradients.",
    silent="there are several optimizers or a closure, a graph is kept for another backward pass, the passes "
    "are called from several lines (an attack on the input, both steps of SAM), or the gradients of the step "
    "were put together from those that were cleared.",
    remedy="Call `zero_grad()` after `step()`, in the same branch. Where all batches of an epoch come before "
    "one step, put `step()` inside the batch loop.",
    judge=judge_zero_grad_every_microbatch,
    picture=_picture_of_zero_grad_every_microbatch,
    untried="the script's own loop decides when gradients are cleared",
    explains=(
        Explains(("lr_too_low", "loss_plateau", "oscillating_loss"), "most of the gradients are thrown away"),
    ),
    signals=("lost gradients",),
)
