"""Gradients are to be accumulated over several small batches, but cleared before each: only the last counts.

Silent with several optimizers, where clearing what another's loss left is usual, and with closures; for
attacks on the input, and for SAM, whose backward passes are called from several lines; and where gradients
are put together by hand.
"""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training, optimizer_name

LEAST = 8
SHARE = 0.9
SLACK = 1.02


def judge(training: Training) -> Finding | None:
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
        where=site.quoted if site else f"{name}.zero_grad()",
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
    often = optimizer.steps_after_lost > SHARE * optimizer.looked_back
    if optimizer.uses_closure or optimizer.steps_after_lost < LEAST or not often:
        return None
    return optimizer


def _picture(training: Training) -> Picture | None:
    """Backward passes before the steps looked at, and how many of them count."""
    optimizer = _found(training)
    if optimizer is None:
        return None
    pairs = [
        ("backward passes", float(optimizer.steps_after_lost + optimizer.lost_passes)),
        ("cleared before the step", float(optimizer.lost_passes)),
        ("used by the step", float(optimizer.steps_after_lost)),
    ]
    return bars("Backward passes in the steps looked at", "backward passes", pairs)


FAULT = Fault(
    name="zero_grad_every_microbatch",
    family="The loop",
    title="gradients are cleared between the batches of a step",
    what="Several small batches are meant to make one step, but `zero_grad()` is called before each of them: "
    "only the last one counts, and divided by the number of batches its gradient is too small.",
    formula=f"Before more than {SHARE:.0%} of the steps looked at, and at least {LEAST}, gradients were "
    "cleared that no step had used, and the same line called `backward()` again.",
    source="A fact, counted; whether the step uses what the last pass made is looked up in the gradients.",
    silent="there are several optimizers or a closure, a graph is kept for another backward pass, the passes "
    "are called from several lines (an attack on the input, both steps of SAM), or the gradients of the step "
    "were put together from those that were cleared.",
    remedy="Call `zero_grad()` after `step()`, in the same branch. Where all batches of an epoch come before "
    "one step, put `step()` inside the batch loop.",
    judge=judge,
    picture=_picture,
    untried="the script's own loop decides when gradients are cleared",
    explains=(
        Explains(("lr_too_low", "loss_plateau", "oscillating_loss"), "most of the gradients are thrown away"),
    ),
    signals=("lost gradients",),
)
