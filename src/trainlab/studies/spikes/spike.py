"""Carry out the question how a run unlearned: find such a run, replay it, and take its spike apart."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from trainlab.engine import Engine, Runs, engine_of, get_engine, select
from trainlab.engine.choose import has_torch
from trainlab.engine.runs import UNKNOWN
from trainlab.engine.warm_start import starting_parameters
from trainlab.errors import EngineError, SpecError
from trainlab.execution import Progress, provenance_of
from trainlab.spec import Adam, AdamW, Experiment, Study, any_study, named_cell
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.record import Record
from trainlab.spec.study import MAX_SEEDS
from trainlab.stats import mcnemar_p
from trainlab.studies.checked_options import checked_options
from trainlab.studies.spikes.spike_anatomy import Spike, find_spike
from trainlab.studies.spikes.spike_result import SpikeResult
from trainlab.studies.spikes.spike_words import Lost
from trainlab.studies.stored_training import train_stored

SEEDS = 100
MAX_NUMBERS = 5_000_000
"""Steps × parameters: so many numbers are kept of a replay, four times; for 44 parameters 100,000 steps."""
MAX_READ = 50_000_000
"""Steps × examples: so many answers are read, one reading a step."""
READINGS = 10
"""Where only the end was to be read, it is read every so many epochs whether runs are solved."""


@checked_options
def spike(
    spec: Experiment | Study | str | os.PathLike[str],
    *,
    cell: str | None = None,
    seed: int | None = None,
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> SpikeResult:
    """Take apart how a run unlearned what it had solved: the step, the parameter it moved, and why so far.

    The run is trained again by the engine that trains it, and beside it by a plain PyTorch loop, which takes
    over its weights at the end of every epoch; what is told of the optimizer is read from that loop.

    Args:
        spec: an experiment, a study, the path of a file of either, or the name of an example.
        cell: which cell of a study to ask about, as ``"Model 1:A+B"``; left out, the first.
        seed: the run to take apart; left out, the first that was solved at some time and isn't at the end.
        seeds: among how many seeds to look for it: 0, 1, 2, ….
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        on_progress: what is called with the progress, again and again.

    Returns:
        What happened, step by step; no spike where no run lost what it had solved.

    Raises:
        SpecError: before anything runs; the training is too long or too large to be kept step by step, too.
        EngineError: PyTorch isn't installed.
    """
    check_number("seeds", seeds, at_least=1, at_most=MAX_SEEDS)
    if seed is not None:
        check_number("seed", seed, at_least=0, at_most=MAX_COUNT)
    if not has_torch():
        raise EngineError("spike: replays the run by a loop in PyTorch; pip install 'trainlab[torch]'.")
    plan = any_study(spec)
    chosen = named_cell(plan, cell)
    experiment = chosen.experiment
    _check_size(experiment)
    if not experiment.record.solved_every:
        experiment = replace(experiment, record=replace(experiment.record, solved_every=READINGS))
    asked = range(seeds) if seed is None else range(seed, seed + 1)
    started = time.perf_counter()

    steady = _with_amsgrad(experiment) if seed is None else None
    trained = [experiment, *([steady] if steady is not None else [])]
    (runs, *others), steps, seconds = train_stored(
        trained,
        asked,
        engine=engine,
        store=store,
        workers=workers,
        on=on,
        fresh=fresh,
        on_progress=on_progress,
    )
    unlearnt = tuple(
        runs.first_seed + int(row) for row in np.flatnonzero((runs.solved_epoch >= 0) & ~runs.solved)
    )
    trainer = get_engine(engine_of(engine, experiment))
    found = None
    for each in unlearnt if seed is None else (seed,):
        replayed = replayed_spike(select(runs, range(each, each + 1)), trainer)
        # Replayed by the plain loop alone, a run may end otherwise; then the next one is looked at.
        if replayed is not None and (seed is not None or replayed.again is None):
            found = replayed
            break
    how = provenance_of(
        engine,
        [experiment],
        seeds=len(asked),
        workers=workers,
        on=on,
        seconds=time.perf_counter() - started,
        trained_steps=steps,
        trained_seconds=seconds,
    )
    return SpikeResult(
        cell=chosen.name,
        name=chosen.words,
        made=tuple((change.name, change.label) for change in plan.changes if change.name in chosen.changes),
        experiment=experiment,
        seed=seed,
        unlearnt=unlearnt,
        spike=found,
        lost=_compared(runs, others[0]) if others else None,
        how=dataclasses.replace(how, first_seed=asked.start),
    )


def _with_amsgrad(experiment: Experiment) -> Experiment | None:
    """Return the experiment with an Adam whose v never falls; None where there is no such."""
    optimizer = experiment.optimizer
    if not isinstance(optimizer, Adam | AdamW) or optimizer.amsgrad:
        return None
    return replace(experiment, optimizer=replace(optimizer, amsgrad=True))


def _compared(runs: Runs, other: Runs) -> Lost | None:
    """Return how many runs lost it at a reading after the first one at which they were solved.

    None where an older trainlab kept runs without what it takes to tell.
    """
    if any((each.solved & (each.settled_epoch == UNKNOWN)).any() for each in (runs, other)):
        return None
    ours, theirs = (
        (each.solved_epoch >= 0) & (each.settled_epoch != each.solved_epoch) for each in (runs, other)
    )
    return Lost(
        seeds=len(ours),
        without=int(ours.sum()),
        with_amsgrad=int(theirs.sum()),
        p=mcnemar_p(ours, theirs),
    )


def replayed_spike(run: Runs, engine: Engine) -> Spike | None:
    """Return the spike of one run, ``Runs`` of a single seed, trained by this engine; None if it has none."""
    from trainlab.engine.reference.replay import replay

    experiment = run.experiment
    stopped = int(run.stopped_epoch[0])
    epochs = stopped if 0 <= stopped < experiment.epochs else experiment.epochs
    if not epochs:
        return None
    start = None
    if experiment.after is not None:
        start = starting_parameters(engine, experiment, run.seeds)[0]
    dtype = str(run.loss.dtype)
    made = replay(
        experiment,
        run.first_seed,
        epochs=epochs,
        ends=_ends(run, engine),
        start=start,
        dtype=dtype,
    )
    return find_spike(experiment, run.first_seed, made)


def _ends(run: Runs, engine: Engine) -> dict[int, np.ndarray]:
    """Return the weights ``[P]`` of a run at the end of each epoch; of the plain loop itself none are needed.

    A schedule that depends on the length of the training lets them be read at its end only.
    """
    if engine.name.startswith("reference"):
        return {}
    # Where a training stops depends on how often it is found solved.
    record = Record(
        loss_every=0,
        gradient_every=0,
        solved_every=run.experiment.record.solved_every,
        curves=0,
        predictions=0,
    )
    experiment = replace(run.experiment, record=record)
    first = experiment.epochs if experiment.looks_ahead else 1
    marks = tuple(range(first, experiment.epochs + 1))
    read = engine.train(experiment, run.seeds, marks=marks)
    return {mark: runs.parameters[0] for mark, runs in zip(marks, read, strict=True)}


def _check_size(experiment: Experiment) -> None:
    """Refuse what would take too much memory, or too long to be read at every step."""
    steps, points = experiment.epochs * experiment.steps_per_epoch, experiment.data().points
    size = experiment.network.parameters
    for count, what, most in ((size, "parameters", MAX_NUMBERS), (points, "examples", MAX_READ)):
        if steps * count > most:
            raise SpecError(
                f"epochs = {experiment.epochs:,}: a spike is looked for at every step, and {steps:,} steps "
                f"times {count:,} {what} are more than {most:,}. Train for fewer epochs."
            )
