"""One run of the fast engine read before any of its steps, inside epochs, too, to the bit as it was trained.

A tile's units make steps a … b − 1 wherever a training is cut, and readings change nothing that training
needs (`kernel.tile` reads a run at marks the same way, but between epochs alone). So the units are called one
after another from here; nothing is compiled for it that a population doesn't need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.choose import MANY
from trainlab.engine.fast.engine import FastEngine
from trainlab.engine.fast.job import choose_lanes, prepare
from trainlab.engine.fast.kernel_plan import sampling_of
from trainlab.engine.fast.tiles import begin_tile, tile_arrays, tile_record
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.lanes import Unit
from trainlab.engine.kernel.machine_code import call as call_compiled
from trainlab.engine.layout import starting_parameters
from trainlab.engine.runs import Runs
from trainlab.errors import EngineError
from trainlab.maths import learning_rates
from trainlab.spec import Experiment, Gradients, NoStopping, Record, ReduceLROnPlateau

Row = npt.NDArray[np.floating]
LEAST = 8
"""The networks of the smallest tile."""
MOST_WORK = 1e8
"""Of a run that takes more, examples seen × parameters × networks of the tile, the tile is a smaller one."""
UNREAD = Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunSteps:
    """A run of P parameters before F of its steps, ``steps [F]``, counted from 0; its end is one more.

    ``parameters [F, P]``, and ``after [F, P]`` those that the step makes of them, at the end the same.
    ``gradient [F, P]`` is ∂L/∂w before the step, over the step's own examples or all, without noise, dropout,
    penalty and clipping, as `Runs` has it. ``loss [F]`` is over all that are trained on, ``predictions [F,
    examples, outputs]`` are for those asked for. ``rate [F]`` is the step's learning rate, at the end that of
    the last one made, and ``factor [F]`` what a plateau has lowered it to. ``state [F, S, P]`` is what the
    optimizer keeps, in the order of `maths.initial_state`, but for NAdam's product of momenta.
    """

    steps: npt.NDArray[np.int64]
    parameters: Row
    after: Row
    gradient: Row
    loss: Row
    predictions: Row
    rate: npt.NDArray[np.float64]
    factor: npt.NDArray[np.float64]
    state: Row


def train_alone(experiment: Experiment, seed: int, *, dtype: str = "float32") -> Runs:
    """Return the run of one seed, by the units that many seeds of the experiment are trained with.

    The bits are those of every other choice; but these units are there already where its population was
    trained.
    """
    return engine_alone(experiment, dtype=dtype).train(experiment, range(seed, seed + 1))[0]


def engine_alone(experiment: Experiment, *, dtype: str = "float32") -> FastEngine:
    """Return the engine with tiles as a population's first seeds have them: small ones of a long training."""
    batch = sampling_of(experiment, experiment.data().points)[1]
    work = steps_of(experiment) * batch * experiment.network.parameters
    population = MANY
    while population > LEAST and population * work > MOST_WORK:
        population //= 2
    networks, samples = choose_lanes(experiment, batch=batch, population=population, dtype=dtype)
    return FastEngine(dtype=dtype, networks=networks, samples=samples)


def steps_of(experiment: Experiment) -> int:
    """Return how many steps a training has that doesn't stop early."""
    return experiment.epochs * experiment.steps_per_epoch


def steps_made(run: Runs) -> int:
    """Return how many steps a run, ``Runs`` of a single seed, made until its end or until it stopped."""
    stopped = int(run.stopped_epoch[0])
    epochs = run.experiment.epochs if stopped < 0 else stopped
    return epochs * run.experiment.steps_per_epoch


def read_steps(
    run: Runs,
    steps: Sequence[int],
    *,
    examples: Sequence[int] = (),
    gradients: Gradients | None = None,
    on_reading: Callable[[], None] | None = None,
) -> RunSteps:
    """Train a run, ``Runs`` of a single seed, once more, and read it before each of the `steps`, ascending.

    `examples` are those to keep predictions for, of the ones trained on, from 0; `on_reading` is called
    before each reading, and may raise to end it. `gradients` says whose these are; left out, those that the
    experiment records.

    Raises:
        EngineError: they don't ascend, or aren't steps of the run.
    """
    last = steps_made(run)
    wanted = np.asarray(steps, dtype=np.int64)
    if len(wanted) == 0 or wanted[0] < 0 or wanted[-1] > last or (np.diff(wanted) <= 0).any():
        raise EngineError(
            f"steps: must be one or more whole numbers from 0 to {last:,}, the end of the run, each larger "
            "than the one before."
        )
    asked = gradients or run.experiment.record.gradients
    played = _Played(run, examples=examples, gradients=asked)
    readings: list[tuple[Any, ...]] = []
    at = 0
    for step in wanted.tolist():
        if on_reading:
            on_reading()
        played.advance(at, step)
        before = played.read(step)
        at = min(step + 1, last)
        played.advance(step, at)
        readings.append((*before, played.parameters))
    parameters, gradient, loss, predicted, factor, state, after = (
        np.array(each) for each in zip(*readings, strict=True)
    )
    rates = step_rates(run.experiment)
    return RunSteps(
        steps=wanted,
        parameters=parameters,
        after=after,
        gradient=gradient,
        loss=loss,
        predictions=predicted,
        rate=rates[np.minimum(wanted, len(rates) - 1)] * factor,
        factor=factor,
        state=state,
    )


