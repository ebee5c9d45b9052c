"""Batches come sorted: each holds hardly more than one class, and the next one another.

What counts are the labels of a whole step, be they of several passes. Those of a GAN, all ones and all zeros
in turns, are made by the script and in no order.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from trainlab.diagnosis.edits import replaced
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.pictures.kinds import Picture, strips
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.averages import mean
from trainlab.diagnosis.signals.training import Training

TIMES = 1.8
LEAST = 10
MADE = 0.5
NEW = 0.3


def judge(training: Training) -> Finding | None:
    """Fire if the share of the commonest class in a batch is far above what shuffled labels give."""
    for loss in training.record.losses:
        if not loss.count or len(loss.batches) < LEAST or training.learning.adversarial:
            continue
        if _are_made(training, loss):
            continue
        found = purity(loss)
        if found is None:
            continue
        share, expected, classes, changes = found
        if share < 0.85 or share < TIMES * expected or changes < 2:
            continue
        loaders = [
            loader for loader in training.record.loaders if not loader.shuffled and loader.site is not None
        ]
        place = (
            loaders[0].site.quoted
            if loaders and loaders[0].site
            else (loss.site.quoted if loss.site else "the training loop")
        )
        return Finding(
            place=place_at(loaders[0].site if loaders else loss.site, "loader"),
            where=f"{place}: the training data isn't shuffled (shuffle=False, or taken in order)",
            confidence=0.93,
            evidence=(
                f"the commonest class makes up {share:.0%} of a batch; shuffled, the same "
                f"labels would give {expected:.0%}",
                f"{classes} classes, {len(loss.steps())} batches looked at; their class changes "
                f"{changes} times",
            ),
            remedy="Shuffle the training data in every epoch.",
            code="DataLoader(train_set, batch_size=…, shuffle=True)",
        )
    return None


def _are_made(training: Training, loss: LossRecord) -> bool:
    """Whether most targets are no data: made in the step, or one tensor for each class, used all along.

    The latter only where rows are new, as a generator's are: data kept class by class look alike.
    """
    data, classes = training.record.data, {label for batch in loss.batches for label in batch}
    kept = loss.target_tensors <= len(classes) and data.new_rows > NEW * data.train_row_count
    again = loss.given_again if kept else 0
    return loss.made_here + again > MADE * len(loss.fits)


def purity(loss: LossRecord) -> tuple[float, float, int, int] | None:
    """Return the mean share of a batch's commonest class, the same shuffled, classes and changes."""
    import numpy as np

    batches = [batch for batch in loss.steps() if len(batch) >= 4]
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
    return mean([_top(batch) for batch in batches]), mean(expected), len(classes), changes


def _top(batch: tuple[float, ...] | list[float]) -> float:
    return Counter(batch).most_common(1)[0][1] / len(batch)


_MOST_BATCHES = 24


_MOST_CLASSES = 8


def _picture(training: Training) -> Picture | None:
    """Of the first batches the composition by class, each a row."""
    loss = next((one for one in training.record.losses if one.count and one.batches), None)
    if loss is None:
        return None
    batches = loss.steps()[:_MOST_BATCHES]
    labels = sorted({label for batch in batches for label in batch})
    shown = labels[: _MOST_CLASSES - 1] if len(labels) > _MOST_CLASSES else labels
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


def _edit(finding: Finding, training: Training) -> str:
    for loader in training.record.loaders:
        site = loader.site
        if site is None or loader.shuffled or "DataLoader(" not in site.text or not finding.place.is_at(site):
            continue
        if "shuffle=False" in site.text:
            return replaced(site, site.text.replace("shuffle=False", "shuffle=True"))
        inside = re.sub(
            r"(DataLoader\([^()]*(?:\([^()]*\)[^()]*)*)\)", r"\1, shuffle=True)", site.text, count=1
        )
        return replaced(site, inside)
    return ""


FAULT = Fault(
    name="data_not_shuffled",
    family="The data",
    title="batches come sorted by class",
    what="Each batch is nearly all one class, and the next one another: each undoes what the one before "
    "taught.",
    formula=f"The commonest class makes up at least 85 % of a batch (of all that come before one step) and "
    f"{TIMES:g} times what the same labels, shuffled, give; at least {LEAST} batches, whose class changes.",
    source="The expected share comes from shuffling the labels seen, so that rare classes and "
    "small batches raise no alarm.",
    silent="targets aren't classes, batches are mixed, or the script makes the targets itself, as the ones "
    "and zeros of a GAN, or keeps them for rows that are ever new.",
    remedy="Use `DataLoader(…, shuffle=True)`, or a new permutation in every epoch.",
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=(
        single("loaders that shuffle", "shuffle", narrow="no DataLoader that doesn't shuffle is made"),
    ),
    explains=(
        Explains(("modes_differ",), "batches of one kind have other statistics than all rows"),
        Explains(
            (
                "oscillating_loss",
                "lr_too_high",
                "dead_relu",
                "exploding_gradient",
                "overfitting",
                "loss_plateau",
            ),
            "each batch undoes what the one before taught",
        ),
    ),
    signals=("purity",),
)
