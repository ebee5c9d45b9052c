"""Runs of a lifted training with and without a remedy: populations of the experiment that it is."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from threading import Event, Timer

import msgspec
import numpy as np

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.remedies.experiment_changes import changed
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial_runs import Job, Run
from trainlab.diagnosis.report.read_back import Outcome
from trainlab.diagnosis.seeds.engine_runs import RunReader
from trainlab.diagnosis.seeds.lifted_runs import QUIET, read_runs, recording_what_is_read
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.execution import Interrupted, default_workers, train_all
from trainlab.spec import Experiment

MANY, FEW = 100, 20
"""Seeds that a remedy is tried on: of a light training, and at least."""
LIGHT = 10_000_000
"""So many updates of a parameter by an example take the kernel a few milliseconds."""


@dataclass(kw_only=True, slots=True)
class ExperimentTrials:
    """Trains the experiment from other seeds, all of a remedy's at once (`trial_runs.Runner`)."""

    lift: Lift
    reader: RunReader

    @property
    def lanes(self) -> int:
        """How many runs go on at the same time."""
        return default_workers()

    def can_try(self, remedy: Remedy) -> bool:
        """Whether the experiment has a field for what the remedy changes."""
        return changed(self.lift.experiment, remedy.changes) is not None

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with its run; those of one remedy are trained together, as they are first."""
        remedies = {id(job.remedy): job.remedy for job in jobs}
        for remedy in remedies.values():
            mine = {job.seed: job for job in jobs if job.remedy is remedy}
            experiment = (
                self.lift.experiment if remedy is None else changed(self.lift.experiment, remedy.changes)
            )
            if experiment is None:
                yield from ((job, Run(outcome=None)) for job in mine.values())
                continue
            rescaled = experiment.scaling.targets != self.lift.experiment.scaling.targets
            for run in self._trained(experiment, range(min(mine), max(mine) + 1), deadline):
                if run.seed in mine:
                    yield mine[run.seed], _told(run, self.reader, rescaled=rescaled)

    def _trained(self, experiment: Experiment, seeds: range, deadline: float) -> list[SeedRun]:
        """Return the runs; none if they weren't done in time."""
        stop = Event()
        timer = Timer(max(0.0, deadline - time.monotonic()), stop.set)
        timer.start()
        try:
            quiet = msgspec.structs.replace(experiment, record=QUIET)
            reader = reader_for(self.reader, self.lift.experiment, experiment)
            read = recording_what_is_read(quiet, reader, len(seeds))
            return read_runs(reader, train_all([read], seeds, engine="fast", workers=self.lanes, stop=stop))
        except Interrupted:
            return []
        finally:
            timer.cancel()


def reader_for(reader: RunReader, experiment: Experiment, new: Experiment) -> RunReader:
    """Return how runs of the changed experiment are read: by its own loss and targets, where they differ."""
    if new.loss == experiment.loss and new.scaling.targets == experiment.scaling.targets:
        return reader
    targets = new.data().targets.astype(np.float64)
    variance = None if reader.variance is None else float(targets.var(axis=0).mean())
    constant = best_constant_loss(new.loss, targets)
    return replace(reader, constant=constant, variance=variance, first_loss=None)


def _told(run: SeedRun, reader: RunReader, *, rescaled: bool) -> Run:
    constant, last = reader.constant, run.last_loss
    if rescaled and run.relative_loss is not None:
        last = run.relative_loss * constant  # in the script's own units
    outcome = Outcome(
        state=run.state,  # pyright: ignore[reportArgumentType]
        reached=run.reached,
        reached_as=run.reached_as,
        neighbours_reach=reader.neighbours,
        first_loss=reader.first_loss,
        last_loss=last,
        constant_answer_loss=constant,
        loss_by_constant=run.relative_loss,
        fit_by_constant=run.relative_loss,
    )
    return Run(outcome=outcome, acted=1)


def seeds_for(experiment: Experiment) -> int:
    """Return on how many seeds a remedy is tried: 100, or as many as take as long as those of a light one."""
    work = experiment.epochs * experiment.steps_per_epoch
    work *= experiment.network.parameters * experiment.examples_per_step
    return max(FEW, min(MANY, MANY * LIGHT // work))
