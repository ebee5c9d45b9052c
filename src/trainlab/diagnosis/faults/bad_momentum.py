"""Momentum so close to 1 that the weights overshoot for hundreds of steps."""

from __future__ import annotations

from trainlab.diagnosis.edits import setting
from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.faults.lr_too_high import large_steps
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training, optimizer_name

HIGH, EXTREME = 0.98, 0.99


def judge(training: Training) -> Finding | None:
    """Fire where the training fails with momentum (or Adam's β₁) above 0.98; else it is a note."""
    for optimizer in training.stepped:
        betas = optimizer.settings.get("betas")
        momentum = optimizer.settings.get("momentum", betas[0] if isinstance(betas, tuple) else 0.0)
        if not isinstance(momentum, int | float) or momentum < HIGH:
            continue
        rate = max((value for _, value in optimizer.lr), default=float("nan"))
        name = optimizer_name(optimizer)
        finding = Finding(
            place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
            where=(
                f"{name}: {optimizer.kind} "
                f"momentum={momentum:g}{f' ({optimizer.site.quoted})' if optimizer.site else ''}"
            ),
            confidence=0.85,
            evidence=(
                f"each gradient acts for 1 / (1 − {momentum:g}) ≈ "
                f"{1 / max(1e-9, 1 - momentum):.0f} steps; "
                f"lr / (1 − momentum) is {rate / max(1e-9, 1 - momentum):.3g}",
                training.learning.words,
            ),
            remedy="Use momentum 0.9.",
            code="momentum=0.9",
            value=0.9,
        )
        learning = training.learning
        # Of a loss without targets (triplets, energies) there is no more to see than that it doesn't fall.
        rises = learning.state == "unknown" and not learning.adversarial and learning.improvement < 0
        return finding if learning.failing or (rises and momentum >= EXTREME) else finding.as_note()
    return None


FAULT = Fault(
    name="bad_momentum",
    family="Settings",
    title="momentum is so close to 1 that the weights overshoot",
    what="Each gradient acts for 1 / (1 − m) steps, so the effective learning rate is lr / (1 − m).",
    formula=f"Momentum, or Adam's β₁, is at least {HIGH:g}, and the training fails.",
    source="0.9 is the usual value; 0.99 multiplies the step by 100 (Sutskever et al. 2013).",
    silent="the training succeeds: then it is a note.",
    remedy="Use momentum 0.9, or a learning rate that is smaller by the same factor.",
    see=("learning_rate",),
    judge=judge,
    picture=large_steps,
    edit=setting("momentum", lambda _: 0.9),
    remedies=(single("momentum 0.9", "momentum", value=0.9),),
    explains=(
        Explains(
            ("lr_too_high", *GROWTH, "loss_plateau"), "the effective learning rate is lr / (1 − momentum)"
        ),
    ),
)
