"""What answers are worth: a constant's, nearest neighbours', a line's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainlab.diagnosis.observed.losses import UNSURE, LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]


# What a network is measured against: the best constant answer, its nearest neighbours, a linear fit.
#
# Below the loss of the best constant something has been learnt; neighbours and linear fits are references
# that no training can spoil.

K = 5
"""How many neighbours answer."""
TELLING, AGREE = 0.05, 0.1
"""A reference tells something if it is so much better than chance; two agree if they are so near."""
TABLE = 16
"""Rows of the largest table: that of four yes-or-no questions."""
FEWEST_ROWS = 60
"""Of fewer different rows nothing is told."""
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
    """Whether a loss of classes counts some for more than others; those that it doesn't count are none."""
    if record.kind in BINARY:
        return any(weight != 1 for weight in record.weights)
    return len({weight for weight in record.weights if weight}) > 1


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
    if record.rows < 2 or not record.sums or record.share_outside > UNSURE:
        return float("nan")  # of targets that are no probabilities a loss has no least value
    means = np.asarray(record.sums) / record.rows
    if record.kind in BINARY:
        p = np.clip(means, 1e-9, 1 - 1e-9)
        entropy = float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
        return entropy - own_entropy(record)
    variance = np.asarray(record.squares) / record.rows - means**2
    return float(np.maximum(variance, 0).mean())


def own_entropy(record: LossRecord) -> float:
    """Return the entropy of targets that are shares of yes: a binary loss can't fall below it."""
    return record.floor / max(1, len(record.fits)) if record.kind in BINARY else 0.0


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

    x, y = _each_once(rows, targets)
    if len(y) < FEWEST_ROWS or not x.size:
        return None
    x = _standardized(x)
    if not x.size or (y == y[0]).all():
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


def _each_once(rows: Sequence[tuple[float, ...]], targets: Sequence[float]) -> tuple[Matrix, Matrix]:
    """Return the different rows as wide as the first ``[n, features]``, and the first target of each."""
    import numpy as np

    first: dict[tuple[float, ...], float] = {}
    for row, target in zip(rows, targets, strict=False):
        if len(row) == len(rows[0]):
            first.setdefault(row, target)
    return np.asarray(list(first), dtype=np.float64), np.asarray(list(first.values()), dtype=np.float64)


def _standardized(x: Matrix) -> Matrix:
    """Return the features that vary, with mean 0 and standard deviation 1."""
    spread = x.std(0)
    return (x - x.mean(0))[:, spread > 1e-12] / spread[spread > 1e-12]


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


# What one feature alone tells of the targets, beside all the others together.


@dataclass(frozen=True, kw_only=True, slots=True)
class OneFeature:
    """The feature by which alone most is answered: accuracy, or R² of numbers, of rows that are left out.

    `others` is what neighbours or a line, the better of both, reach without that feature; NaN where that
    can't be told. `chance` is what the best constant answer reaches.
    """

    feature: int
    alone: float
    others: float
    chance: float
    rows: int

    @property
    def tells_nearly_all(self) -> bool:
        """Whether it leaves at most a tenth of chance's mistakes, and all others far more."""
        missed = max(1e-12, 1 - self.chance)
        left, of_others = (1 - self.alone) / missed, (1 - self.others) / missed
        return left <= MOST_LEFT and of_others >= left + FAR_MORE


MOST_LEFT, FAR_MORE = 0.1, 0.2


def strongest_feature(
    rows: Sequence[tuple[float, ...]], targets: Sequence[float], *, classes: bool
) -> OneFeature | None:
    """Return the feature that tells most by itself; None of few rows, or of fewer than three features.

    A row is answered by all that are equal to it in that feature, itself left out; where these are fewer than
    6, by the 3 before and after it in order, and all that are equal to one of them. Rows that come again are
    counted once.
    """
    import numpy as np

    x, y = _each_once(rows, targets)
    if len(y) < FEWEST_ROWS or x.shape[1] < 3:
        return None
    if not np.isfinite(x).all() or not np.isfinite(y).all() or (y == y[0]).all():
        return None
    wanted = (y[:, None] == np.unique(y)).astype(np.float64) if classes else y[:, None]
    reached = [_reached(_by_neighbours(column, wanted), wanted, classes=classes) for column in x.T]
    best = int(np.argmax(reached))
    rest = [tuple(row) for row in np.delete(x, best, axis=1).tolist()]
    others = references(rest, y.tolist(), classes=classes)
    return OneFeature(
        feature=best,
        alone=reached[best],
        others=math.nan if others is None else max(others.neighbours, others.linear),
        chance=float(wanted.mean(0).max()) if classes else 0.0,
        rows=len(y),
    )


def _by_neighbours(column: Matrix, wanted: Matrix) -> Matrix:
    """Return the mean of ``wanted [rows, columns]`` over the neighbours of each row, itself left out."""
    import numpy as np

    order = np.argsort(column, kind="stable")
    placed, rows = column[order], np.arange(len(column))
    own = np.searchsorted(placed, placed, side="left"), np.searchsorted(placed, placed, side="right")
    enough = own[1] - own[0] > 6
    low, high = np.maximum(rows - 3, 0), np.minimum(rows + 3, len(rows) - 1)
    first = np.where(enough, own[0], own[0][low])
    end = np.where(enough, own[1], own[1][high])
    sums = np.concatenate([np.zeros((1, wanted.shape[1])), wanted[order].cumsum(0)])
    answers = np.empty_like(wanted)
    answers[order] = (sums[end] - sums[first] - wanted[order]) / (end - first - 1)[:, None]
    return answers


