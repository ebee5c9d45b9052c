"""What an engine measures of a population: along the training, and at each of its marks."""

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
class Evaluation:
    """What an engine finds of n networks at a mark, with the meanings and shapes that `Runs` has.

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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class History:
    """What an engine recorded of n networks along one whole training, with the meanings that `Runs` has.

    Curves may have rows that aren't kept; `coarse_loss` is of the runs that keep none.
    """

    loss_curve: FloatArray
    gradient_curve: FloatArray
    coarse_loss: Codes
    solved_epoch: npt.NDArray[np.int64]
    stopped_epoch: npt.NDArray[np.int64]
    diverged_step: npt.NDArray[np.int64]


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
    found: Evaluation,
    history: History,
    *,
    experiment: Experiment,
    first_seed: int,
    solved_since: npt.NDArray[np.int64],
) -> Runs:
    """Cut a training down to one of its marks: what an experiment of that many epochs would have given.

    The arrays of the end are those found at the mark; curves and first events are cut out of the history.
    `solved_since [n]` is where the checks up to the mark that found a run solved without a break begin, −1 if
    the last didn't; the mark itself may fall between two checks, and counts as one.
    """
    short = experiment if mark == experiment.epochs else experiment.at_epochs(mark)
    record = short.record
    at_end = found.solved & (record.solved_every > 0)
    reached = _up_to(mark, history.solved_epoch)
    first = np.where((reached == NEVER) & at_end, mark, reached)
    settled = np.where(at_end, np.where(solved_since >= 0, solved_since, mark), NEVER)
    stopped = _up_to(mark, history.stopped_epoch)
    steps = np.where(stopped >= 0, stopped, mark) * short.steps_per_epoch
    diverged = _up_to(steps - 1, history.diverged_step)
    diverged = np.where((diverged == NEVER) & ~found.finite, steps, diverged)
    rows = curve_rows(short, range(first_seed, first_seed + len(found.solved)))
    losses = len(recorded_epochs(record.loss_every, mark))
    return Runs(
        experiment=short,
        first_seed=first_seed,
        solved=found.solved,
        solved_epoch=first.astype(np.int64),
        settled_epoch=settled.astype(np.int64),
        stopped_epoch=stopped.astype(np.int64),
        diverged_step=diverged.astype(np.int64),
        loss=found.loss,
        accuracy=found.accuracy,
        held_out_loss=found.held_out_loss,
        held_out_accuracy=found.held_out_accuracy,
        predictions=found.predictions[:, : record.predictions],
        parameters=found.parameters[:, : None if record.parameters else 0],
        gradient=found.gradient,
        step_gradient=found.step_gradient,
        loss_curve=history.loss_curve[:rows, :losses],
        gradient_curve=history.gradient_curve[:rows, : len(recorded_epochs(record.gradient_every, mark))],
        coarse_loss=history.coarse_loss[:, :losses],
    )


def _up_to(last: int | npt.NDArray[np.int64], event: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return when an event came, ``[n]``, `NEVER` where it didn't or came after the last moment."""
    return np.where((event >= 0) & (event <= last), event, NEVER)


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
