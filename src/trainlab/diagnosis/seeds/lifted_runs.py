"""The way that is hundreds of times faster: the training as an experiment, in the engine that suits it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.seeds.causes import with_causes
from trainlab.diagnosis.seeds.engine_runs import Reader
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.question import OnProgress, Question
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.diagnosis.seeds.success import measure_of
from trainlab.engine import Runs
from trainlab.engine.choose import choose
from trainlab.execution import Interrupted, Progress, train_all
from trainlab.spec import MSE, Experiment, Record, name_of

BLOCKS, LEAST = 8, 64
"""Seeds are trained in so many parts, of at least so many seeds, so that Ctrl-C loses little."""
MOST_PREDICTIONS = 20_000_000
"""So many predictions of a part of the seeds are kept, 80 MB of them; beyond, no R² is told."""
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0, parameters=False)


def run_lifted(
    question: Question, lift: Lift, reader: Reader, yours: SeedRun, *, stop: Event, on_progress: OnProgress
) -> SeedsResult:
    """Train the experiment from seeds 0, 1, 2, … and return the population as far as it came."""
    started = time.monotonic()
    experiment = msgspec.structs.replace(lift.experiment, record=QUIET)
    runs: list[SeedRun] = []
    for seeds in _parts(question.count):
        try:
            runs += _read(reader, _train(question, experiment, reader, seeds, stop, on_progress))
        except Interrupted:
            break
    seconds = time.monotonic() - started
    yours = reader.own(yours, lift.replayed[0])
    measure = measure_of([yours, *runs], metric=question.metric, success=question.success)
    told, notes = with_causes(lift.experiment, runs, measure, question.success, stop=stop)
    return SeedsResult(
        script=question.script,
        arguments=question.arguments,
        way=Way(name="lifted", why=why_lifted(lift), checks=lift.checks()),
        asked=question.count,
        yours=yours,
        runs=told,
        measure=measure,
        success=question.success,
        notes=notes,
        how={
            "workers": question.workers,
            "engine": choose(experiment, question.count).engine,
            "seconds": round(seconds, 3),
            "seconds_a_run": seconds / len(runs) if runs else None,
        },
        interrupted=stop.is_set(),
    )


def why_lifted(lift: Lift) -> str:
    """Return what the training is, and how it was shown."""
    experiment = lift.experiment
    parts = [
        f"layers {experiment.network.label}",
        name_of(experiment.loss),
        name_of(experiment.optimizer),
        f"{experiment.data().points:,} rows",
        f"{experiment.epochs:,} epochs",
    ]
    return (
        f"it is an experiment ({', '.join(parts)}); begun with the script's own weights and batches it gives "
        f"the script's {lift.steps:,} losses of {len(lift.replayed)} runs, to a relative difference of "
        f"{lift.difference:.1g}"
    )


def _parts(count: int) -> list[range]:
    size = max(LEAST, -(-count // BLOCKS))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _train(
    question: Question,
    experiment: Experiment,
    reader: Reader,
    seeds: range,
    stop: Event,
    on_progress: OnProgress,
) -> list[Runs]:
    """Return the runs; with predictions where R² isn't the loss itself in other units."""
    started = time.monotonic()

    def told(progress: Progress) -> None:
        share = progress.runs_done / max(1, progress.runs_total)
        done = seeds.start + int(share * len(seeds))
        left = None
        if share:
            left = (time.monotonic() - started) / (share * len(seeds)) * (question.count - done)
        on_progress(done, question.count, left)

    read = experiment
    if not reader.classes and reader.variance and not isinstance(experiment.loss, MSE):
        points = experiment.data().points
        if points * len(seeds) <= MOST_PREDICTIONS:
            read = msgspec.structs.replace(
                experiment, record=msgspec.structs.replace(QUIET, predictions=points)
            )
    return train_all([read], seeds, engine="auto", workers=question.workers, on_progress=told, stop=stop)


def _read(reader: Reader, trained: Sequence[Runs]) -> list[SeedRun]:
    (end,) = trained
    squared = squared_errors(end)
    return [
        reader.run(
            seed,
            loss=float(end.loss[row]),
            accuracy=float(end.accuracy[row]) if reader.classes else None,
            squared=None if squared is None else float(squared[row]),
            diverged=bool(end.diverged[row]),
        )
        for row, seed in enumerate(end.seeds)
    ]


def squared_errors(runs: Runs) -> npt.NDArray[np.float64] | None:
    """Return each run's mean squared error over all the data, ``[n]``; None where it wasn't recorded."""
    targets = runs.experiment.data().targets
    if isinstance(runs.experiment.loss, MSE):
        return runs.loss.astype(np.float64)
    if runs.predictions.shape[1] < len(targets):
        return None
    return ((runs.predictions.astype(np.float64) - targets) ** 2).mean(axis=(1, 2))
