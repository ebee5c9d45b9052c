"""Weights that start at zero, in more than the last layer: no gradient gets through them."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.rules.symmetric_init import alike
from trainlab.diagnosis.signals.case import Case, named

FAULT = "zero_init"


def judge(case: Case) -> Finding | None:
    """Fire if hidden weights start at 0 and their rows are still alike after 20 steps."""
    found = [param for param in alike(case) if param.start.get("zeros", 0) >= 0.99]
    if not found:
        return None
    kinds = named(param.module_kind for param in found)
    return Finding(
        fault=FAULT,
        where=named(param.name for param in found) + (f" ({kinds})" if kinds else ""),
        confidence=0.93,
        evidence=(
            f"{named(param.name for param in found)}: all zero at the start, and all rows are "
            f"still equal after {case.seen.tick} steps",
            case.learning.words,
        ),
        remedy="Start from random weights; zero is fine for biases.",
        code="torch.nn.init.xavier_uniform_(layer.weight)",
    )
