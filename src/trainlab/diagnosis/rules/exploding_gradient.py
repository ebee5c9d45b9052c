"""Gradients grow from layer to layer, from time step to time step or from step to step."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case
from trainlab.diagnosis.signals.gradients import early_gradients, total_norms

FAULT = "exploding_gradient"
GROWN = 1e3
LARGE = 1e4
AT_START = 1e3


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and ‖g‖ exceeds 1e4 three times, or 1,000 times its first median."""
    if not case.learning.failing:
        return None
    ticks, norms = total_norms(case)
    if not norms:
        return None
    values = np.nan_to_num(np.asarray(norms), nan=1e30, posinf=1e30)
    first = float(np.median(values[:3]))
    top = float(values.max())
    # In units of the loss, so that large targets or a sum over samples alone raise no alarm.
    unit = case.learning.trivial if np.isfinite(case.learning.trivial) else case.learning.start
    scale = max(1.0, abs(unit)) if np.isfinite(unit) else 1.0
    huge = int((values > LARGE * scale).sum()) >= 3
    if not huge and top <= GROWN * first and first <= AT_START * scale:
        return None
    at_start = first > AT_START * scale
    layers = early_gradients(case)
    profile = ", ".join(f"{param.name} {value:.1e}" for param, value in layers[:10])
    worst = max(layers, key=lambda pair: pair[1], default=None)
    return Finding(
        fault=FAULT,
        where=(
            f"{worst[0].name if worst else 'all parameters'} (largest), from step "
            f"{ticks[int(values.argmax())]}"
        ),
        confidence=0.9 if at_start else 0.7,
        evidence=(
            f"‖gradient‖ is {first:.3g} in the first steps and {top:.3g} at most (step "
            f"{ticks[int(values.argmax())]})",
            f"rms by layer, input first: {profile}",
            case.learning.words,
        ),
        remedy="Clip gradients to norm 1, start recurrent weights orthogonal, lower the learning rate.",
        code="torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    )
