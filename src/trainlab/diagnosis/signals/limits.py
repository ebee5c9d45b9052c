"""What no training gets around: weights that don't move, answers that can't differ, a loss with a floor."""

from __future__ import annotations

import math
from collections.abc import Iterable

from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.signals.baselines import TELLING
from trainlab.diagnosis.signals.learnt import STUCK
from trainlab.diagnosis.signals.training import Training

AT_FLOOR = 0.1
"""A loss has come down to its floor if no more than a tenth of the way from the constant's is left."""
ROWS_A_COLUMN = 2
"""A line through fewer rows than this for each feature fits anything."""


def gets_no_gradient(training: Training) -> bool:
    """Whether no gradient has reached any parameter that an optimizer steps."""
    held = [training.record.params[key] for optimizer in training.stepped for key in optimizer.params]
    return bool(held) and not any(param.reached or param.with_grad for param in held)


def nothing_moves(training: Training) -> bool:
    """Whether no parameter that the loss reaches has changed, nor belongs to an optimizer that steps."""
    reached = [param for param in training.record.params.values() if param.reached or param.with_grad]
    return not any(param.moved is True or training.is_stepped(param) for param in reached)


def rest_words(training: Training, lost: Iterable[ParamRecord]) -> str:
    """Say that the rest of the network can learn without these parameters, where it is half of it or more."""
    keys = {param.key for param in lost}
    rest = [
        param
        for param in training.record.params.values()
        if param.key not in keys and param.reached and training.is_stepped(param)
    ]
    size = sum(param.size for param in rest)
    total = size + sum(training.record.params[key].size for key in keys)
    if 2 * size < total:
        return ""
    return f"the rest of the network, {size:,} of {total:,} values, does get gradients"


def answers_alike(training: Training) -> bool:
    """Whether the network, asked at the end, gives the same answer to everything, in every mode."""
    asked = training.learning.asked
    return asked is not None and asked.train.constant and asked.evaluation.constant


def holds_up(training: Training, floor: float) -> bool:
    """Whether a floor under the loss, in units of the best constant answer's, explains the outcome.

    Either nothing that could count as learnt lies above it, or the loss has come down to it.
    """
    learning = training.learning
    if learning.state not in ("stuck", "poor") or not math.isfinite(floor) or floor <= 0:
        return False
    if learning.state == "stuck" and floor >= STUCK:
        return True
    left = learning.loss_by_constant - floor
    return learning.loss_by_constant < STUCK and left <= AT_FLOOR * (1 - floor)


def may_hold_more(training: Training) -> bool:
    """Whether more than a constant answer may be in the data; not where neighbours are known to find none.

    Without a fault nothing is learnt of noise, either.
    """
    learning = training.learning
    return not learning.reference <= learning.chance + TELLING


def best_line(training: Training) -> float:
    """Return the squared error of the best linear answer by that of the best constant; NaN if unknown.

    On the rows that were kept: over all others no line does better by more than chance. Where even the best
    line is the constant, that is so for cross-entropy as well: its slope at the constant is the same one.
    """
    import numpy as np

    data, main = training.record.data, training.learning.main
    if not data.is_tabular or main is None or main.columns != 1:
        return math.nan
    width = len(data.sample_x[0])
    x = np.asarray([row for row in data.sample_x if len(row) == width], dtype=np.float64)
    y = np.asarray(data.sample_y, dtype=np.float64)
    if len(x) != len(y) or len(x) < ROWS_A_COLUMN * (width + 1) or not y.var() > 0:
        return math.nan
    if main.classes is not None and main.classes > 2:
        return math.nan
    inputs = np.column_stack([x, np.ones(len(x))])
    residual = y - inputs @ np.linalg.lstsq(inputs, y, rcond=None)[0]
    return float((residual**2).mean() / y.var())
