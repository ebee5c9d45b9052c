"""What "learnt" means: the one judgement that the doctor, its remedies and `seeds` share."""

from __future__ import annotations

import math
from typing import Literal

State = Literal["learnt", "poor", "stuck", "diverged", "unknown"]
STUCK = 0.9
"""At 90 % of the loss of the best constant answer hardly anything was learnt."""
LEARNT = 0.5
"""At half of it, or of the commonest class's mistakes, a network has learnt, unless the data allow more."""
FLAWLESS = 0.1
"""With a tenth of the commonest class's mistakes nothing is stuck, however unsure the answers are."""
FEW = 60
"""In fewer steps a healthy training may not have left the start."""
BEHIND = 0.1
"""So far behind its nearest neighbours, in accuracy or R², a network is poor."""
ROWS = 100
"""Of fewer rows neighbours tell too little."""
GONE = 10
"""A loss of so many times the start's, and the best constant's, has diverged."""
HALF = 0.5
"""Of a weak signal that a line sees a network has got hold, with half of what the line makes of it."""
NOTHING = 1e-9
"""Below this loss of the best constant answer there is nothing to be learnt."""


def state_of(
    *,
    loss: float,
    constant: float,
    start: float,
    reached: float,
    neighbours: float,
    rows: int,
    steps: int,
    unexplained: float = math.nan,
    mistakes: float = math.nan,
    allowed: float = math.nan,
    right: float = math.nan,
    holds_weak: bool = False,
) -> State:
    """Return what a training came to; NaN stands for what isn't known.

    Between "stuck" and "learnt" lies "poor": better than a constant answer, but neither by half nor as good
    as a reference shows that the data allow. It counts as neither success nor failure, unless the data are
    known to allow more: by neighbours, by `allowed`, of a table.

    Args:
        loss: the loss at the end, over all the examples or a fair share of them.
        constant: what the best constant answer scores by the *same* loss.
        start: the loss at the start.
        reached: accuracy or R² at the end.
        neighbours: what 5 nearest neighbours reach, of so many `rows`.
        steps: optimizer steps.
        unexplained: of numbers the squared error by the variance, 1 − R². Under L1 three of four points may
            be answered well and the fourth turned round: half the constant's loss, and an R² of 0.
        mistakes: of classes the share of wrong answers by that of the commonest class alone. Smoothed labels
            and weights keep the loss of good answers high.
        allowed: what the data are seen to allow (`baselines.References.allowed`).
        holds_weak: whether it has got hold of a signal that hardly shows in the noise (`holds_weak_signal`):
            then it isn't stuck, however little the loss has fallen, unless the data are known to allow more.
        right: of a table (`baselines.is_table`) the share of its rows that are answered right: only all of
            them are enough.
    """
    if loss > GONE * max(start, constant) > 0:
        return "diverged"
    if steps < FEW:
        return "unknown"
    stays = constant > NOTHING and (loss > STUCK * constant or unexplained > STUCK)
    more = is_behind(reached, neighbours, rows) or reached < allowed - BEHIND
    has_what_shows = holds_weak and loss < constant and not more
    if stays and not mistakes <= FLAWLESS and not has_what_shows:
        return "stuck"
    if is_behind(reached, neighbours, rows):
        return "poor"
    if not constant > NOTHING:
        return "unknown"
    if math.isfinite(right):
        return "learnt" if right >= 1 else "poor"
    halved = loss <= LEARNT * constant and not unexplained > LEARNT
    return "learnt" if halved or mistakes <= LEARNT or reached >= allowed - BEHIND else "poor"


def holds_weak_signal(*, reached: float, line: float, chance: float, rows: int, classes: bool) -> bool:
    """Whether a network has got hold of a signal in noise: at least half of what a line makes of it.

    Args:
        reached: accuracy or R² at the end.
        line: that of a linear fit for rows that it wasn't given; the caller has tested that it is no chance.
        chance: that of the best constant answer, over so many `rows`.
        classes: whether it's an accuracy, which is told from chance by two standard errors.
    """
    margin = 2 * math.sqrt(max(0.0, chance * (1 - chance)) / max(1, rows)) if classes else 0.0
    return line - chance > margin and reached - chance >= HALF * (line - chance)


def mistakes_by_commonest(reached: float, commonest: float) -> float:
    """Return the share of wrong answers by that of always answering the commonest class; NaN if unknown."""
    return (1 - reached) / (1 - commonest) if 0 < commonest < 1 else math.nan


def is_behind(reached: float, neighbours: float, rows: int = ROWS) -> bool:
    """Whether a network does clearly worse than its nearest neighbours, of enough `rows`."""
    return rows >= ROWS and neighbours - reached > BEHIND
