"""Weight decay pulls harder than the loss: the weights shrink to nothing."""

from __future__ import annotations

from trainlab.diagnosis.edits import setting
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, lines, one_line
from trainlab.diagnosis.pictures.network import MOST_LINES
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.averages import mean, median
from trainlab.diagnosis.signals.training import Training, named, optimizer_name, vanished

SHRUNK = 0.5
UNFIT, SHORT = 0.5, 0.15
DECOUPLED, EXTREME = 5e-3, 1e-2


def judge(training: Training) -> Finding | None:
    """Fire where decay outweighs the gradient, weights shrink by half, and the fit is poor.

    Where nothing is known of the fit: if the loss hasn't come down by half. Decoupled decay of 1 % a step, by
    which weights forget in 70 steps what they learnt, is too much in any training that stays short of a fit.

    One weight matrix that decay, outweighing its gradient, has brought below 1 % of its start stands for half
    of them; not one that no gradient reached anyway.

    Compared are wd·rms(w) and rms(g); of AdamW, where decay is a step of its own, lr·wd and 0.5 %.
    """
    import numpy as np

    unfit = training.learning.is_unfit(UNFIT)
    blind = training.learning.state == "unknown" and not training.learning.improvement > 0.5
    short = training.learning.ratio > SHORT and not training.learning.adversarial
    if not unfit and not blind and not short:
        return None
    for optimizer in training.stepped:
        decay = optimizer.settings.get("weight_decay")
        if not isinstance(decay, int | float) or decay <= 0:
            continue
        rate = max((value for _, value in optimizer.lr), default=0.0)
        weights = [param for param in training.weights() if optimizer.index in param.optimizers]
        if not weights:
            continue
        decoupled = optimizer.kind in ("AdamW", "NAdamW", "Lion")
        pulls = [
            median(decay * np.asarray(param.weight_rms) > np.asarray(param.grad_rms)) for param in weights
        ]
        heavy = rate * decay > DECOUPLED if decoupled else mean(pulls) > 0.5
        extreme = decoupled and rate * decay >= EXTREME
        # One factor of a product that is gone takes the other with it, whatever the rest does.
        gone = [
            param
            for param, pull in zip(weights, pulls, strict=True)
            if pull > 0.5 and vanished(param) and median(param.grad_zeros or [1.0]) < 0.9
        ]
        heavy = heavy or (bool(gone) and not decoupled)
        shrunk = [
            param
            for param in weights
            if param.weight_rms and param.weight_rms[-1] < SHRUNK * max(param.weight_rms[0], 1e-12)
        ]
        if not extreme and not (heavy and (unfit or blind) and (gone or len(shrunk) >= 0.5 * len(weights))):
            continue
        return Finding(
            place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
            where=(
                f"{optimizer_name(optimizer)}: {optimizer.kind} "
                f"weight_decay={decay:g}{f' ({optimizer.site.quoted})' if optimizer.site else ''}"
            ),
            confidence=0.88,
            evidence=(
                ", ".join(
                    f"rms of {param.name} {param.weight_rms[0]:.3g} → {param.weight_rms[-1]:.3g}"
                    for param in (shrunk or [one for one in weights if one.weight_rms])[:5]
                ),
                f"decay outweighs the gradient in {named(param.name for param in weights)}"
                if not decoupled
                else f"each step shrinks the weights by {rate * decay:.2%}",
                training.learning.words,
            ),
            remedy=f"Divide weight_decay by 100: {decay / 100:g}.",
            code=f"weight_decay={decay / 100:g}",
            value=decay / 100,
        )
    return None


def _picture(training: Training) -> Picture | None:
    """The rms of the weights that shrank most, over the steps looked at; None where none lost half of it."""
    found = [param for param in training.weights() if len(param.weight_rms) > 1 and param.weight_rms[0] > 0]
    shrunk = sorted(found, key=lambda param: param.weight_rms[-1] / param.weight_rms[0])[:MOST_LINES]
    if not shrunk or shrunk[0].weight_rms[-1] > 0.5 * shrunk[0].weight_rms[0]:
        return None
    drawn = [one_line(param.name, param.ticks, param.weight_rms) for param in found if param in shrunk]
    return lines("Size of the weights over the steps", "step", "rms of the weight", drawn)


FAULT = Fault(
    name="weight_decay_too_high",
    family="Settings",
    title="weight decay pulls harder than the loss",
    what="The weights shrink to nothing, and the network's output to a constant.",
    formula="wd·rms(w) > rms(g) in over half of the steps looked at (of AdamW: lr·wd above 0.5 % a "
    f"step), over half of the weights end below {SHRUNK:.0%} of their start, or one matrix below 1 %, "
    "and the fit is poor.",
    source="The two pulls on a weight, compared; usual values, 1e-4 to 0.1, are a tenth of the gradient "
    "or less.",
    silent="the fit is good.",
    remedy="Divide `weight_decay` by 100.",
    judge=judge,
    picture=_picture,
    edit=setting("weight_decay", lambda decay: decay / 100),
    remedies=tuple(
        single(words, "weight_decay", times=times)
        for words, times in (("the weight decay / 100", 0.01), ("no weight decay", 0.0))
    ),
    explains=(
        Explains(
            ("vanishing_gradient", "dead_relu", "lr_too_low", "loss_plateau"),
            "nothing passes through weights near 0",
        ),
    ),
    signals=("loss of the best constant answer", "loss ratio", "rms gradient"),
)
