"""What an engine returns: the outcome of consecutive seeds of one experiment, as arrays with a row a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trainlab.errors import EngineError
from trainlab.spec import Experiment

FloatArray = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint16]
NEVER = -1
UNKNOWN = -2
"""An epoch that isn't known, since an older trainlab saved the run."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Runs:
    """Row i is the run of seed ``first_seed + i``; floats are float32, or as the engine was asked.

    ``solved [n]`` at the end; ``solved_epoch [n]`` the first recorded epoch at which the run was solved, −1
    if never; ``settled_epoch [n]`` the first from which on every reading was solved, the end included, −1 if
    the end isn't, and `UNKNOWN` for a run that was saved before this was recorded; both are −1 where
    `record.solved_every` is 0. ``stopped_epoch [n]`` is the epoch at which it was frozen, −1 if never;
    ``diverged_step [n]`` the steps done before the first output that wasn't finite, −1 if none.

    At the end, over all the examples trained on: ``loss [n]``, ``accuracy [n]`` (NaN for a regression) and
    ``gradient [n, layers]``, the mean |∂L/∂w| of each layer's weights; over those held out: ``held_out_loss
    [n]`` and ``held_out_accuracy [n]``, NaN if there are none. ``step_gradient [n, layers]`` is the same as
    ``gradient`` over the examples of one training step alone, of the step that would follow (see `Record`);
    NaN for a run that was saved before this was recorded. ``predictions [n, points, outputs]`` of the
    first `record.predictions` examples; ``parameters [n, P]``, layer by layer, weights ``[out, in]`` row by
    row, then biases, or ``[n, 0]`` without `record.parameters`.

    ``loss_curve [k, epochs]`` and ``gradient_curve [k, epochs, layers]`` at epochs 0, every, 2·every, … up to
    the end have a row for each of the first k runs, those of seeds below `record.curves`. The others have
    ``coarse_loss [n − k, epochs]``: their losses at the same epochs as 16-bit codes, see
    `stats.curves`.
    """

    experiment: Experiment
    first_seed: int
    solved: npt.NDArray[np.bool_]
    solved_epoch: npt.NDArray[np.int64]
    settled_epoch: npt.NDArray[np.int64]
    stopped_epoch: npt.NDArray[np.int64]
    diverged_step: npt.NDArray[np.int64]
    loss: FloatArray
    accuracy: FloatArray
    held_out_loss: FloatArray
    held_out_accuracy: FloatArray
    predictions: FloatArray
    parameters: FloatArray
    gradient: FloatArray
    step_gradient: FloatArray
    loss_curve: FloatArray
    gradient_curve: FloatArray
    coarse_loss: Codes

    def __repr__(self) -> str:
        # The generated one would print every array.
        n, k = len(self.solved), int(self.solved.sum())
        return f"<Runs of {n:,} seeds from {self.first_seed:,}: {k:,} solved>"

    @property
    def seeds(self) -> range:
        """The seeds, in the order of the rows."""
        return range(self.first_seed, self.first_seed + len(self.solved))

    @property
    def diverged(self) -> npt.NDArray[np.bool_]:
        """Which runs met an output that wasn't finite, ``[n]``."""
        return self.diverged_step != NEVER

    @property
    def loss_epochs(self) -> npt.NDArray[np.int64]:
        """The epochs of ``loss_curve``."""
        return recorded_epochs(self.experiment.record.loss_every, self.experiment.epochs)

    @property
    def gradient_epochs(self) -> npt.NDArray[np.int64]:
        """The epochs of ``gradient_curve``."""
        return recorded_epochs(self.experiment.record.gradient_every, self.experiment.epochs)


ARRAYS = tuple(field.name for field in fields(Runs) if field.name not in ("experiment", "first_seed"))
"""The names of the arrays of `Runs`, each with a row a run."""

CURVES = ("loss_curve", "gradient_curve")
"""Those in which only the first runs have a row."""

