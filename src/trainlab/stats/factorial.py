"""The effects of a factorial's changes: one score a seed for each, and the mean of these scores.

A score is a contrast of the cells that the seed went through. `solved` is [n, 2, ..., 2] throughout: seeds
first, then one axis a change, on which index 1 means that the change is applied. `change` counts those axes
from 0: change 0 is the first axis after the seeds. Scores compare bools, or any numbers; an effect is the
`contrast` of the scores of the same name, of cells that are bool or lie within 0 to 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.contrast import contrast
from trainlab.stats.estimate import Estimate

Cells = npt.NDArray[np.bool_] | npt.NDArray[np.float64]


def alone_scores(solved: Cells, change: int) -> npt.NDArray[np.float64]:
    """Return [n]: the cell with only `change`, minus the baseline. Each lies within ±1 for bool cells.

    Raises:
        StatsError: `solved` is not [n, 2, ..., 2], or has no such change.
    """
    cells = _cells(solved)
    _check_change(cells, "change", change)
    nothing = [0] * (cells.ndim - 1)
    only = [int(other == change) for other in range(cells.ndim - 1)]
    return cells[:, *only] - cells[:, *nothing]


def main_scores(solved: Cells, change: int) -> npt.NDArray[np.float64]:
    """Return [n]: with `change` minus without, averaged over all combinations of the other changes.

    Each lies within ±1 for bool cells. Its mean over seeds is the coefficient of `change`, coded −1/2 and
    +1/2, in a least-squares fit of all cells.

    Raises:
        StatsError: `solved` is not [n, 2, ..., 2], or has no such change.
    """
    cells = _cells(solved)
    _check_change(cells, "change", change)
    return _mean_over_cells(_difference(cells, 1 + change))


def interaction_scores(solved: Cells, change_a: int, change_b: int) -> npt.NDArray[np.float64]:
    """Return [n]: (both − only a − only b + neither), averaged over all combinations of the other changes.

    Each lies within ±2 for bool cells: what `change_b` adds to the effect of `change_a`, and the other way
    round.

    Raises:
        StatsError: `solved` is not [n, 2, ..., 2], has no such change, or the two are the same.
    """
    cells = _cells(solved)
    _check_change(cells, "change_a", change_a)
    _check_change(cells, "change_b", change_b)
    if change_a == change_b:
        raise StatsError(f"change_a and change_b are both {change_a}, but an interaction needs two changes.")
    first, second = sorted((change_a, change_b))
    # The later axis goes first, so that the earlier keeps its number.
    return _mean_over_cells(_difference(_difference(cells, 1 + second), 1 + first))


def _difference(cells: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    without, applied = np.moveaxis(cells, axis, 0)
    return applied - without


def _mean_over_cells(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return differences.reshape(len(differences), -1).mean(axis=1)


def _cells(solved: Cells) -> npt.NDArray[np.float64]:
    cells = np.asarray(solved, dtype=np.float64)
    if cells.ndim < 2 or cells.shape[0] == 0 or set(cells.shape[1:]) != {2}:
        raise StatsError(
            f"solved has the shape {list(cells.shape)}, but must be [n, 2, ..., 2]: at least one seed, "
            "then one axis of length 2 for each change."
        )
    return cells


def _check_change(cells: npt.NDArray[np.float64], name: str, change: int) -> None:
    last = cells.ndim - 2
    if not 0 <= change <= last:
        raise StatsError(
            f"{name} is {change}, but must be from 0 to {last}; it counts the axes of solved after the seeds."
        )


def alone_effect(solved: Cells, change: int, *, confidence: float = 0.95) -> Estimate:
    """Return what `change` does to the baseline's rate; on bool cells this is `paired_difference`."""
    return contrast(alone_scores(solved, change), bound=1.0, confidence=confidence)


def main_effect(solved: Cells, change: int, *, confidence: float = 0.95) -> Estimate:
    """Return what `change` does to the rate on average over all combinations of the other changes."""
    return contrast(main_scores(solved, change), bound=1.0, confidence=confidence)


def interaction_effect(solved: Cells, change_a: int, change_b: int, *, confidence: float = 0.95) -> Estimate:
    """Return by how much the effect of one change differs with and without the other, within ±2."""
    return contrast(interaction_scores(solved, change_a, change_b), bound=2.0, confidence=confidence)
