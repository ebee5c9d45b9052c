"""Backward passes, and no step that follows: the weights stay what they were."""

from __future__ import annotations

from trainlab.diagnosis.edits import backward_line, diff
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, by_structure, proven_if
from trainlab.diagnosis.observed.record import OptimizerRecord, ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.limits import nothing_moves
from trainlab.diagnosis.signals.training import Training, named, optimizer_name

LEAST = 20


def judge(training: Training) -> Finding | None:
    """Fire if the loss reaches parameters that an optimizer has, none is stepped, and nothing moves them."""
    record = training.record
    if record.backwards < LEAST:
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
    name = optimizer_name(optimizer)
    loss_curve = training.learning.loss_curve
    site = None if loss_curve is None else loss_curve.site
    place = f" after {site.quoted}" if site is not None else ""
    return Finding(
        place=place_at(site, "call", call="backward"),
        where=f"{name}.step() is never called{place}",
        confidence=0.97,
        proof=proven_if(nothing_moves(training), "no parameter that the loss reaches ever changes"),
        evidence=(
            f"{training.record.backwards} backward passes, 0 steps of {name} ({optimizer.kind})",
            f"the parameters {named(param.name for param in reached)} have not changed",
        ),
        remedy=f"Call {name}.step() after loss.backward().",
        code=f"loss.backward()\n{name}.step()",
    )


def _picture(training: Training) -> Picture | None:
    """Backward passes beside the steps of each optimizer."""
    steps = [(f"{optimizer_name(one)}.step()", float(one.steps)) for one in training.record.optimizers]
    return bars("Calls counted", "calls", [("loss.backward()", float(training.record.backwards)), *steps])


def _edit(finding: Finding, training: Training) -> str:
    line = backward_line(training)
    never = next((one for one in training.record.optimizers if not one.steps), None)
    if line is None or never is None or training.stepped:
        return ""
    return diff(line, f"  {line.text}", f"+ {optimizer_name(never)}.step()")


FAULT = Fault(
    name="missing_optimizer_step",
    family="The loop",
    title="the optimizer never steps",
    what="Gradients are computed, but nothing applies them: the weights stay as they were.",
    formula=f"At least {LEAST} backward passes reach parameters that an optimizer has, it took 0 steps, "
    "and no parameter has changed.",
    source="A fact, counted; the only threshold is more passes than are usually accumulated.",
    silent="the weights move in another way (`p -= lr * p.grad`, another optimizer).",
    proven="no parameter that the loss reaches ever changes.",
    remedy="Call `optimizer.step()` after `loss.backward()`.",
    see=("learning_rate",),
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=(single("optimizer.step() after each backward pass", "step"),),
    explains=(Explains(("lr_too_low", "loss_plateau"), "weights that never move learn nothing"),),
    signals=("reach",),
)
