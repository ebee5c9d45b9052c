"""Pictures of the data: targets and their range, features, batches, rows."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from trainlab.diagnosis.features import feature_name
from trainlab.diagnosis.pictures.kinds import bars, histogram, strips
from trainlab.diagnosis.rules.output_range_mismatch import RANGES
from trainlab.diagnosis.seen_losses import LossSeen
from trainlab.diagnosis.signals.case import Case, behind

Picture = dict[str, Any]
USUAL = (0.3, 3.0)
"""Spreads, and sizes, of features that were standardised."""
MOST_CLASSES = 8
MOST_BATCHES = 24


def targets_and_range(case: Case) -> Picture | None:
    """How the targets are spread, and the range of the activation that the outputs come from."""
    loss = _loss(case)
    if loss is None:
        return None
    if loss.counts:
        known = sorted(loss.counts.items())[:14]
        return bars("Targets seen", "rows", [(f"class {label}", float(count)) for label, count in known])
    for graph in case.seen.graphs:
        for node in graph.nodes:
            if case.loss_of(node.op) is not loss:
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


def cast(case: Case) -> Picture | None:
    """How many different values there were before a cast to whole numbers, and after it."""
    event = next(iter(case.seen.events_of("truncated")), None)
    if event is None:
        return None
    pairs = [
        ("before", float(event.facts["before"])),
        (f"after, as {event.facts['dtype']}", float(event.facts["after"])),
    ]
    return bars("Different values before and after the cast", "different values", pairs)


def targets_and_outputs(case: Case) -> Picture | None:
    """How the targets are spread, and where the outputs of the last steps lie."""
    loss = _loss(case)
    if loss is None:
        return None
    late = [fit for fit in loss.fits[-10:] if fit.out_low is not None and fit.out_high is not None]
    if not late:
        return histogram("Targets seen", "target", loss.sample)
    low = min(fit.out_low for fit in late if fit.out_low is not None)
    high = max(fit.out_high for fit in late if fit.out_high is not None)
    if low <= min(loss.sample, default=low) and high >= max(loss.sample, default=high):
        return histogram("Targets seen", "target", loss.sample)  # the outputs are where they should be
    words = "outputs in the last steps looked at"
    return histogram(
        "Targets, and where the outputs are", "target", loss.sample, label=words, low=low, high=high
    )


def feature_sizes(case: Case) -> Picture | None:
    """The standard deviation of each feature, largest first; where these are usual, the mean sizes."""
    rows = case.seen.data.sample_x
    if len(rows) < 2:
        return None
    x = np.asarray([row for row in rows if len(row) == len(rows[0])], dtype=np.float64)
    spread = x.std(0)
    far = bool(spread.max() <= USUAL[1])
    values = np.abs(x).mean(0) if far else spread
    shape = case.seen.data.input_shape
    order = np.argsort(-values).tolist()
    pairs = [(feature_name(at, shape), float(values[at])) for at in order if values[at] > 0]
    what = ("Mean size", "mean |x|") if far else ("Spread", "standard deviation")
    return bars(f"{what[0]} of the input features, largest first", what[1], pairs, log=True, usual=USUAL)


def batch_strips(case: Case) -> Picture | None:
    """Of the first batches the composition by class, each a row."""
    loss = next((one for one in case.seen.losses if one.count and one.batches), None)
    if loss is None:
        return None
    batches = loss.batches[:MOST_BATCHES]
    labels = sorted({label for batch in batches for label in batch})
    shown = labels[: MOST_CLASSES - 1] if len(labels) > MOST_CLASSES else labels
    parts = [f"class {label:g}" for label in shown]
    if len(shown) < len(labels):
        parts.append("others")
    rows: list[tuple[str, list[int]]] = []
    for place, batch in enumerate(batches, 1):
        counted = Counter(batch)
        known = [counted[label] for label in shown]
        rows.append(
            (f"batch {place}", known + ([len(batch) - sum(known)] if len(shown) < len(labels) else []))
        )
    return strips("Classes in the first batches looked at, in order", parts, rows)


def batches_used(case: Case) -> Picture | None:
    """Training passes, different batches among them, rows in them and rows that there are."""
    data = case.seen.data
    rows = max([data.held, *(loader.rows or 0 for loader in case.seen.loaders)])
    shown = len(data.train_rows) if data.largest_batch <= 256 else data.largest_batch
    pairs = [
        ("training passes looked at", float(data.fingerprinted)),
        ("different batches", float(len(data.batches))),
        ("rows in them", float(shown)),
        ("rows of the data", float(rows)),
    ]
    return bars("Batches and rows", "count", pairs, log=True)


def rows_judged(case: Case) -> Picture | None:
    """Rows evaluated, how many of them were trained on, and rows never used."""
    data = case.seen.data
    pairs = [
        ("rows trained on", float(len(data.train_rows))),
        ("rows evaluated", float(len(data.judged_rows))),
        ("of these trained on", float(data.judged_known)),
        ("rows never used", float(data.unused_rows)),
    ]
    return bars("Rows trained on and evaluated", "rows", pairs)


def neighbours(case: Case) -> Picture | None:
    """What nearest neighbours, chance and the network reach."""
    learning = case.learning
    pairs = [
        ("chance", learning.chance),
        ("5 nearest neighbours", learning.reference),
        ("the network, training batches", learning.reached),
    ]
    return bars("What the inputs tell of the targets", "accuracy, or R²", pairs)


def values_a_channel(case: Case) -> Picture | None:
    """The fewest values that each batch-norm took mean and variance of."""
    pairs = [
        (f"batch-norm {event.module}".rstrip(), float(event.facts["values"]))
        for event in case.seen.events_of("batch_norm")
    ]
    title = "Fewest values a channel in a training batch"
    return bars(title, "values", pairs, worst=lambda value: -value)


def _loss(case: Case) -> LossSeen | None:
    return case.learning.main or next((one for one in case.seen.losses if one.count), None)
