"""The way that is hundreds of times faster: the training as an experiment, in the engine that suits it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.seeds.engine_runs import RunReader
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.question import OnProgress, Question
from trainlab.diagnosis.seeds.seed_run import NOT_LOOKED_AT, SeedRun, with_first_finding
from trainlab.diagnosis.seeds.success import measure_of
from trainlab.draw import counted
from trainlab.engine import Runs
from trainlab.engine.choose import choose
from trainlab.execution import Interrupted, Progress, train_all
from trainlab.spec import MSE, Experiment, Record, name_of

PARTS, LEAST = 8, 64
"""Seeds are trained in 8 parts, of at least 64 seeds each, so that Ctrl-C loses little."""
MOST_PREDICTIONS = 20_000_000
"""Predictions that are kept of a part of the seeds, 80 MB of them; beyond that, no R² is told."""
MOST_DIAGNOSED, MOST_SECONDS = 20, 30.0
"""At most 20 failed runs are trained again, and no more are begun after 30 s."""
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0, parameters=False)


def run_lifted(
    question: Question,
    lift: Lift,
    reader: RunReader,
    yours: SeedRun,
    *,
    stop: Event,
    on_progress: OnProgress,
    on_diagnosis: OnProgress,
) -> SeedsResult:
    """Train the experiment from seeds 0, 1, 2, … and return the population as far as it came."""
    started = time.monotonic()
    experiment = msgspec.structs.replace(lift.experiment, record=QUIET)
    runs: list[SeedRun] = []
    for seeds in _parts(question.count):
        try:
            runs += read_runs(reader, _train(question, experiment, reader, seeds, stop, on_progress))
        except Interrupted:
            break
    seconds = time.monotonic() - started
    yours = reader.own(yours, lift.replayed[0])
    measure = measure_of([yours, *runs], metric=question.metric, success=question.success)
    failed = [
        run
        for run in runs
        if question.success.of(run, measure) is False and not question.success.is_between(run)
    ]
    told, notes = with_causes(lift.experiment, runs, failed, stop=stop, on_diagnosis=on_diagnosis)
    return SeedsResult(
        script=question.script,
        arguments=question.arguments,
        keep_arguments=question.keep_arguments,
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
    size = max(LEAST, -(-count // PARTS))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _train(
    question: Question,
    experiment: Experiment,
    reader: RunReader,
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

    read = recording_what_is_read(experiment, reader, len(seeds))
    return train_all([read], seeds, engine="auto", workers=question.workers, on_progress=told, stop=stop)


def recording_what_is_read(experiment: Experiment, reader: RunReader, count: int) -> Experiment:
    """Return the experiment with predictions recorded where R² isn't the loss itself in other units."""
    if not reader.classes and reader.variance and not isinstance(experiment.loss, MSE):
        points = experiment.data().points
        if points * count <= MOST_PREDICTIONS:
            record = msgspec.structs.replace(QUIET, predictions=points)
            return msgspec.structs.replace(experiment, record=record)
    return experiment


def read_runs(reader: RunReader, trained: Sequence[Runs]) -> list[SeedRun]:
    """Return the runs of an experiment as the doctor judges them."""
    (end,) = trained
    squared = squared_errors(end)
    return [
        reader.run(
            seed,
            loss=float(end.loss[row]),
            accuracy=float(end.accuracy[row]) if np.isfinite(end.accuracy[row]) else None,
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


def with_causes(
    experiment: Experiment,
    runs: Sequence[SeedRun],
    failed: Sequence[SeedRun],
    *,
    stop: Event,
    on_diagnosis: OnProgress,
) -> tuple[tuple[SeedRun, ...], tuple[str, ...]]:
    """Return the runs, the failed ones with their first finding, and a note where not all were diagnosed.

    The first of the failed runs are trained again by the reference engine, under the doctor.
    """
    started, found = time.monotonic(), dict[int | None, SeedRun]()
    wanted = failed[:MOST_DIAGNOSED]
    quiet = msgspec.structs.replace(experiment, record=QUIET)
    for run in wanted:
        seconds = time.monotonic() - started
        if stop.is_set() or seconds > MOST_SECONDS:
            break
        on_diagnosis(len(found), len(wanted), _seconds_left(seconds, len(found), len(wanted)))
        found[run.seed] = _diagnosed(quiet, run)
    rest = {run.seed for run in failed} - set(found)
    told = tuple(
        found.get(run.seed) or (replace(run, fault=NOT_LOOKED_AT) if run.seed in rest else run)
        for run in runs
    )
    if not rest:
        return told, ()
    return told, (
        f"Of {counted(len(failed), 'failed run')} the doctor looked at {len(found):,}: the first ones, each "
        "trained again in PyTorch.",
    )


def _seconds_left(seconds: float, done: int, total: int) -> float | None:
    """Return how long the rest takes at the pace so far, within the limit; None before the first is done."""
    return min(seconds / done * (total - done), MOST_SECONDS - seconds) if done else None


def _diagnosed(experiment: Experiment, run: SeedRun) -> SeedRun:
    from trainlab.diagnosis.in_process.watch import watch
    from trainlab.engine.reference import ReferenceEngine

    if run.seed is None:
        return run
    with watch() as watched:
        ReferenceEngine().train(experiment, range(run.seed, run.seed + 1))
    return with_first_finding(run, watched.report.to_dict())
