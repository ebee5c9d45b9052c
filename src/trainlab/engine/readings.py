"""From what an engine measured along one training to the runs at each of its marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.runs import NEVER, Codes, FloatArray, Runs, curve_rows, recorded_epochs
from trainlab.errors import EngineError
from trainlab.maths import accuracy
from trainlab.spec import Accuracy, Experiment, LossBelow, name_of
from trainlab.tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """What an engine reads of n networks at a mark, with the meanings and shapes that `Runs` has.

    ``finite [n]``: whether every output over the examples trained on is finite. Predictions may be of more
    examples than are kept.
    """

    solved: npt.NDArray[np.bool_]
    finite: npt.NDArray[np.bool_]
    loss: FloatArray
    accuracy: FloatArray
    held_out_loss: FloatArray
    held_out_accuracy: FloatArray
    predictions: FloatArray
    parameters: FloatArray
    gradient: FloatArray
    step_gradient: FloatArray


def check_marks(experiment: Experiment, marks: tuple[int, ...]) -> tuple[int, ...]:
    """Return the marks in order, the experiment's own epochs if none; refuse marks beyond its end."""
    wanted = tuple(sorted(set(marks))) or (experiment.epochs,)
    if wanted[0] < 1 or wanted[-1] != experiment.epochs:
        raise EngineError(
            f"marks = {marks}: must be epochs from 1 to the experiment's {experiment.epochs}, "
            f"with {experiment.epochs} itself among them."
        )
    if experiment.looks_ahead and len(wanted) > 1:
        raise EngineError(
            f"marks = {marks}: the schedule {name_of(experiment.schedule)!r} depends on the length of the "
            f"whole training, so a shorter one is another; train each number of epochs by itself."
        )
    return wanted


def check_seeds(seeds: range) -> None:
    """Refuse what isn't a row of 64-bit seeds."""
    if not seeds or seeds.step != 1 or seeds.start < 0 or seeds.stop > 2**63:
        raise EngineError(
            f"seeds = {seeds}: must be one or more whole numbers in a row, from 0 to 2**63 - 1, "
            f"as in range(0, 1000)."
        )


def runs_at(
    mark: int,
    reading: Reading,
    *,
    experiment: Experiment,
    first_seed: int,
    loss_curve: FloatArray,
    gradient_curve: FloatArray,
    coarse_loss: Codes,
    solved_epoch: npt.NDArray[np.int64],
    solved_since: npt.NDArray[np.int64],
    stopped_epoch: npt.NDArray[np.int64],
    diverged_step: npt.NDArray[np.int64],
) -> Runs:
    """Cut a training down to one of its marks: what an experiment of that many epochs would have given.

    The arrays of the end are those read at the mark; curves and first events are the whole training's.
    `solved_since [n]` is where the readings up to the mark that are all solved begin, −1 if the last isn't;
    the mark itself may fall between two readings, and counts as one. Curves may have rows that aren't kept;
    `coarse_loss` is of the runs that keep none.
    """
    short = experiment if mark == experiment.epochs else experiment.at_epochs(mark)
    record = short.record
    at_end = reading.solved & (record.solved_every > 0)
    first = np.where(
        (solved_epoch >= 0) & (solved_epoch <= mark),
        solved_epoch,
        np.where(at_end, mark, NEVER),
    )
    settled = np.where(at_end, np.where(solved_since >= 0, solved_since, mark), NEVER)
    stopped = np.where((stopped_epoch >= 0) & (stopped_epoch <= mark), stopped_epoch, NEVER)
    steps = np.where(stopped >= 0, stopped, mark) * short.steps_per_epoch
    diverged = np.where(
        (diverged_step >= 0) & (diverged_step < steps), diverged_step, np.where(reading.finite, NEVER, steps)
    )
    rows = curve_rows(short, range(first_seed, first_seed + len(reading.solved)))
    losses = len(recorded_epochs(record.loss_every, mark))
    return Runs(
        experiment=short,
        first_seed=first_seed,
        solved=reading.solved,
        solved_epoch=first.astype(np.int64),
        settled_epoch=settled.astype(np.int64),
        stopped_epoch=stopped.astype(np.int64),
        diverged_step=diverged.astype(np.int64),
        loss=reading.loss,
        accuracy=reading.accuracy,
        held_out_loss=reading.held_out_loss,
        held_out_accuracy=reading.held_out_accuracy,
        predictions=reading.predictions[:, : record.predictions],
        parameters=reading.parameters[:, : None if record.parameters else 0],
        gradient=reading.gradient,
        step_gradient=reading.step_gradient,
        loss_curve=loss_curve[:rows, :losses],
        gradient_curve=gradient_curve[:rows, : len(recorded_epochs(record.gradient_every, mark))],
        coarse_loss=coarse_loss[:, :losses],
    )


def is_solved(
    experiment: Experiment, predictions: FloatArray, targets: npt.NDArray[np.float64], loss: FloatArray
) -> npt.NDArray[np.bool_]:
    """Return which of n runs are solved, ``[n]``, by what they say on the examples that *solved* asks for.

    `predictions` is ``[n, points, outputs]``, `targets` ``[points, outputs]``, `loss` ``[n]``, over the same
    points. What isn't finite is never near its target.
    """
    solved = experiment.solved
    if isinstance(solved, LossBelow):
        # In float64, as the kernel compares them: as a float32 the bound may be another number.
        return np.asarray(loss.astype(np.float64) < solved.loss, dtype=np.bool_)
    if isinstance(solved, Accuracy):
        return np.asarray(accuracy(predictions, targets) >= solved.accuracy, dtype=np.bool_)
    dtype = predictions.dtype
    with np.errstate(invalid="ignore"):
        near = np.abs(predictions - targets.astype(dtype)) < np.asarray(solved.within, dtype=dtype)
    return np.asarray(near.all(axis=(1, 2)), dtype=np.bool_)


def accuracy_of(task: Task, predictions: FloatArray, targets: npt.NDArray[np.float64]) -> FloatArray:
    """Return the share of examples whose class is told, ``[n]``; NaN for a regression or without examples."""
    told = task.kind != "regression" and len(targets) > 0
    share: Any = accuracy(predictions, targets) if told else np.full(len(predictions), np.nan)
    return share.astype(predictions.dtype)