def _reached(answers: Matrix, wanted: Matrix, *, classes: bool) -> float:
    if classes:
        return float((answers.argmax(1) == wanted.argmax(1)).mean())
    return 1 - float(((answers - wanted) ** 2).mean()) / max(float(wanted.var()), 1e-12)


# Whether numbers of classes are places in an order, as stars are, or mere names.

ORDERS, BETTER = 200, 0.95


def numbers_in_order(rows: Sequence[tuple[float, ...]], targets: Sequence[float]) -> bool:
    """Whether a line through the inputs fits the numbers better than nearly all other numberings of them.

    Each class is fitted as a yes or no, rows left out themselves; with numbers v the fit is F v, the target
    Y v. A numbering and its reverse are one. None is seen in the order of two.
    """
    import numpy as np

    width = len(rows[0]) if rows else 0
    pairs = [(row, target) for row, target in zip(rows, targets, strict=False) if len(row) == width]
    if len(pairs) < ROWS_A_FEATURE * (width + 1) or not width:
        return False
    x = np.asarray([row for row, _ in pairs], dtype=np.float64)
    y = np.asarray([target for _, target in pairs], dtype=np.float64)
    x, labels = _standardized(x), np.unique(y)
    if len(labels) < 3 or not x.size:
        return False
    is_label = np.stack([y == label for label in labels], axis=1).astype(np.float64)
    missed = is_label - without_itself(x, is_label)

    def unexplained(numbers: Matrix) -> float:
        return float((missed @ numbers).var() / max((is_label @ numbers).var(), 1e-12))

    own = unexplained(labels)
    generator = np.random.default_rng(0)
    places = [generator.permutation(len(labels)) for _ in range(ORDERS)]
    others = [unexplained(labels[one]) for one in places if abs(np.diff(one)).max() > 1]
    return own < 1 - TELLING and float(np.mean([own < other for other in others])) >= BETTER


# Whether a straight line sees anything of the targets in the inputs: an F-test, and how little it would see.
#
# Nearest neighbours miss a weak signal in noise, and many features that say nothing; a line through all rows
# doesn't. Where it sees nothing, its power says how much could be there all the same.

LEVEL = 0.01
"""So seldom the test sees something in targets that have nothing to do with the inputs."""
POWER = 0.95
"""So often it sees a signal of the size `least`."""
ROWS_A_FEATURE = 2
"""A line through fewer rows than this for each feature fits anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinearSignal:
    """What the test says: `p` is the chance of so good a fit where there is nothing.

    `least` is the R² (of numbers, or of a yes or no to a class) that it sees nineteen times in twenty.
    """

    p: float
    rows: int
    features: int
    least: float

    @property
    def is_seen(self) -> bool:
        """Whether a line sees a signal."""
        return self.p < LEVEL


def linear_signal(
    rows: Sequence[tuple[float, ...]], targets: Sequence[float], *, classes: bool
) -> LinearSignal | None:
    """Test whether all slopes of a linear fit may be 0; None of too few rows, each different one taken once.

    F = (R² / k) / ((1 − R²) / (n − k − 1)). Of classes each is asked for alone, as a yes or no, and the least
    p is taken times their number (Bonferroni), as each test is at the level by theirs.
    """
    import numpy as np
    from scipy import special

    x, y = _each_once(rows, targets)
    if not x.size or not np.isfinite(x).all() or not np.isfinite(y).all():
        return None
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-12)
    features = int(np.linalg.matrix_rank(x))
    left = len(y) - features - 1
    if not features or left <= 0 or len(y) < ROWS_A_FEATURE * (features + 1) or (y == y[0]).all():
        return None
    labels = np.unique(y)
    asked = np.stack([y == label for label in labels], 1).astype(np.float64) if classes else y[:, None]
    asked = asked[:, 1:] if classes and len(labels) == 2 else asked
    asked = asked - asked.mean(0)
    missed: Matrix = np.asarray(asked - x @ np.linalg.lstsq(x, asked, rcond=None)[0], dtype=np.float64)
    explained = 1 - (missed**2).sum(0) / (asked**2).sum(0)
    f = explained / features / np.maximum((1 - explained) / left, 1e-300)
    tests = asked.shape[1]
    return LinearSignal(
        p=min(1.0, tests * float(special.fdtrc(features, left, f).min())),
        rows=len(y),
        features=features,
        least=_least(features, left, LEVEL / tests),
    )


def _least(features: int, left: int, level: float) -> float:
    """Return the R² that an F-test at the level sees with `POWER`.

    A signal of R² shifts F by the noncentrality n R² / (1 − R²).
    """
    from scipy import special

    bound = float(special.fdtri(features, left, 1 - level))
    low, high = 0.0, 1.0
    for _ in range(40):
        half = (low + high) / 2
        shift = (features + left + 1) * half / (1 - half)
        # Beyond its range the function gives NaN: so strong a signal is always seen.
        missed = float(special.ncfdtr(features, left, shift, bound))
        low, high = (half, high) if missed > 1 - POWER else (low, half)
    return high if math.isfinite(high) else 1.0
