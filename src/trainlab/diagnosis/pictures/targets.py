"""The targets, and the range that outputs are limited to."""

from __future__ import annotations

import math

from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import RANGES
from trainlab.diagnosis.pictures.kinds import Picture, bars, histogram
from trainlab.diagnosis.signals.training import Training, behind


def targets_and_range(training: Training) -> Picture | None:
    """How the targets are spread, and the range of the activation that the outputs come from."""
    loss = main_loss(training)
    if loss is None:
        return None
    if loss.counts:
        known = sorted(loss.counts.items())[:14]
        return bars("Targets seen", "rows", [(f"class {label}", float(count)) for label, count in known])
    for graph in training.record.graphs:
        for node in graph.nodes:
            if training.loss_of(node.op) is not loss:
                continue
            for source in behind(graph, node):
                low, high = RANGES.get(source.kind, (-math.inf, math.inf))
                if any(not low <= value <= high for value in loss.sample):
                    words = f"what {source.kind.lower()} can answer"
                    return histogram(
                        "Targets, and what can be answered",
                        "target",
                        loss.sample,
                        label=words,
                        low=low if math.isfinite(low) else None,
                        high=high if math.isfinite(high) else None,
                    )
    return histogram("Targets seen", "target", loss.sample)


def main_loss(training: Training) -> LossRecord | None:
    """Return the training's main loss, else any."""
    return training.learning.main or next((one for one in training.record.losses if one.count), None)
