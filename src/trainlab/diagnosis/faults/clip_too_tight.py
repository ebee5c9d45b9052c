"""Gradients are clipped to a small part of their size in every step: the clip sets the pace, not the rate."""

from __future__ import annotations

import math
import re

from trainlab.diagnosis.edits import replaced
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import Clipping
from trainlab.diagnosis.pictures.kinds import Picture, lines, one_line
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training

COEFFICIENT, COEFFICIENT_OF_SGD = 2e-2, 0.2
SHARE = 0.95
UNFIT = 0.3


def judge(training: Training) -> Finding | None:
    """Fire where gradients are cut to under 2 % in the middle, in 95 % of the steps, and the fit is poor."""
    import numpy as np

    clips = [(norm, limit) for _, norm, limit in training.record.clips if math.isfinite(norm) and norm > 0]
    if len(clips) < 10:
        return None
    coefficients = np.asarray([min(1.0, limit / norm) for norm, limit in clips])
    # Adam's steps don't depend on the gradient's size; with plain SGD the clip sets how far a step goes.
    plain = all(optimizer.kind == "SGD" for optimizer in training.stepped)
    limit = COEFFICIENT_OF_SGD if plain else COEFFICIENT
    if median(coefficients) >= limit or float((coefficients < 1).mean()) < SHARE:
        return None
    event = next(iter(training.record.events_of(Clipping)), None)
    norms = np.asarray([norm for norm, _ in clips])
    usual = float(np.percentile(norms, 90))
    finding = Finding(
        place=place_at(None if event is None else event.site, "call", call="clip_grad_norm_"),
        where=f"clip_grad_norm_ at {event.site.quoted}"
        if event is not None and event.site
        else "clip_grad_norm_",
        confidence=0.85,
        evidence=(
            f"max_norm is {clips[0][1]:g}; the norms before clipping are "
            f"{np.percentile(norms, 10):.3g} to {usual:.3g}",
            f"gradients are cut to {median(coefficients):.2%} of their size, in "
            f"{float((coefficients < 1).mean()):.0%} of the steps",
            training.learning.words,
        ),
        remedy="Set max_norm near the largest usual norm, so that only outliers are cut.",
        code=f"torch.nn.utils.clip_grad_norm_(model.parameters(), {usual:.2g})",
        value=float(f"{usual:.2g}"),
    )
    unfit = training.learning.is_unfit(UNFIT)
    return finding if unfit else finding.as_note()


def _picture(training: Training) -> Picture | None:
    """Gradient norms before clipping, and the limit."""
    clips = [
        (tick, norm, limit) for tick, norm, limit in training.record.clips if math.isfinite(norm) and norm > 0
    ]
    if len(clips) < 2:
        return None
    ticks = [tick for tick, _, _ in clips]
    return lines(
        "Gradient norms before clipping, and the limit",
        "step",
        "‖gradient‖",
        [
            one_line("norm", ticks, [norm for _, norm, _ in clips]),
            one_line("max_norm", ticks, [limit for _, _, limit in clips]),
        ],
        log_y=True,
    )


def _edit(finding: Finding, training: Training) -> str:
    event = next(iter(training.record.events_of(Clipping)), None)
    if event is None or event.site is None or finding.value is None:
        return ""
    text = event.site.text
    found = list(re.finditer(r"(?<=[,=(\s])[0-9][0-9.]*(?:e[+-]?[0-9]+)?(?=\s*[,)])", text))
    if len(found) != 1:
        return ""
    start, end = found[0].span()
    return replaced(event.site, f"{text[:start]}{finding.value:.2g}{text[end:]}")


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    """Clip at the norm that the finding names."""
    norm = finding.value
    words = f"gradients clipped at {norm:g}" if norm is not None else "no clipping"
    return (single(words, "looser_clip", norm=norm),)


FAULT = Fault(
    name="clip_too_tight",
    family="The loop",
    title="clipping leaves next to nothing of the gradients",
    what="The limit is far below the usual norm: it, not the learning rate, sets the pace of the training.",
    formula=f"The median of max_norm / ‖g‖ is below {COEFFICIENT:.0%}, over {SHARE:.0%} of the steps are "
    f"clipped, and the loss is above {UNFIT:.0%} of that of the best constant answer.",
    source="Google's deep learning tuning playbook: a limit near the 90th percentile of the norms; if "
    "more than half of the steps are clipped, lower the learning rate instead.",
    silent="the fit is good; then it is a note.",
    remedy="Set `max_norm` near the largest usual norm, so that it cuts only outliers.",
    see=("learning_rate",),
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=_remedies,
    explains=(Explains(("lr_too_low", "loss_plateau"), "clipped steps are small steps"),),
    signals=("loss of the best constant answer", "loss ratio", "clip coefficient"),
)
