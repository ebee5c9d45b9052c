"""What the best constant answer would score: the loss below which something has been learnt."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.observed.loss_kinds import BINARY, CLASSES
from trainlab.diagnosis.observed.losses import LossRecord


def own_constant(record: LossRecord) -> float:
    """Return what the best constant answer scores by the loss itself.

    Under L1 that is the mean distance to the median, under squares and cross-entropies `trivial_loss`; NaN
    where it isn't known, as of several columns.
    """
    if record.kind != "l1_loss":
        return trivial_loss(record)
    if record.columns != 1 or len(record.sample) < 2:
        return float("nan")
    targets = np.asarray(record.sample, dtype=np.float64)
    return float(np.abs(targets - np.median(targets)).mean())


def trivial_loss(record: LossRecord) -> float:
    """Return the entropy of the labels for classes, else of each column, or its variance; NaN if unknown.

    Cross-entropy: H(p) = −Σ p ln p of the labels' shares. Binary: the mean over the columns, less the
    targets' own entropy.
    Anything else is measured in squared error, whose best constant is the mean: the variance.
    """
    if record.kind in CLASSES:
        shares = np.asarray(list(record.counts.values()), dtype=np.float64)
        shares = shares[shares > 0] / max(1.0, float(shares.sum()))
        return float(-(shares * np.log(shares)).sum()) if len(shares) else float("nan")
    if record.rows < 2 or not record.sums:
        return float("nan")
    means = np.asarray(record.sums) / record.rows
    if record.kind in BINARY:
        p = np.clip(means, 1e-9, 1 - 1e-9)
        entropy = float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
        return entropy - record.floor / max(1, len(record.fits))
    variance = np.asarray(record.squares) / record.rows - means**2
    return float(np.maximum(variance, 0).mean())
