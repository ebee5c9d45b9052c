"""What comes between gradient and step: clipping."""

from __future__ import annotations

import math
import re

from trainlab.diagnosis.edits import diff, replaced
from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import Clipping
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars, lines, one_line
from trainlab.diagnosis.place import Site, place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals.curve import median
from trainlab.diagnosis.signals.training import Training, optimizer_name

# What clipping leaves of gradients, and whether an optimizer minds.

COEFFICIENT, COEFFICIENT_OF_SGD = 2e-2, 0.2
UNFIT_CLIPPED = 0.3
TIMES_EPS = 10
_ADAPTIVE = frozenset(
    ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adadelta", "Adagrad", "RMSprop", "Rprop", "SparseAdam")
)
_DECOUPLED = frozenset(("AdamW",))
"""Their weight decay isn't part of the gradient."""
_OF_ADAPTIVE = "the optimizer divides gradients by their own size: however small, they give the same steps"


def _clips(training: Training) -> list[tuple[int, float, float]]:
    """Return ticks, norms before clipping, and limits."""
    return [one for one in training.record.clips if math.isfinite(one[1]) and one[1] > 0]


def _divides_by_size(training: Training) -> bool:
    """Whether all optimizers divide gradients by their own size: what scales all of them changes no step.

    Not where so little is left that `eps` or weight decay, which are added to it, are as large.
    """
    return all(one.kind in _ADAPTIVE and not _outweighed(training, one) for one in training.stepped)


def _outweighed(training: Training, optimizer: OptimizerRecord) -> bool:
    params = [training.record.params[key] for key in optimizer.params]
    size = sum(one.size for one in params if one.with_grad)
    norm = median([min(norm, limit) for _, norm, limit in _clips(training)]) / optimizer.scale
    decay, eps = (optimizer.settings.get(name) for name in ("weight_decay", "eps"))
    added = TIMES_EPS * eps if isinstance(eps, float) else 0.0
    if isinstance(decay, float) and optimizer.kind not in _DECOUPLED:
        added = max(added, decay * max((one.weight_rms[-1] for one in params if one.weight_rms), default=0.0))
    return added > norm / max(1, size) ** 0.5


# clip_misplaced: Gradients are clipped before there are any, or after the step has used them: it does
# nothing.

LEAST = 20
SHARE_MISPLACED = 0.9


