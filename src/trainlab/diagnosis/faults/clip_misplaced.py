"""Gradients are clipped before there are any, or after the step has used them: it does nothing."""

from __future__ import annotations

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training, optimizer_name

LEAST = 20
SHARE = 0.9


def judge(training: Training) -> Finding | None:
    """Fire if no backward pass came between the last step and nearly all calls that clip."""
    optimizer = _found(training)
    if optimizer is None:
        return None
    name, site = optimizer_name(optimizer), optimizer.clip_site
    return Finding(
        place=place_at(site, "call", call="clip_grad_norm_"),
        where=site.quoted if site else "the clipping",
        confidence=0.93,
        evidence=(
            f"in {optimizer.clips_in_vain:,} of {optimizer.clips:,} calls no backward pass had come since "
            f"the last {name}.step()",
            "the gradients that a step uses are never clipped",
        ),
        remedy=f"Clip between backward() and {name}.step().",
        code=f"loss.backward()\nnn.utils.clip_grad_norm_(model.parameters(), 1.0)\n{name}.step()",
    )


def _found(training: Training) -> OptimizerRecord | None:
    if len(training.record.optimizers) != 1:
        return None
    (one,) = training.record.optimizers
    return one if one.clips_in_vain >= LEAST and one.clips_in_vain > SHARE * one.clips else None


def _picture(training: Training) -> Picture | None:
    """Calls that clip, and those between a backward pass and a step."""
    one = _found(training)
    if one is None:
        return None
    pairs = [
        ("calls that clip", float(one.clips)),
        ("between backward() and step()", float(one.clips - one.clips_in_vain)),
    ]
    return bars("When gradients are clipped", "calls", pairs)


FAULT = Fault(
    name="clip_misplaced",
    family="The loop",
    title="gradients are clipped at the wrong time",
    what="They are clipped before `backward()` has made them, or after `step()` has used them: no step ever "
    "takes clipped gradients.",
    formula=f"In more than {SHARE:.0%} of the calls that clip, and at least {LEAST}, no backward pass came "
    "since the last step.",
    source="A fact, counted.",
    silent="there are several optimizers, or the limit is a million or more: then it measures.",
    remedy="`backward()`, then `clip_grad_norm_`, then `step()`.",
    judge=judge,
    picture=_picture,
    untried="the script's own loop decides when gradients are clipped",
    explains=(Explains(("lr_too_high", *GROWTH), "the steps that it should hold back are never clipped"),),
)
