"""Batches come sorted: each holds hardly more than one class, and the next one another."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen_losses import LossSeen
from trainlab.diagnosis.signals.case import Case

FAULT = "data_not_shuffled"
TIMES = 1.8
LEAST = 10


def judge(case: Case) -> Finding | None:
    """Fire if the share of the commonest class in a batch is far above what shuffled labels give."""
    for loss in case.seen.losses:
        if not loss.count or len(loss.batches) < LEAST or case.learning.adversarial:
            continue
        found = purity(loss)
        if found is None:
            continue
        share, expected, classes, changes = found
        if share < 0.85 or share < TIMES * expected or changes < 2:
            continue
        loaders = [loader for loader in case.seen.loaders if not loader.shuffled and loader.site is not None]
        place = (
            loaders[0].site.quoted
            if loaders and loaders[0].site
            else (loss.site.quoted if loss.site else "the training loop")
        )
        return Finding(
            fault=FAULT,
            where=f"{place}: the training data isn't shuffled (shuffle=False, or taken in order)",
            confidence=0.93,
            evidence=(
                f"the commonest class makes up {share:.0%} of a batch; shuffled, the same "
                f"labels would give {expected:.0%}",
                f"{classes} classes, {len(loss.batches)} batches looked at; their class changes "
                f"{changes} times",
            ),
            remedy="Shuffle the training data in every epoch.",
            code="DataLoader(train_set, batch_size=…, shuffle=True)",
        )
    return None


def purity(loss: LossSeen) -> tuple[float, float, int, int] | None:
    """Return the mean share of a batch's commonest class, the same shuffled, classes and changes."""
    batches = [batch for batch in loss.batches if len(batch) >= 4]
    if len(batches) < LEAST:
        return None
    labels = np.asarray([label for batch in batches for label in batch])
    classes = np.unique(labels)
    if (
        len(classes) < 2
        or len(classes) > 100
        or len(classes) > len(labels) / 4
        or not np.all(labels == np.round(labels))
    ):
        return None
    generator = np.random.default_rng(0)
    expected: list[float] = []
    for _ in range(5):
        mixed = generator.permutation(labels)
        at = 0
        for batch in batches:
            expected.append(_top(mixed[at : at + len(batch)].tolist()))
            at += len(batch)
    commonest = [Counter(batch).most_common(1)[0][0] for batch in batches]
    changes = sum(a != b for a, b in pairwise(commonest))
    return float(np.mean([_top(batch) for batch in batches])), float(np.mean(expected)), len(classes), changes


def _top(batch: tuple[float, ...] | list[float]) -> float:
    return Counter(batch).most_common(1)[0][1] / len(batch)
