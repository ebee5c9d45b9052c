"""What a network is measured against: the best constant answer, and its nearest neighbours.

Below the loss of the best constant something has been learnt; neighbours are a reference that no training
can spoil.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES

K = 5
"""How many neighbours answer."""


def own_constant(record: LossRecord) -> float:
    """Return what the best constant answer scores by the loss itself.

    Under L1 that is the mean distance to the median, under squares and cross-entropies `trivial_loss`; NaN
    where it isn't known, as of several columns.
    """
    import numpy as np

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
    import numpy as np

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


def neighbours(
    rows: Sequence[tuple[float, ...]], targets: Sequence[float], *, classes: bool
) -> tuple[float, float, int] | None:
    """Return how well 5 neighbours answer for each row, itself left out; what chance gives; how many rows.

    For classes the share of right votes and that of the largest class; for numbers R² and 0.
    Features are scaled to a standard deviation of 1; rows that come again are counted once.
    """
    import numpy as np

    width = len(rows[0]) if rows else 0
    first: dict[tuple[float, ...], float] = {}
    for row, target in zip(rows, targets, strict=False):
        if len(row) == width:
            first.setdefault(row, target)
    if len(first) < 60 or width == 0:
        return None
    x = np.asarray(list(first), dtype=np.float64)
    y = np.asarray(list(first.values()), dtype=np.float64)
    spread = x.std(0)
    x = (x - x.mean(0))[:, spread > 1e-12] / spread[spread > 1e-12]
    if x.shape[1] == 0:
        return None
    squares = (x**2).sum(1)
    distance = squares[:, None] + squares[None, :] - 2 * x @ x.T
    np.fill_diagonal(distance, np.inf)
    near = np.argpartition(distance, K, axis=1)[:, :K]
    if classes:
        labels = np.unique(y)
        votes = np.stack([(y[near] == label).sum(1) for label in labels], axis=1)
        right = float((labels[votes.argmax(1)] == y).mean())
        return right, float(max((y == label).mean() for label in labels)), len(y)
    error = float(((y[near].mean(1) - y) ** 2).mean())
    return 1 - error / max(float(y.var()), 1e-12), 0.0, len(y)
