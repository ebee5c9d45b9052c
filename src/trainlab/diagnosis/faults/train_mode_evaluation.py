"""The network is evaluated in train mode: dropout still drops, batch-norm uses (and learns) the test batch.

Silent if any evaluation is in eval mode, and where passes without gradients come in most steps: those feed
another network or a target, and judge nothing.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.loops import modes
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training, named


def judge(training: Training) -> Finding | None:
    """Fire if all evaluations of a trained network with dropout or batch-norm are in train mode."""
    if training.learning.adversarial:
        return None
    for root in training.record.networks:
        learnt = root.learn_in_train + root.learn_in_eval
        often = root.judge_ticks > 0.5 * max(1, training.record.tick)
        if (
            not root.noisy
            or learnt < 20
            or often
            or root.judge_in_eval
            or not root.judge_in_train
            or root.eval_ever
        ):
            continue
        site = root.judge_site
        return Finding(
            place=place_at(site, "module", module=root.name),
            where=(
                f"{root.name} at {site.quoted if site else 'the evaluation'}: no {root.name}.eval() "
                f"before it ({named(root.noisy)})"
            ),
            confidence=0.9,
            evidence=(
                f"all {root.judge_in_train} passes of {root.name} that evaluate were made in train mode",
                f"{named(root.noisy_kinds)} ({named(root.noisy)}) are at work then: results change from call "
                "to call and depend on the batch",
            ),
            remedy=f"Call {root.name}.eval() before evaluating and {root.name}.train() after it.",
            code=f"{root.name}.eval()\nwith torch.no_grad():\n    …\n{root.name}.train()",
        )
    return None


FAULT = Fault(
    name="train_mode_evaluation",
    family="The loop",
    title="the network is evaluated in train mode",
    what="Dropout still drops, and batch-norm uses the test batch and learns from it: the evaluation's "
    "numbers are too low and change from call to call.",
    formula="All passes of a network with dropout or batch-norm that no backward pass follows are made "
    "in train mode, and `eval()` was never called.",
    source="A fact, counted.",
    silent="any evaluation is in eval mode, or passes without gradients come in over half of the steps: "
    "those feed another network or a target.",
    remedy="Call `model.eval()` before an evaluation and `model.train()` after it.",
    judge=judge,
    picture=modes,
    remedies=(single("eval mode in passes without gradients", "eval_to_judge"),),
    not_to_blame="it changes the evaluation, not the training",
)
