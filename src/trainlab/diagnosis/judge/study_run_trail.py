"""A run of an experiment trained once more by the engine that recorded it, its weights read at many steps."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.probe.schedule import is_compared, is_sampled
from trainlab.engine import Engine, Runs
from trainlab.engine.warm_start import starting_parameters
from trainlab.spec import Batch, Experiment, NoStopping, Record, ReduceLROnPlateau, Single, Warmup
from trainlab.spec.schedules import resolved

Row = npt.NDArray[np.floating]

EVERY_LOSS = 4095
"""Of a training of so many steps every loss is looked at, as a probe keeps them."""
FIRST_LOSSES = 200
"""Of a longer one, so many of the first."""
MOST_NUMBERS = 20_000_000
"""As many weights are read, over all the steps, 80 MB in single precision."""
READING = 4
"""Reading the network's answers may take so many times as long as the training itself."""
SMALL = 1_000_000
"""A million examples are read in a moment, however short the training was."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trail:
    """The weights ``[P]`` of one run before its steps, by the step's number; the last are those at the end.

    `experiment` has epochs of one step. `closely` are the steps that are looked at closely: the weights after
    each of them are there, too. `ends_as_recorded`: the loss at the end, and the weights if they were kept,
    are to the bit those of the record.
    """

    experiment: Experiment
    seed: int
    weights: dict[int, Row]
    closely: tuple[int, ...]
    ends_as_recorded: bool

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return self.experiment.epochs

    @property
    def end(self) -> Row:
        """The weights after the last step."""
        return self.weights[self.steps]


def trail_of(run: Runs, engine: Engine) -> Trail | None:
    """Return the trail of one run, ``Runs`` of a single seed; None if it can't be read step by step.

    It can where a training whose epochs have one step is the same training, and reading it is no more work
    than the training by far.
    """
    experiment = step_by_step(run)
    if experiment is None:
        return None
    closely = _closely(experiment.epochs, int(run.diverged_step[0]))
    wanted = {0, experiment.epochs, *closely, *(step + 1 for step in closely)}
    wanted |= set(range(experiment.epochs if experiment.epochs <= EVERY_LOSS else FIRST_LOSSES))
    if _is_costly(experiment, len(wanted)):
        return None
    marks = tuple(sorted(wanted - {0}))
    read = engine.train(experiment, run.seeds, marks=marks)
    weights: dict[int, Row] = {mark: runs.parameters[0] for mark, runs in zip(marks, read, strict=True)}
    weights[0] = starting_parameters(engine, experiment, run.seeds)[0].astype(run.loss.dtype)
    return Trail(
        experiment=experiment,
        seed=run.first_seed,
        weights=weights,
        closely=closely,
        ends_as_recorded=_same(read[-1], run),
    )


def _same(again: Runs, run: Runs) -> bool:
    kept = run.parameters.shape[1] > 0
    return np.array_equal(again.loss, run.loss, equal_nan=True) and (
        not kept or np.array_equal(again.parameters, run.parameters, equal_nan=True)
    )


def step_by_step(run: Runs) -> Experiment | None:
    """Return the same training, as far as it went, with epochs of one step; None if there is no such."""
    experiment = run.experiment
    steps, per_epoch = experiment.epochs, experiment.steps_per_epoch
    if 0 <= int(run.stopped_epoch[0]) < experiment.epochs:
        steps = int(run.stopped_epoch[0])
    schedule = resolved(experiment.schedule, epochs=experiment.epochs, steps_per_epoch=per_epoch)
    if steps == 0 or isinstance(schedule, ReduceLROnPlateau):
        return None
    # What a step makes of its gradient depends on all steps before it, most of which aren't read.
    if experiment.gradient == "equalised":
        return None
    changed = msgspec.structs.replace(
        experiment,
        epochs=steps * per_epoch,
        schedule=schedule,
        stopping=NoStopping(),
        record=Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0),
    )
    if per_epoch == 1:
        return changed
    if not isinstance(_sampling(experiment), Single) or _moves_by_epoch(experiment):
        return None
    return msgspec.structs.replace(changed, sampling=Single(steps_per_epoch=1))


def _sampling(experiment: Experiment) -> object:
    """Return the sampling; batches of one, drawn with replacement, are single examples."""
    sampling = experiment.sampling
    alone = isinstance(sampling, Batch) and sampling.replacement and sampling.batch_size == 1
    return Single() if alone else sampling


def _moves_by_epoch(experiment: Experiment) -> bool:
    warms = experiment.warmup != Warmup() and experiment.warmup.per == "epoch"
    return warms or getattr(experiment.schedule, "per", "step") == "epoch"


def _closely(steps: int, diverged: int) -> tuple[int, ...]:
    """Return the steps that a probe looks at closely, and those around the first output that isn't finite."""
    there = {step for step in range(steps) if is_sampled(step) or is_compared(step)}
    around = range(diverged - 1, diverged + 2) if diverged >= 0 else ()
    return tuple(sorted(there | {step for step in around if 0 <= step < steps}))


def _is_costly(experiment: Experiment, readings: int) -> bool:
    trained = experiment.epochs * experiment.examples_per_step
    return (
        readings * experiment.network.parameters > MOST_NUMBERS
        or readings * experiment.data().points > READING * trained + SMALL
    )
