"""The network is trained in eval mode: dropout is off and batch-norm uses old statistics.

Silent where nothing in the network depends on the mode, and where only parts of it are in eval mode (batch
norms that are kept frozen on purpose).
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.loops import modes
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training, named

SHARE = 0.4
LEAST = 20


def judge(training: Training) -> Finding | None:
    """Fire if more than 40 % of the forward passes that learn are in eval mode."""
    for root in training.record.networks:
        calls = root.learn_in_train + root.learn_in_eval
        if not root.noisy or root.learn_in_eval < LEAST or root.learn_in_eval < SHARE * calls:
            continue
        if not root.noisy_in_eval or any(training.record.params[key].loaded for key in root.params):
            continue
        since = f" since {root.last_eval.quoted}" if root.last_eval is not None else ""
        return Finding(
            place=place_at(root.last_eval, "module", module=root.name),
            where=(
                f"{root.name}.eval(){since}: no {root.name}.train() before training goes on "
                f"({named(root.noisy_in_eval)})"
            ),
            confidence=0.95,
            evidence=(
                f"{root.learn_in_eval} of {calls} training passes of {root.name} were made in eval mode",
                f"{named(root.noisy_in_eval)} behave differently then: dropout is off, "
                "batch-norm doesn't adapt",
            ),
            remedy=f"Call {root.name}.train() at the start of each epoch, after the evaluation.",
            code=f"{root.name}.train()",
        )
    return None


FAULT = Fault(
    name="eval_mode_training",
    family="The loop",
    title="the network is trained in eval mode",
    what="`model.train()` wasn't called after an evaluation: dropout is off, and batch-norm uses old "
    "statistics instead of the batch's.",
    formula=f"More than {SHARE:.0%} of the forward passes that a backward pass follows, and at least "
    f"{LEAST}, are made in eval mode, by a network with dropout or batch-norm.",
    source="A fact, counted. One forgotten call leaves that share of a training of a few epochs.",
    silent="nothing in the network depends on the mode, weights were loaded (fine-tuning with frozen "
    "batch-norm), or only a part of it is in eval mode.",
    remedy="Call `model.train()` at the start of each epoch.",
    judge=judge,
    picture=modes,
    remedies=(single("train mode in passes that learn", "train_to_learn", same_loss=False),),
    explains=(
        Explains(
            ("overfitting", "exploding_gradient", "loss_plateau"), "dropout and batch-norm are switched off"
        ),
    ),
)
