"""The network has learnt in train mode, and in eval mode it answers the same rows far worse.

It was asked after the training, in both modes, about rows that it was trained on. Dropout makes answers
better in eval mode, not worse: what is left is batch-norm whose running statistics aren't those of batches.
"""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.answers import Answers, ModelAsked
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.signals.training import Training, named

LEAST_STEPS, LEAST_ROWS = 50, 32
LEARNT, UNFIT = 0.5, 0.9
TIMES = 3.0
FALLEN = 0.2


def judge(training: Training) -> Finding | None:
    """Fire if eval mode, which the script uses, is nearly as bad as a constant where train mode isn't."""
    found = _found(training)
    if found is None:
        return None
    asked, root = found
    return Finding(
        place=Place(kind="module", module=root.noisy[0]),
        where=f"{root.name} in eval mode ({named(root.noisy)})",
        confidence=0.85,
        evidence=(
            f"asked about {asked.unique:,} rows that it was trained on, {root.name} reaches a loss of "
            f"{asked.train.loss:.3g} in train mode and of {asked.evaluation.loss:.3g} in eval mode "
            f"(best constant answer: {asked.constant_loss:.3g})",
            f"the running statistics of {named(root.noisy)} aren't those of the batches it learnt from",
        ),
        remedy="Let the running statistics catch up: larger batches that are shuffled, the default momentum "
        "of 0.1, or a norm that is the same in both modes (LayerNorm, GroupNorm).",
        code="nn.LayerNorm(features)  # or nn.GroupNorm(groups, channels)",
    )


def _found(training: Training) -> tuple[ModelAsked, NetworkRecord] | None:
    record = training.record
    if training.learning.adversarial or record.tick < LEAST_STEPS:
        return None
    for asked in record.asked:
        root = next((one for one in record.networks if one.name == asked.name), None)
        if root is None or not root.judge_in_eval or not any("Norm" in kind for kind in root.noisy_kinds):
            continue
        in_train, in_eval = asked.train, asked.evaluation
        by_train, by_eval = _by_constant(asked, in_train), _by_constant(asked, in_eval)
        worse = by_eval > max(UNFIT, TIMES * by_train) and by_train < LEARNT
        classes = record.losses[asked.loss].kind in (*CLASSES, *BINARY)
        worse = worse and (not classes or in_train.reached - in_eval.reached > FALLEN)
        if worse and asked.unique >= LEAST_ROWS and asked.apart > 0:
            return asked, root
    return None


def _by_constant(asked: ModelAsked, answers: Answers) -> float:
    """Return the loss by the best constant's: by the plain criterion where it's known, else by its own."""
    if not math.isnan(answers.plain):
        return answers.plain
    return answers.loss / asked.constant_loss if asked.constant_loss > 0 else math.nan


def _picture(training: Training) -> Picture | None:
    """The loss in both modes, and that of the best constant answer."""
    found = _found(training)
    if found is None:
        return None
    asked, _ = found
    pairs = [
        ("in train mode", asked.train.loss),
        ("in eval mode", asked.evaluation.loss),
        ("best constant answer", asked.constant_loss),
    ]
    return bars("Loss on the same rows", "loss", pairs)


FAULT = Fault(
    name="modes_differ",
    family="The network",
    title="the network answers far worse in eval mode than in train mode",
    what="In train mode batch-norm uses each batch's own mean and variance, in eval mode those that it "
    "gathered. Where these are others, the network that was trained isn't the one that is evaluated.",
    formula="Asked at the end about rows that it was trained on, a network with batch-norm that is evaluated "
    f"in eval mode scores below {LEARNT:g} of the best constant's loss in train mode, and in eval mode above "
    f"{UNFIT:g} of that and {TIMES:g} times as much; classes: {FALLEN:g} less accuracy, too.",
    source="A fact, measured on copies of the network after the training.",
    silent=f"it took fewer than {LEAST_STEPS} steps, was asked about fewer than {LEAST_ROWS} rows, or isn't "
    "evaluated in eval mode.",
    remedy="Larger, shuffled batches and the default momentum, or LayerNorm or GroupNorm.",
    judge=judge,
    picture=_picture,
    untried="it changes the evaluation, not the training",
    not_to_blame="it changes the evaluation, not the training",
)
