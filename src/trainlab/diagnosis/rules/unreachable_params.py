"""Parameters that an optimizer has and no gradient reaches: a layer whose output nobody uses.

Small ones that are never called (under a tenth) are a note: heads that wait for another phase.
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.rules.detached_graph import cut_above, without_gradient
from trainlab.diagnosis.signals.case import Case, modules_of

FAULT = "unreachable_params"
SMALL = 0.05


def judge(case: Case) -> Finding | None:
    """Fire if such parameters exist and no call that leaves the graph explains them."""
    lost = without_gradient(case)
    if "params_not_in_optimizer" in case.faults:
        lost = [
            param for param in lost if param.owner is not None
        ]  # the others were replaced, and are told of
    if not lost or cut_above(case, lost) is not None:
        return None
    seen = case.seen
    held = [seen.params[key] for optimizer in case.stepped for key in optimizer.params]
    declared = sum(param.size for param in held if param.requires_grad)
    size = sum(param.size for param in lost)
    finding = Finding(
        fault=FAULT,
        where=f"{modules_of(param.name for param in lost)} ({case.names(lost)})",
        confidence=0.95,
        evidence=(
            f"no gradient has reached {len(lost)} parameters in any step looked at: their "
            "output isn't part of the loss",
            f"declared {declared:,}, reachable from the loss {declared - size:,}, out of reach {size:,}",
        ),
        remedy="Use the output of this layer where the next one takes its input, or remove the layer.",
        code="",
    )
    return finding.as_note() if size < SMALL * declared else finding
