"""From what an engine measured along one training to the runs at each of its marks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.engine.runs import NEVER, FloatArray, Runs, is_solved, recorded_epochs
from trainlab.errors import EngineError
from trainlab.spec import Experiment


def check_marks(experiment: Experiment, marks: tuple[int, ...]) -> tuple[int, ...]:
    """Return the marks in order, the experiment's own epochs if none; refuse marks beyond its end."""
    wanted = tuple(sorted(set(marks))) or (experiment.epochs,)
    if wanted[0] < 1 or wanted[-1] != experiment.epochs:
        raise EngineError(
            f"marks = {marks}: must be epochs from 1 to the experiment's {experiment.epochs}, "
            f"with {experiment.epochs} itself among them."
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
    *,
    experiment: Experiment,
    first_seed: int,
    loss: FloatArray,
    predictions: FloatArray,
    parameters: FloatArray,
    gradient: FloatArray,
    loss_curve: FloatArray,
    gradient_curve: FloatArray,
    solved_epoch: npt.NDArray[np.int64],
    diverged_step: npt.NDArray[np.int64],
) -> Runs:
    """Cut a training down to one of its marks: what an experiment of that many epochs would have given.

    The arrays of the end are those read at the mark; curves and first events are the whole training's.
    """
    short = experiment.at_epochs(mark)
    solved = is_solved(predictions, short.data().targets, short.solved)
    first = np.where(
        (solved_epoch >= 0) & (solved_epoch <= mark),
        solved_epoch,
        np.where(solved & (short.record.solved_every > 0), mark, NEVER),
    )
    steps = mark * short.steps_per_epoch
    broken = ~np.isfinite(predictions).all(axis=(1, 2))
    diverged = np.where(
        (diverged_step >= 0) & (diverged_step < steps), diverged_step, np.where(broken, steps, NEVER)
    )
    return Runs(
        experiment=short,
        first_seed=first_seed,
        solved=solved,
        solved_epoch=first.astype(np.int64),
        diverged_step=diverged.astype(np.int64),
        loss=loss,
        predictions=predictions,
        parameters=parameters,
        gradient=gradient,
        loss_curve=loss_curve[:, : len(recorded_epochs(short.record.loss_every, mark))],
        gradient_curve=gradient_curve[:, : len(recorded_epochs(short.record.gradient_every, mark))],
    )