def judge_clip_misplaced(training: Training) -> Finding | None:
    """Fire if no backward pass came between the last step and nearly all calls that clip, or no unscaling."""
    optimizer = _found(training)
    if optimizer is None:
        return _of_scaled(training)
    name, site = optimizer_name(optimizer), optimizer.clip_site
    return Finding(
        place=place_at(site, "call", call="clip_grad_norm_"),
        where=quoted(site, "the clipping"),
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
    one = _only(training)
    return one if one is not None and _is_usual(one.clips_in_vain, one) else None


def _only(training: Training) -> OptimizerRecord | None:
    optimizers = training.record.optimizers
    return optimizers[0] if len(optimizers) == 1 else None


def _is_usual(calls: int, optimizer: OptimizerRecord) -> bool:
    """Whether these are many of the calls that clip, and nearly all."""
    return calls >= LEAST and calls > SHARE_MISPLACED * optimizer.clips


def _scaled(training: Training) -> OptimizerRecord | None:
    """Return the optimizer whose gradients are clipped while they are multiplied by a loss scale.

    Where the limit is multiplied, too, or the gradients were divided by hand, next to nothing isn't what is
    left of them.
    """
    one = _only(training)
    if one is None or not _is_usual(one.clips_scaled, one):
        return None
    left = median([min(1.0, limit / norm) for _, norm, limit in _clips(training)] or [1.0])
    return one if one.scale > 1 / COEFFICIENT and left < COEFFICIENT else None


def _of_scaled(training: Training) -> Finding | None:
    optimizer = _scaled(training)
    if optimizer is None:
        return None
    name, site, scale = optimizer_name(optimizer), optimizer.clip_site, optimizer.scale
    scaler = _scaler_name(optimizer)
    limit = _clips(training)[-1][2]
    finding = Finding(
        place=place_at(site, "call", call="clip_grad_norm_"),
        where=f"{site.quoted}, before {scaler}.unscale_({name})" if site else "the clipping",
        confidence=0.93,
        evidence=(
            f"in {optimizer.clips_scaled:,} of {optimizer.clips:,} calls the gradients were still multiplied "
            f"by the loss scale, {scale:,.0f}: max_norm={limit:g} is {limit / scale:.1e} of their own",
            *((_OF_ADAPTIVE,) if _divides_by_size(training) else ()),
            training.learning.words,
        ),
        remedy=f"Call {scaler}.unscale_({name}) before clipping.",
        code=f"{scaler}.unscale_({name})\nnn.utils.clip_grad_norm_(model.parameters(), {limit:g})",
    )
    blamed = training.learning.is_unfit(UNFIT_CLIPPED) and not _divides_by_size(training)
    return finding if blamed else finding.as_note()


def _scaler_name(optimizer: OptimizerRecord) -> str:
    line = optimizer.step_site.text if optimizer.step_site is not None else ""
    match = re.search(r"([\w.]+)\.step\([\w.]+", line)
    return match[1] if match is not None else "scaler"


def _edit_of_clip_misplaced(finding: Finding, training: Training) -> str:
    """Divide gradients by the loss scale before they are clipped."""
    optimizer = _scaled(training) if _found(training) is None else None
    if optimizer is None or optimizer.clip_site is None or optimizer.step_site is None:
        return ""
    site, stepped = optimizer.clip_site, re.search(r"\.step\(([\w.]+)", optimizer.step_site.text)
    if stepped is None:
        return ""
    return diff(site, f"+ {_scaler_name(optimizer)}.unscale_({stepped[1]})", f"  {site.text}")


def _picture_of_clip_misplaced(training: Training) -> Picture | None:
    """Calls that clip, and those between a backward pass and a step; or what is left of scaled gradients."""
    one = _found(training)
    if one is None:
        return _picture_of_clip_too_tight(training)
    pairs = [("calls that clip", one.clips), ("between backward() and step()", one.clips - one.clips_in_vain)]
    return bars("When gradients are clipped", "calls", pairs)


CLIP_MISPLACED = Fault(
    name="clip_misplaced",
    family="The loop",
    title="gradients are clipped at the wrong time",
    what="They are clipped before `backward()` has made them, or after `step()` has used them: no step ever "
    "takes clipped gradients. Or they are clipped while a `GradScaler` has multiplied them, so that hardly "
    "anything is left of them.",
    formula=f"In more than {SHARE_MISPLACED:.0%} of the calls that clip, and at least {LEAST}, no "
    "backward pass came since the last step. Or `unscale_` hadn't come since the loss was scaled, by more "
    f"than {1 / COEFFICIENT:g}, and the median of max_norm / ‖g‖ is below {COEFFICIENT:.0%}; then it is a "
    f"fault where the loss is above {UNFIT_CLIPPED:.0%} of that of the best constant answer.",
    source="A fact, counted.",
    silent="there are several optimizers, or the limit is a million or more: then it measures. Of scaled "
    "gradients it is a note under Adam and others that divide them by their size, if that is above "
    f"{TIMES_EPS} times eps.",
    remedy="`backward()`, then `unscale_` where losses are scaled, then `clip_grad_norm_`, then `step()`.",
    judge=judge_clip_misplaced,
    picture=_picture_of_clip_misplaced,
    edit=_edit_of_clip_misplaced,
    untried="the script's own loop decides when gradients are clipped",
    explains=(
        Explains(("lr_too_high", *GROWTH), "the steps that it should hold back are never clipped"),
        Explains(("clip_too_tight", "lr_too_low", "loss_plateau"), "scaled gradients are clipped to nothing"),
    ),
)


# clip_too_tight: Gradients are clipped to a small part of their size in every step: the clip sets the
# pace, not the rate.

SHARE_TIGHT = 0.95


def judge_clip_too_tight(training: Training) -> Finding | None:
    """Fire where gradients are cut to under 2 % in the middle, in 95 % of the steps, and the fit is poor."""
    import numpy as np

    clips = [(norm, limit) for _, norm, limit in _clips(training)]
    if len(clips) < 10 or _scaled(training) is not None:
        return None
    coefficients = np.asarray([min(1.0, limit / norm) for norm, limit in clips])
    # Adam's steps don't depend on the gradient's size; with plain SGD the clip sets how far a step goes.
    adaptive = _divides_by_size(training)
    plain = all(optimizer.kind == "SGD" for optimizer in training.stepped)
    limit = COEFFICIENT_OF_SGD if plain else COEFFICIENT
    if median(coefficients) >= limit or float((coefficients < 1).mean()) < SHARE_TIGHT:
        return None
    site = _clipping_site(training)
    norms = np.asarray([norm for norm, _ in clips])
    usual = float(np.percentile(norms, 90))
    finding = Finding(
        place=place_at(site, "call", call="clip_grad_norm_"),
        where=f"clip_grad_norm_{quoted(site, before=' at ')}",
        confidence=0.85,
        evidence=(
            f"max_norm is {clips[0][1]:g}; the norms before clipping are "
            f"{np.percentile(norms, 10):.3g} to {usual:.3g}",
            f"gradients are cut to {median(coefficients):.2%} of their size, in "
            f"{float((coefficients < 1).mean()):.0%} of the steps",
            *((_OF_ADAPTIVE,) if adaptive else ()),
            training.learning.words,
        ),
        remedy="Set max_norm near the largest usual norm, so that only outliers are cut.",
        code=f"torch.nn.utils.clip_grad_norm_(model.parameters(), {usual:.2g})",
        value=float(f"{usual:.2g}"),
    )
    blamed = training.learning.is_unfit(UNFIT_CLIPPED) and not adaptive
    return finding if blamed else finding.as_note()


def _clipping_site(training: Training) -> Site | None:
    return next((event.site for event in training.record.events_of(Clipping)), None)


def _picture_of_clip_too_tight(training: Training) -> Picture | None:
    """Gradient norms before clipping, and the limit."""
    clips = _clips(training)
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


def _edit_of_clip_too_tight(finding: Finding, training: Training) -> str:
    site = _clipping_site(training)
    if site is None or finding.value is None:
        return ""
    text = site.text
    found = list(re.finditer(r"(?<=[,=(\s])[0-9][0-9.]*(?:e[+-]?[0-9]+)?(?=\s*[,)])", text))
    if len(found) != 1:
        return ""
    start, end = found[0].span()
    return replaced(site, f"{text[:start]}{finding.value:.2g}{text[end:]}")


def _remedies_for_clip_too_tight(finding: Finding) -> tuple[Remedy, ...]:
    """Clip at the norm that the finding names."""
    norm = finding.value
    words = f"gradients clipped at {norm:g}" if norm is not None else "no clipping"
    return (single(words, "looser_clip", norm=norm),)


CLIP_TOO_TIGHT = Fault(
    name="clip_too_tight",
    family="The loop",
    title="clipping leaves next to nothing of the gradients",
    what="The limit is far below the usual norm: it, not the learning rate, sets the pace of the training.",
    formula=f"The median of max_norm / ‖g‖ is below {COEFFICIENT:.0%}, over {SHARE_TIGHT:.0%} of the "
    f"steps are clipped, and the loss is above {UNFIT_CLIPPED:.0%} of that of the best constant answer."
    " Where all optimizers are plain SGD, whose steps the clip limits, a median below "
    f"{COEFFICIENT_OF_SGD:.0%} is enough.",
    source="Google's deep learning tuning playbook: a limit near the 90th percentile of the norms; if "
    "more than half of the steps are clipped, lower the learning rate instead.",
    silent="the fit is good, or all optimizers divide gradients by their size, as Adam does, and what is "
    f"left of these is more than {TIMES_EPS} times eps, and than the weight decay added; then it is a note.",
    remedy="Set `max_norm` near the largest usual norm, so that it cuts only outliers.",
    see=("learning_rate",),
    judge=judge_clip_too_tight,
    picture=_picture_of_clip_too_tight,
    edit=_edit_of_clip_too_tight,
    remedies=_remedies_for_clip_too_tight,
    explains=(Explains(("lr_too_low", "loss_plateau"), "clipped steps are small steps"),),
    signals=("loss of the best constant answer", "loss ratio", "clip coefficient"),
)