class _Played:
    """A tile with one run in each of its lanes, of which the first is read."""

    def __init__(self, run: Runs, *, examples: Sequence[int], gradients: Gradients) -> None:
        dtype = str(run.loss.dtype)
        self._examples = np.asarray(examples, dtype=np.int64)
        predictions = int(self._examples.max(initial=-1)) + 1
        record = msgspec.structs.replace(UNREAD, predictions=predictions, gradients=gradients)
        experiment = msgspec.structs.replace(run.experiment, stopping=NoStopping(), record=record)
        engine = engine_alone(experiment, dtype=dtype)
        self._job = job = prepare(
            experiment,
            marks=(experiment.epochs,),
            population=1,
            networks=engine.networks,
            samples=engine.samples,
            dtype=dtype,
            checked=False,
        )
        self._own = tile_arrays(job)
        self._record = tile_record(job, self._own)
        begin_tile(job, self._own, run.seeds, starting_parameters(engine, experiment, run.seeds))
        self._record["used"] = 1
        self._memory = self._own["memory"].reshape(job.rows.total, job.lane.networks)[:, 0]
        self._evaluate, self._steps = self._unit("evaluate"), self._unit("steps")
        self._shuffle = self._unit("shuffle") if job.plan.sampling == tables.SHUFFLED else None

    def _unit(self, name: str) -> Callable[[int, int, int], None]:
        lane, function, address = self._job.lane, int(self._record[f"unit_{name}"]), self._record.ctypes.data

        def call(a: int, b: int, c: int) -> None:
            call_compiled(Unit(kind="call", lanes=lane), address, function, a, b, c)

        return call

    @property
    def parameters(self) -> Row:
        """The parameters as they are now, ``[P]``."""
        return self._memory[: self._job.plan.parameters].copy()

    def advance(self, start: int, stop: int) -> None:
        """Make the steps from `start` on, `stop` left out."""
        plan = self._job.plan
        while start < stop:
            epoch, within = divmod(start, plan.steps_per_epoch)
            if self._shuffle is not None and within == 0:
                self._shuffle(epoch, 0, 0)
            until = stop
            if self._shuffle is not None or plan.plateau:
                until = min(stop, (epoch + 1) * plan.steps_per_epoch)
            self._steps(start, until, 0)
            if plan.plateau and until == (epoch + 1) * plan.steps_per_epoch:
                self._evaluate(plan.plateau_held, 0, -1)
                call_compiled(
                    Unit(kind="lower_rates", lanes=self._job.lane), self._record.ctypes.data, epoch == 0, 0, 0
                )
            start = until

    def read(self, step: int) -> tuple[Any, ...]:
        """Return parameters, gradient, loss, predictions, the rate's factor and the state before a step."""
        job, plan, rows = self._job, self._job.plan, self._job.rows
        gradient = slice(rows.gradient, rows.gradient + plan.parameters)
        parameters = self.parameters
        state = self._memory[rows.first_state : rows.gradient].reshape(-1, plan.parameters).copy()
        self._evaluate(tables.TRAINED_ON, 1, plan.kept_parameters)
        loss, found = self._memory[rows.loss], self._memory[gradient].copy()
        kept = slice(plan.kept_parameters, plan.kept_parameters + plan.kept_points * plan.outputs)
        predictions = self._own["readings"].reshape(-1, job.lane.networks)[kept, 0]
        # Those asked for alone: of a thousand readings all would be gigabytes.
        predictions = predictions.reshape(plan.kept_points, plan.outputs)[self._examples]
        if plan.gradient_of_step:
            epoch, within = divmod(step, plan.steps_per_epoch)
            if self._shuffle is not None and within == 0:
                self._shuffle(epoch, 0, 0)
            self._evaluate(tables.OF_STEP, 1, step)
            found = self._memory[gradient].copy()
        factor = float(self._memory[rows.rate_factor])
        return parameters, found, loss, predictions, factor, state


def step_rates(experiment: Experiment) -> npt.NDArray[np.float64]:
    """Return the learning rate of every step, of a constant one the only one; a plateau's factor apart."""
    lr: float = experiment.optimizer.lr
    if not experiment.scheduled:
        return np.array([lr])
    schedule: dict[str, Any] = msgspec.to_builtins(experiment.schedule)
    name = schedule.pop("name")
    return learning_rates(
        name,
        lr=lr,
        epochs=experiment.epochs,
        steps_per_epoch=experiment.steps_per_epoch,
        warmup=msgspec.to_builtins(experiment.warmup),
        **({} if isinstance(experiment.schedule, ReduceLROnPlateau) else schedule),
    )
