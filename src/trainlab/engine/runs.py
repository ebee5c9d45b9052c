"""What an engine returns: the outcome of consecutive seeds of one experiment, as arrays with a row a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trainlab.errors import EngineError
from trainlab.spec import Experiment, Solved

FloatArray = npt.NDArray[np.float32] | npt.NDArray[np.float64]
NEVER = -1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Runs:
    """Row i is the run of seed ``first_seed + i``; floats are float32, or as the engine was asked.

    ``solved [n]`` at the end; ``solved_epoch [n]`` the first recorded epoch at which the run was solved, −1
    if never; ``diverged_step [n]`` the steps done before the first prediction that wasn't finite, −1 if none;
    ``loss [n]`` over the whole data at the end; ``predictions [n, points, outputs]``; ``parameters [n, P]``,
    layer by layer, weights ``[out, in]`` row by row, then biases; ``gradient [n, layers]`` the mean |∂L/∂w|
    of each layer's weights over the whole data at the end; ``loss_curve [n, k]`` and ``gradient_curve
    [n, k, layers]`` the same at epochs 0, every, 2·every, … up to the end.
    """

    experiment: Experiment
    first_seed: int
    solved: npt.NDArray[np.bool_]
    solved_epoch: npt.NDArray[np.int64]
    diverged_step: npt.NDArray[np.int64]
    loss: FloatArray
    predictions: FloatArray
    parameters: FloatArray
    gradient: FloatArray
    loss_curve: FloatArray
    gradient_curve: FloatArray

    @property
    def seeds(self) -> range:
        """The seeds, in the order of the rows."""
        return range(self.first_seed, self.first_seed + len(self.solved))

    @property
    def diverged(self) -> npt.NDArray[np.bool_]:
        """Which runs met a prediction that wasn't finite, ``[n]``."""
        return self.diverged_step != NEVER

    @property
    def loss_epochs(self) -> npt.NDArray[np.int64]:
        """The epochs of ``loss_curve``, ``[k]``."""
        return recorded_epochs(self.experiment.record.loss_every, self.experiment.epochs)

    @property
    def gradient_epochs(self) -> npt.NDArray[np.int64]:
        """The epochs of ``gradient_curve``, ``[k]``."""
        return recorded_epochs(self.experiment.record.gradient_every, self.experiment.epochs)


ARRAYS = tuple(field.name for field in fields(Runs) if field.name not in ("experiment", "first_seed"))
"""The names of the arrays of `Runs`, each with a row a run."""


def recorded_epochs(every: int, epochs: int) -> npt.NDArray[np.int64]:
    """Return the epochs 0, every, 2·every, … ≤ epochs; none if `every` is 0."""
    return np.arange(0, epochs + 1, every) if every else np.empty(0, dtype=np.int64)


def concatenate(parts: Sequence[Runs]) -> Runs:
    """Join the runs of one experiment on adjacent seed ranges, in order of their seeds."""
    ordered = sorted(parts, key=lambda part: part.first_seed)
    for before, after in pairwise(ordered):
        if before.seeds.stop != after.first_seed:
            raise EngineError(
                f"seeds {before.seeds.stop} to {after.first_seed}: "
                "the parts must follow each other without a gap."
            )
    first = ordered[0]
    return replace(
        first, **{name: np.concatenate([getattr(part, name) for part in ordered]) for name in ARRAYS}
    )


def select(runs: Runs, seeds: range) -> Runs:
    """Return the runs of a part of the seeds."""
    rows = slice(seeds.start - runs.first_seed, seeds.stop - runs.first_seed)
    arrays = {name: getattr(runs, name)[rows] for name in ARRAYS}
    return replace(runs, first_seed=seeds.start, **arrays)


def is_solved(predictions: FloatArray, targets: FloatArray, solved: Solved) -> npt.NDArray[np.bool_]:
    """Return which runs have every |prediction − target| below the threshold, ``[n]``.

    `predictions` is ``[n, points, outputs]``, `targets` ``[points, outputs]``. A prediction that isn't finite
    is never near its target.
    """
    with np.errstate(invalid="ignore"):
        near = np.abs(predictions - targets) < np.asarray(solved.within, dtype=predictions.dtype)
    return np.asarray(near.all(axis=(1, 2)), dtype=np.bool_)
