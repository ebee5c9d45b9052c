"""Batch-norm over so few values that mean and variance are noise."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case, named

FAULT = "batchnorm_small_batch"
SHARE = 0.5


def judge(case: Case) -> Finding | None:
    """Fire if a batch-norm in training had at most 4 values a channel in over half of its calls."""
    small = [
        event
        for event in case.seen.events_of("batch_norm")
        if event.facts["small"] > SHARE * event.facts["calls"] and event.facts["calls"] >= 10
    ]
    if not small:
        return None
    return Finding(
        fault=FAULT,
        where=named(event.module for event in small),
        confidence=0.9,
        evidence=tuple(
            f"{event.module}: {event.facts['small']} of {event.facts['calls']} training batches "
            "gave at most 4 values a channel "
            f"(fewest {event.facts['values']})"
            for event in small[:4]
        ),
        remedy="Use larger batches, or LayerNorm / GroupNorm, which don't look at other samples.",
        code="nn.GroupNorm(num_groups, channels)  # or nn.LayerNorm(features)",
    )
