"""Batch-norm over so few values that mean and variance are noise."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import BatchNorm
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training, named

SHARE = 0.5


def judge(training: Training) -> Finding | None:
    """Fire if a batch-norm in training had at most 4 values a channel in over half of its calls."""
    small = [
        event
        for event in training.record.events_of(BatchNorm)
        if event.small > SHARE * event.calls and event.calls >= 10
    ]
    if not small:
        return None
    return Finding(
        place=Place(kind="module", module=small[0].module),
        where=named(event.module for event in small),
        confidence=0.9,
        evidence=tuple(
            f"{event.module}: {event.small} of {event.calls} training batches "
            "gave at most 4 values a channel "
            f"(fewest {event.values})"
            for event in small[:4]
        ),
        remedy="Use larger batches, or LayerNorm / GroupNorm, which don't look at other samples.",
        code="nn.GroupNorm(num_groups, channels)  # or nn.LayerNorm(features)",
    )


def _picture(training: Training) -> Picture | None:
    """The fewest values that each batch-norm took mean and variance of."""
    pairs = [
        (f"batch-norm {event.module}".rstrip(), float(event.values))
        for event in training.record.events_of(BatchNorm)
    ]
    title = "Fewest values a channel in a training batch"
    return bars(title, "values", pairs, worst=lambda value: -value)


FAULT = Fault(
    name="batchnorm_small_batch",
    family="Settings",
    title="batch-norm sees too few values",
    what="The mean and variance of so few values are noise, and differ from the running statistics that "
    "evaluations use.",
    formula=f"A channel has at most 4 values (batch × positions) in over {SHARE:.0%} of at least 10 "
    "training calls.",
    source="Wu and He 2018, Group Normalization: the error of batch-norm rises steeply below 8 samples.",
    silent="positions make up for it: a convolution's map has many values a channel.",
    remedy="Use larger batches, `LayerNorm` or `GroupNorm`.",
    judge=judge,
    picture=_picture,
    remedies=(single("group norm for batch-norm", "group_norm", same_loss=False),),
    explains=(
        Explains(("modes_differ",), "the statistics that it gathers are those of a few values"),
        Explains(
            ("oscillating_loss", "overfitting", "loss_plateau"), "the statistics of a few values are noise"
        ),
    ),
    signals=("values a channel",),
)
