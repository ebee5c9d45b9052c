"""What a network is measured against: the best constant answer, its nearest neighbours, a linear fit.

Below the loss of the best constant something has been learnt; neighbours and linear fits are references that
no training can spoil.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

K = 5
"""How many neighbours answer."""
TELLING, AGREE = 0.05, 0.1
"""A reference tells something if it is so much better than chance; two agree if they are so near."""
TABLE = 16
"""Rows of the largest table: that of four yes-or-no questions."""
CHOICES = 4
"""So many values a feature of a table has at most."""
RIDGE = 1e-3
"""The penalty of the linear fit, for each row: enough where features are as many as rows."""


def own_constant(record: LossRecord) -> float:
    """Return what the best constant answer scores by the loss itself.

    Under L1 that is the mean distance to the median, under squares and cross-entropies `trivial_loss`; NaN
    where it isn't known, as of several columns, and of weighted classes.
    """
    import numpy as np

    if is_weighted(record):
        return float("nan")
    if record.kind != "l1_loss":
        return trivial_loss(record)
    if record.columns != 1 or len(record.sample) < 2:
        return float("nan")
    targets = np.asarray(record.sample, dtype=np.float64)
    return float(np.abs(targets - np.median(targets)).mean())


def is_weighted(record: LossRecord) -> bool:
    """Whether a loss of classes counts some for more than others."""
    if record.kind in BINARY:
        return any(weight != 1 for weight in record.weights)
    return len(set(record.weights)) > 1


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


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """What others reach on the same examples: accuracy, or R² of numbers.

    `neighbours` and `linear` (a linear fit) answer for examples that they weren't given; `chance` is what the
    best constant answer reaches; `rows` are the different examples.
    """

    neighbours: float
    linear: float
    chance: float
    rows: int

    @property
    def allowed(self) -> float:
        """What the data are seen to allow: the better of both, where they agree; NaN where they don't.

        One alone is only a bound from below: neighbours know nothing of parity, lines nothing of circles. Two
        learners of different kinds that come as far, and farther than chance, show noise.
        """
        worse, better = sorted((self.neighbours, self.linear))
        return better if worse > self.chance + TELLING and better - worse <= AGREE else math.nan


def is_table(rows: Sequence[tuple[float, ...]], targets: Sequence[float]) -> bool:
    """Whether the examples are a table, as XOR's is: choices of a few features' few values, and yes or no.

    Rows that differ can all be answered by a network that is large enough. Of more rows, or of features and
    answers that are measured, some may be noise that nobody wants learnt.
    """
    answers = dict[tuple[float, ...], float]()
    for row, target in zip(rows, targets, strict=False):
        if answers.setdefault(row, target) != target:
            return False
    if not 4 <= len(answers) <= TABLE or len(set(answers.values())) != 2:
        return False
    values = [len(set(column)) for column in zip(*answers, strict=False)]
    return len(values) > 1 and max(values) <= CHOICES


def references(
    rows: Sequence[tuple[float, ...]], targets: Sequence[float], *, classes: bool
) -> References | None:
    """Return how well 5 neighbours and a linear fit answer for each row, itself left out.

    None of few rows, and where all targets are the same: a constant answers those. Features are scaled to a
    standard deviation of 1; rows that come again are counted once.
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
    if x.shape[1] == 0 or (y == y[0]).all():
        return None
    squares = (x**2).sum(1)
    distance = squares[:, None] + squares[None, :] - 2 * x @ x.T
    np.fill_diagonal(distance, np.inf)
    near = np.argpartition(distance, K, axis=1)[:, :K]
    if classes:
        labels = np.unique(y)
        is_label = np.stack([y == label for label in labels], axis=1).astype(np.float64)
        votes, fitted = is_label[near].sum(1), without_itself(x, is_label)
        return References(
            neighbours=float((labels[votes.argmax(1)] == y).mean()),
            linear=float((labels[fitted.argmax(1)] == y).mean()),
            chance=float(is_label.mean(0).max()),
            rows=len(y),
        )
    variance = max(float(y.var()), 1e-12)
    return References(
        neighbours=1 - float(((y[near].mean(1) - y) ** 2).mean()) / variance,
        linear=1 - float(((without_itself(x, y[:, None])[:, 0] - y) ** 2).mean()) / variance,
        chance=0.0,
        rows=len(y),
    )


def without_itself(x: Matrix, y: Matrix) -> Matrix:
    """Return what ridge regression with an intercept answers for each row, fitted on all the others.

    Args:
        x: standardised features ``[rows, features]``.
        y: targets ``[rows, columns]``.

    The penalty λ is `RIDGE` times the rows. With the hat matrix H = X (XᵀX + λI)⁻¹ Xᵀ the answer to a row
    that was left out is y − (y − Hy) / (1 − h), where h is its entry on the diagonal of H (Allen's PRESS).
    """
    import numpy as np

    design = np.column_stack([np.ones(len(x)), x])
    penalty = RIDGE * len(x) * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    hat = design @ np.linalg.solve(design.T @ design + penalty, design.T)
    return y - (y - hat @ y) / np.maximum(1 - np.diag(hat), 1e-9)[:, None]
