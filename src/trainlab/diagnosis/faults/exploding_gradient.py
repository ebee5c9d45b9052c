"""Gradients grow from layer to layer, from time step to time step or from step to step."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.loops import gradient_norm
from trainlab.diagnosis.pictures.network import gradient_by_depth
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import CLIPPED, initialized, rate_times
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.gradients import early_gradients, total_norms
from trainlab.diagnosis.signals.training import Training

GROWN = 1e3
LARGE = 1e4
AT_START = 1e3
FIRST = 10
"""By so many losses it is seen by how much what is stepped on is larger than a mean over samples."""


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and ‖g‖ exceeds 1e4 three times, or 1,000 times its first median."""
    import numpy as np

    if not training.learning.failing:
        return None
    ticks, norms = total_norms(training)
    if not norms:
        return None
    values = np.nan_to_num(np.asarray(norms), nan=1e30, posinf=1e30)
    first = median(values[:3])
    top = float(values.max())
    scale = _unit(training)
    huge = int((values > LARGE * scale).sum()) >= 3
    if not huge and top <= GROWN * first and first <= AT_START * scale:
        return None
    at_start = first > AT_START * scale
    layers = early_gradients(training)
    profile = ", ".join(f"{param.name} {value:.1e}" for param, value in layers[:10])
    worst = max(layers, key=lambda pair: pair[1], default=None)
    return Finding(
        place=Place(kind="parameters", parameters=(worst[0].name,) if worst else ()),
        where=(
            f"{worst[0].name if worst else 'all parameters'} (largest), from step "
            f"{ticks[int(values.argmax())]}"
        ),
        confidence=0.9 if at_start else 0.7,
        evidence=(
            f"‖gradient‖ is {first:.3g} in the first steps and {top:.3g} at most (step "
            f"{ticks[int(values.argmax())]})",
            f"rms by layer, input first: {profile}",
            training.learning.words,
        ),
        remedy="Clip gradients to norm 1, start recurrent weights orthogonal, lower the learning rate.",
        code="torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    )


def _unit(training: Training) -> float:
    """Return the loss to measure gradients by: large targets, or a sum over samples, raise no alarm.

    A loss scaler's factor is in the losses that backward is called on, but in no gradient that is stepped on.
    """
    learning = training.learning
    unit = learning.trivial if math.isfinite(learning.trivial) else learning.start
    scale = max(1.0, abs(unit)) if math.isfinite(unit) else 1.0
    if learning.main is None or learning.loss_curve is None or training.record.uses_scaler:
        return scale
    called = learning.loss_curve.first
    sums = [
        called[fit.tick] / fit.value
        for fit in learning.main.fits[:FIRST]
        if fit.value > 0 and math.isfinite(called.get(fit.tick, math.nan))
    ]
    return scale * max(1.0, median(sums)) if sums else scale


def _picture(training: Training) -> Picture | None:
    """The norm over the steps; where there is only one, the gradient by layer."""
    return gradient_norm(training) or gradient_by_depth(training)


FAULT = Fault(
    name="exploding_gradient",
    family="What shows in the numbers",
    title="the gradients explode",
    what="They grow from layer to layer, from time step to time step, or from step to step.",
    formula=f"The training fails, and ‖g‖ exceeds {LARGE:,.0f} three times, or {GROWN:,.0f} times its "
    f"first median, or starts above {AT_START:,.0f}; in units of the loss of the best constant "
    "answer, summed as the loss is.",
    source="SageMaker, traintools and gradscope warn from 1e3 on; in that unit large targets raise no alarm.",
    silent="the training succeeds: single spikes are common in recurrent networks.",
    remedy="Clip to norm 1, start recurrent weights orthogonal, lower the learning rate.",
    see=(
        "chain_rule",
        "init",
    ),
    judge=judge,
    picture=_picture,
    remedies=(CLIPPED, initialized("orthogonal"), rate_times(0.1)),
    explains=(Explains(("lr_too_high", *GROWTH[1:], "loss_plateau"), "a huge gradient is a huge step"),),
    signals=("smoothed start", "loss of the best constant answer", "rms gradient", "gradient norm"),
)
