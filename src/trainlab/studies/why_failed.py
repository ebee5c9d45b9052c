"""Why the runs of a cell failed: some are trained once more and judged by the doctor's rules.

Solved runs of the cell are judged alike, as if they had failed: what they have as often is no reason why the
others did.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from trainlab.engine import engine_of, get_engine, select
from trainlab.errors import EngineError, lacking
from trainlab.execution import (
    Interrupted,
    RunSettings,
    default_workers,
    for_each,
    interrupts,
    stored_under,
)
from trainlab.execution.plan import DOCTOR, Workload, progress
from trainlab.plain import Plain
from trainlab.spec import Experiment
from trainlab.stats import Rate, rate
from trainlab.store import Store

if TYPE_CHECKING:
    from trainlab.diagnosis.judge.study_run import JudgedRun
    from trainlab.engine import Runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause(Plain):
    """A fault that is blamed first of some failed runs: how many, where in most, and how the first shows it.

    `solved` is in how many of the solved runs it would have been; None if there are none.
    """

    fault: str
    title: str
    rate: Rate
    solved: Rate | None
    where: str
    seeds: tuple[int, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WhyFailed(Plain):
    """Of `failed` unsolved runs the first `looked_into` by their seeds; `lost` of those ended elsewhere.

    Rates are of the others. `unexplained` are those of which no rule tells a cause, `at_rest` those among
    them whose loss no longer fell; both are None if none is left.
    """

    failed: int
    looked_into: int
    lost: int
    causes: tuple[Cause, ...]
    unexplained: Rate | None
    at_rest: Rate | None

    @property
    def on_its_way(self) -> Rate | None:
        """Runs without a cause whose loss was still falling."""
        if self.unexplained is None or self.at_rest is None:
            return None
        return rate(self.unexplained.k - self.at_rest.k, self.unexplained.n)


def why_failed(
    population: Sequence[Runs],
    *,
    most: int,
    settings: RunSettings,
    store: Store | None,
) -> list[WhyFailed]:
    """Return why the first `most` unsolved runs of each experiment failed.

    As many solved runs are judged beside them. What `store` has of all these isn't done again; what is found
    is kept there at once, if it holds the run. Ctrl-C raises Interrupted after those in work.

    Raises:
        EngineError: PyTorch, under which runs are judged, isn't installed.
    """
    from trainlab.diagnosis.judge.study_run import rules_digest
    from trainlab.engine.choose import has_torch

    if not has_torch():
        raise EngineError(lacking("why", "PyTorch", extra="torch"))
    engine = settings.engine
    chosen = [chosen_runs(runs, most) for runs in population]
    known = [_held(runs.experiment, engine, store) for runs in population]
    jobs = [
        (place, select(runs, range(seed, seed + 1)))
        for place, runs in enumerate(population)
        for seed in (*chosen[place][0], *chosen[place][1])
        if seed not in known[place]
    ]

    def keep(job: tuple[int, Runs], found: JudgedRun) -> None:
        place, run = job
        known[place][found.seed] = found
        if store is not None:
            name, text = stored_under(engine, run.experiment), msgspec.json.encode(found)
            store.save_judged(run.experiment, found.seed, text, engine=name, rules=rules_digest())

    if jobs:
        _carry_out(jobs, settings, store, keep)
    return [
        blamed(int((~runs.solved).sum()), [found[seed] for seed in failed], [found[seed] for seed in solved])
        for runs, (failed, solved), found in zip(population, chosen, known, strict=True)
    ]


def _held(experiment: Experiment, engine: str, store: Store | None) -> dict[int, JudgedRun]:
    from trainlab.diagnosis.judge.study_run import JudgedRun, rules_digest

    if store is None:
        return {}
    held = store.judged(experiment, engine=stored_under(engine, experiment), rules=rules_digest())
    judged: dict[int, JudgedRun] = {}
    for seed, found in held.items():
        # What an older trainlab kept has no digest; if it can't be read, the run is judged again.
        with suppress(msgspec.DecodeError, UnicodeEncodeError):
            judged[seed] = msgspec.json.decode(found, type=JudgedRun)
    return judged


def chosen_runs(runs: Runs, most: int) -> tuple[list[int], list[int]]:
    """Return the first seeds that failed and, if any did, the first that were solved."""
    failed, solved = (
        [runs.first_seed + int(row) for row in np.flatnonzero(which)[:most]]
        for which in (~runs.solved, runs.solved)
    )
    return failed, solved if failed else []


def _carry_out(
    jobs: Sequence[tuple[int, Runs]],
    settings: RunSettings,
    store: Store | None,
    keep: Callable[[tuple[int, Runs], JudgedRun], None],
) -> None:
    from trainlab.diagnosis.judge.study_run import stays_here

    total, done, started = _workload(jobs), Workload(), time.monotonic()
    with interrupts() as pressed:

        def tell() -> None:
            if settings.on_progress is not None:
                elapsed, stops = time.monotonic() - started, pressed.is_set()
                settings.on_progress(progress(done, total, elapsed=elapsed, engine=DOCTOR, stopping=stops))

        def finished(job: tuple[int, Runs], found: JudgedRun) -> None:
            nonlocal done
            keep(job, found)
            done += _workload([job])
            tell()

        tell()
        wanted = min(settings.workers or default_workers(), len(jobs))
        alone = any(stays_here(run.experiment) for _, run in jobs)
        for_each(
            partial(_diagnose, engine=settings.engine),
            jobs,
            workers=1 if alone else wanted,
            stopping=pressed.is_set,
            on_done=finished,
        )
        if pressed.is_set() and done.runs < total.runs:
            kept = store is not None and store.on_disk
            raise Interrupted(done=done.runs, total=total.runs, kept=kept, noun="judged runs")


def _workload(jobs: Sequence[tuple[int, Runs]]) -> Workload:
    steps = sum(_steps(run.experiment) for _, run in jobs)
    return Workload(chunks=len(jobs), runs=len(jobs), steps=steps, cost=len(jobs))


def _steps(experiment: Experiment) -> int:
    return experiment.epochs * experiment.steps_per_epoch


def _diagnose(job: tuple[int, Runs], *, engine: str) -> JudgedRun:
    from trainlab.diagnosis.judge.study_run import judge_run

    _, run = job
    return judge_run(run, get_engine(engine_of(engine, run.experiment)))


def blamed(failed: int, runs: Sequence[JudgedRun], solved: Sequence[JudgedRun]) -> WhyFailed:
    """Return what of `failed` runs those judged are blamed on, with `solved` ones judged alike."""
    from trainlab.diagnosis.faults import all_faults

    judged = [run for run in runs if run.found_again]
    beside = [run for run in solved if run.found_again]
    counts = Counter(run.fault for run in judged if run.fault)
    causes: list[Cause] = []
    for fault, k in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        same = [run for run in judged if run.fault == fault]
        causes.append(
            Cause(
                fault=fault,
                title=all_faults()[fault].title,
                rate=rate(k, len(judged)),
                solved=rate(sum(run.fault == fault for run in beside), len(beside)) if beside else None,
                where=Counter(run.where for run in same).most_common(1)[0][0],
                seeds=tuple(run.seed for run in same),
                evidence=same[0].evidence,
            )
        )
    silent = [run for run in judged if not run.fault]
    return WhyFailed(
        failed=failed,
        looked_into=len(runs),
        lost=len(runs) - len(judged),
        causes=tuple(causes),
        unexplained=rate(len(silent), len(judged)) if judged else None,
        at_rest=rate(sum(run.at_rest for run in silent), len(judged)) if judged else None,
    )
