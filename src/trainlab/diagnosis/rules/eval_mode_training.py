"""The network is trained in eval mode: dropout is off and batch-norm uses old statistics.

Silent where nothing in the network depends on the mode, and where only parts of it are in eval mode (batch
norms that are kept frozen on purpose).
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case, named

FAULT = "eval_mode_training"
SHARE = 0.4
LEAST = 20


def judge(case: Case) -> Finding | None:
    """Fire if more than 40 % of the forward passes that learn are in eval mode."""
    for root in case.seen.roots:
        calls = root.learn_in_train + root.learn_in_eval
        if not root.noisy or root.learn_in_eval < LEAST or root.learn_in_eval < SHARE * calls:
            continue
        if not root.noisy_in_eval or any(case.seen.params[key].loaded for key in root.params):
            continue
        since = f" since {root.last_eval.quoted}" if root.last_eval is not None else ""
        return Finding(
            fault=FAULT,
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
