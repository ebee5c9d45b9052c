"""Gradients that are cleared between the backward pass and the step: the step has nothing to apply."""

from __future__ import annotations

from trainlab.diagnosis.edits import diff
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training, optimizer_name

LEAST = 8
SHARE = 0.9
LEAST_EMPTY = 20


def judge(training: Training) -> Finding | None:
    """Fire if nearly all steps looked at came after the gradients of their backward pass were cleared."""
    for optimizer in training.stepped:
        if not _is_cleared_early(optimizer) and not _has_none(training, optimizer):
            continue
        name = optimizer_name(optimizer)
        site = optimizer.clear_site or optimizer.step_site
        looked = optimizer.looked_back if _is_cleared_early(optimizer) else optimizer.empty
        gone = optimizer.cleared_early if _is_cleared_early(optimizer) else optimizer.empty
        step = optimizer.step_site
        idle = gone == looked and not any(param.moved is True for param in training.record.params.values())
        return Finding(
            place=place_at(site, "call", call="zero_grad" if optimizer.clear_site else "step"),
            where=f"{site.quoted}, between backward() and {name}.step()" if site else f"{name}.step()",
            confidence=0.95,
            proof=proven_if(idle, "no step has a gradient to apply"),
            evidence=(
                f"in {gone} of {looked} steps looked at no parameter of {name} had a gradient left: "
                "steps that do nothing",
                f"they were cleared after the backward pass and before {step.quoted}"
                if step
                else "they were cleared after the backward pass",
            ),
            remedy=f"Clear the gradients before backward(), not between backward() and {name}.step().",
            code=f"{name}.zero_grad()\nloss.backward()\n{name}.step()",
        )
    return None


def _is_cleared_early(optimizer: OptimizerRecord) -> bool:
    return optimizer.cleared_early >= LEAST and optimizer.cleared_early > SHARE * optimizer.looked_back


def _has_none(training: Training, optimizer: OptimizerRecord) -> bool:
    """Whether a loss reaches its parameters, and at no step looked at any of them had a gradient."""
    params = [training.record.params[key] for key in optimizer.params]
    reached = any(param.reached for param in params) and not any(param.with_grad for param in params)
    return reached and optimizer.steps >= LEAST_EMPTY and optimizer.empty >= LEAST_EMPTY


def _picture(training: Training) -> Picture | None:
    """Steps looked at, and those without a gradient."""
    pairs: list[tuple[str, float]] = []
    for one in training.stepped[:4]:
        looked, gone = max(one.looked_back, one.empty), max(one.cleared_early, one.empty)
        pairs += [
            (f"{optimizer_name(one)}: steps looked at", float(looked)),
            ("no gradient was left", float(gone)),
        ]
    return bars("Steps, and gradients that were left for them", "steps", pairs)


def _edit(finding: Finding, training: Training) -> str:
    """Take the line out where it is; before backward() it has to be put in."""
    optimizer = next((one for one in training.stepped if _is_cleared_early(one)), None)
    curve = training.learning.loss_curve
    line = optimizer.clear_site if optimizer is not None else None
    backward = curve.site if curve is not None else None
    if line is None or backward is None or not line.text.endswith(".zero_grad()"):
        return ""
    if line.file != backward.file or line.function != backward.function or line.line <= backward.line:
        return ""
    if not backward.text.endswith(".backward()"):
        return ""
    return "\n".join((diff(backward, f"+ {line.text}", f"  {backward.text}"), diff(line, f"- {line.text}")))


FAULT = Fault(
    name="zero_grad_misplaced",
    family="The loop",
    title="gradients are cleared before the step",
    what="`zero_grad()` comes between `backward()` and `step()`: the step finds no gradients, and the "
    "weights stay as they were, or go on by momentum and weight decay alone.",
    formula=f"In more than {SHARE:.0%} of the steps looked at, and at least {LEAST}, `zero_grad()` was "
    "called after the last backward pass, and all gradients are gone. Or none of an optimizer's parameters "
    f"had a gradient in any of at least {LEAST_EMPTY} steps looked at, although a loss reaches them.",
    source="A fact, counted.",
    silent="gradients are put in the place of those that were cleared, or the step is skipped.",
    proven="no step looked at has a gradient to apply, and no parameter changes.",
    remedy="`zero_grad()`, then `backward()`, then `step()`.",
    see=("learning_rate",),
    judge=judge,
    picture=_picture,
    edit=_edit,
    untried="the gradients are gone before anything from outside can keep them",
    explains=(Explains(("lr_too_low", "loss_plateau"), "steps without gradients teach nothing"),),
    signals=("lost gradients",),
)