COARSE = "coarse_loss"
"""The one in which only the other runs have a row."""

STEP_GRADIENT = "step_gradient"


def recorded_epochs(every: int, epochs: int) -> npt.NDArray[np.int64]:
    """Return the epochs 0, every, 2·every, … ≤ epochs; none if `every` is 0."""
    return np.arange(0, epochs + 1, every) if every else np.empty(0, dtype=np.int64)


def curve_rows(experiment: Experiment, seeds: range) -> int:
    """Return how many of the seeds keep their curves; they are the first ones."""
    return max(0, min(len(seeds), experiment.record.curves - seeds.start))


def rows_of(name: str, experiment: Experiment, seeds: range, part: range) -> slice:
    """Return which rows of the array of that name over `seeds` are those of a part of the seeds."""
    kept = curve_rows(experiment, seeds)
    start, stop = part.start - seeds.start, part.stop - seeds.start
    if name in CURVES:
        return slice(min(start, kept), min(stop, kept))
    if name == COARSE:
        return slice(max(start - kept, 0), max(stop - kept, 0))
    return slice(start, stop)


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
    arrays = {name: getattr(runs, name)[rows_of(name, runs.experiment, runs.seeds, seeds)] for name in ARRAYS}
    return replace(runs, first_seed=seeds.start, **arrays)


# Losses at two bytes each: the leading 16 bits of a float32, rounded to nearest (the format bfloat16).
#
# Sign, the exponent of a float32, and 8 significant bits: a number of normal size (from 1.2×10⁻³⁸ to
# 3.39×10³⁸) is kept to within half a unit of the last of them, 2⁻⁸ of it or 0.4 %. Rounding keeps the order
# of numbers, so a quantile is kept as well as a number is.


RELATIVE_ERROR = 2.0**-8
"""The most by which a number of normal size changes, as a share of it."""

NAN = 0x7FC0
"""The code of whatever is not a number."""

MISSING = 0xFFFF
"""Another such code, which `encode` never gives: it stands for a loss that wasn't kept."""


def encode(values: FloatArray) -> Codes:
    """Return the codes of numbers, in their shape; float64 is rounded to float32 first."""
    # What is too large for a float32 becomes infinite.
    with np.errstate(over="ignore"):
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    # To nearest, ties to even: up if what is cut off is more than a half, or half of an odd one.
    rounded = (bits + ((bits >> 16 & 1) + 0x7FFF)) >> 16
    return np.where(np.isnan(values), NAN, rounded).astype(np.uint16)


def decode(codes: Codes) -> npt.NDArray[np.float32]:
    """Return what the codes stand for, in their shape."""
    return (codes.astype(np.uint32) << 16).view(np.float32)


def is_missing(codes: Codes) -> npt.NDArray[np.bool_]:
    """Return which of the curves ``[n, epochs]`` weren't kept, ``[n]``."""
    return np.asarray((codes[:, :1] == MISSING).any(axis=1), dtype=np.bool_)


# What every engine offers.


class Engine(Protocol):
    """Something that trains a population.

    ``in_processes`` says how the work is spread: one chunk a worker process, or threads inside a chunk;
    ``chunk_seeds`` is how many seeds make a chunk of a second or less. Where threads do the work, `train` may
    be called from several at once, each for a chunk of its own.
    """

    @property
    def name(self) -> str:
        """The engine's name, as ``--engine`` takes it."""
        ...

    @property
    def in_processes(self) -> bool:
        """Whether chunks are to be spread over processes instead of threads."""
        ...

    @property
    def chunk_seeds(self) -> int:
        """The most seeds of a chunk."""
        ...

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        """Train one run a seed, and return the runs as they stood after each of the `marks`, in epochs.

        Without marks, after the experiment's own epochs. Each result is, to the bit, what an experiment with
        that many epochs gives by itself.
        """
        ...
