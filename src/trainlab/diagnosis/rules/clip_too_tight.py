"""Gradients are clipped to a small part of their size in every step: the clip sets the pace, not the rate."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

FAULT = "clip_too_tight"
COEFFICIENT, COEFFICIENT_OF_SGD = 2e-2, 0.2
SHARE = 0.95
UNFIT = 0.3


def judge(case: Case) -> Finding | None:
    """Fire where gradients are cut to under 2 % in the middle, in 95 % of the steps, and the fit is poor."""
    clips = [(norm, limit) for _, norm, limit in case.seen.clips if np.isfinite(norm) and norm > 0]
    if len(clips) < 10:
        return None
    coefficients = np.asarray([min(1.0, limit / norm) for norm, limit in clips])
    # Adam's steps don't depend on the gradient's size; with plain SGD the clip sets how far a step goes.
    plain = all(optimizer.kind == "SGD" for optimizer in case.stepped)
    limit = COEFFICIENT_OF_SGD if plain else COEFFICIENT
    if float(np.median(coefficients)) >= limit or float((coefficients < 1).mean()) < SHARE:
        return None
    event = next(iter(case.seen.events_of("clip")), None)
    norms = np.asarray([norm for norm, _ in clips])
    finding = Finding(
        fault=FAULT,
        where=f"clip_grad_norm_ at {event.site.quoted}"
        if event is not None and event.site
        else "clip_grad_norm_",
        confidence=0.85,
        evidence=(
            f"max_norm is {clips[0][1]:g}; the norms before clipping are "
            f"{np.percentile(norms, 10):.3g} to {np.percentile(norms, 90):.3g}",
            f"gradients are cut to {np.median(coefficients):.2%} of their size, in "
            f"{float((coefficients < 1).mean()):.0%} of the steps",
            case.learning.words,
        ),
        remedy="Set max_norm near the largest usual norm, so that only outliers are cut.",
        code=f"torch.nn.utils.clip_grad_norm_(model.parameters(), {np.percentile(norms, 90):.2g})",
    )
    unfit = case.learning.failing or (case.learning.ratio > UNFIT and not case.learning.adversarial)
    return finding if unfit else finding.as_note()
