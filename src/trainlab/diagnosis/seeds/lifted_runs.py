"""The way that is hundreds of times faster: the training as an experiment, in the engine that suits it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.judge.rule_reading import own_measure
from trainlab.diagnosis.lift.lifted import Lift, Replayed
from trainlab.diagnosis.lift.recording import Refused
from trainlab.diagnosis.seeds.population import SeedsResult, Way
from trainlab.diagnosis.seeds.question import OnProgress, Question
from trainlab.diagnosis.seeds.seed_run import NOT_LOOKED_AT, SeedRun, measure_of, with_first_finding
from trainlab.diagnosis.signals.baselines import is_table
from trainlab.diagnosis.signals.learnt import (
    NOTHING,
    State,
    UsersRule,
    is_behind,
    mistakes_by_commonest,
    state_by_rule,
    state_of,
)
from trainlab.draw import counted
from trainlab.engine import Runs
from trainlab.engine.choose import choose
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.execution import Interrupted, Progress, train_all
from trainlab.spec import MSE, Experiment, Record, name_of

# Makes runs of what an engine trained, and judges them as the doctor does.


PRINTED = 0.006
"""What rounding may make of a printed accuracy; of a loss 1 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReader:
    """Makes a run of what an engine trained, read over all the data at the end.

    `constant` is what the best constant answer scores over all the data by the same loss, `variance` the
    targets' (None of classes, and where no squared error is read), `commonest` the share of the commonest
    class (None of numbers); `neighbours`, `allowed` and `first_loss` are of the script's own run. `metric`
    says which number of the experiment the asked one is: ``"accuracy"``, ``"loss"``, ``"reached"`` or empty,
    times `scale`. By the user's `rule`, if there is one, it decides what was learnt.
    `is_table` is what `baselines.is_table` says of the data.
    """

    constant: float
    variance: float | None
    commonest: float | None
    neighbours: float | None
    allowed: float | None
    first_loss: float | None
    points: int
    steps: int
    classes: bool
    is_table: bool = False
    metric: str = ""
    scale: float = 1.0
    rule: UsersRule | None = None

    def run(
        self, seed: int, *, loss: float, accuracy: float | None, squared: float | None, diverged: bool
    ) -> SeedRun:
        """Return the run of one seed: `accuracy` the share of right answers, None where that means nothing.

        `squared` is the mean squared error, of which R² is made.
        """
        finite = math.isfinite(loss) and not diverged
        reached = self.reached(accuracy, squared) if finite else None
        value = {"accuracy": accuracy, "loss": loss, "reached": reached}.get(self.metric)
        value = value * self.scale if value is not None and math.isfinite(value) else None
        state = self._state(loss, reached, accuracy) if finite else "diverged"
        missed = self.rule is not None and not self.rule.holds(_known(value))
        if self.rule is not None:
            state = state_by_rule(not missed, state)
        return SeedRun(
            seed=seed,
            ended="end",
            state=state,
            behind=state == "poor" and (missed or self._is_behind(reached)),
            value=value,
            reached=reached,
            reached_as="accuracy" if self.classes else "R²",
            last_loss=loss if finite else None,
            relative_loss=loss / self.constant if finite and self.constant > NOTHING else None,
            steps=self.steps,
            models=1,
        )

    def reached(self, accuracy: float | None, squared: float | None) -> float | None:
        """Return the accuracy, or R² (1 minus squared error by variance); None where it isn't known."""
        if self.classes:
            return accuracy
        return 1 - squared / self.variance if squared is not None and self.variance else None

    def own(self, yours: SeedRun, replayed: Replayed) -> SeedRun:
        """Return the script's own run read as the others are, over all the data, as its replay has them."""
        if replayed.loss is None:
            return yours
        read = self.run(
            0,
            loss=replayed.loss,
            accuracy=replayed.accuracy,
            squared=replayed.squared,
            diverged=yours.state == "diverged",
        )
        measured = yours.read_from == "measured"
        return replace(
            yours,
            value=read.value if measured else yours.value,
            read_where=f"over {self.points:,} rows, measured by trainlab" if measured else yours.read_where,
            state=read.state,
            behind=read.behind,
            reached=read.reached,
            reached_as=read.reached_as,
            last_loss=read.last_loss,
            relative_loss=read.relative_loss,
        )

    def _is_behind(self, reached: float | None) -> bool:
        """Whether more can be learnt than a poor run did."""
        known = self.allowed is not None
        return known or is_behind(_known(reached), _known(self.neighbours), self.points)

    def _state(self, loss: float, reached: float | None, accuracy: float | None) -> State:
        return state_of(
            loss=loss,
            constant=self.constant,
            start=_known(self.first_loss),
            reached=_known(reached),
            neighbours=_known(self.neighbours),
            rows=self.points,
            steps=self.steps,
            unexplained=math.nan if self.classes or reached is None else 1 - reached,
            mistakes=mistakes_by_commonest(_known(reached), _known(self.commonest)),
            allowed=_known(self.allowed),
            right=_known(accuracy) if self.is_table else math.nan,
        )


def reader_of(lift: Lift, runs: Sequence[SeedRun], metric: str, rule: UsersRule | None = None) -> RunReader:
    """Return how the lifted runs are read; `runs` are those replayed, the script's own first.

    `metric` is the name of the number that is compared, or that the user's `rule` is about.

    Raises:
        Refused: the metric is none of the experiment's numbers.
    """
    yours, data = runs[0], lift.experiment.data()
    classes = yours.reached_as == "accuracy" and data.kind != "regression"
    variance = float(data.targets.var(axis=0).mean())
    table = data.targets.shape[1] == 1 and is_table(_tuples(data.inputs), data.targets[:, 0].tolist())
    reader = RunReader(
        constant=best_constant_loss(lift.experiment.loss, data.targets.astype(np.float64)),
        variance=variance if not classes and variance > NOTHING else None,
        commonest=_commonest(data.targets) if classes else None,
        neighbours=yours.neighbours_reach,
        allowed=1.0 if table else yours.data_allow,
        first_loss=yours.first_loss,
        points=data.points,
        is_table=table,
        steps=yours.steps,
        classes=classes,
        rule=rule,
    )
    if not metric:
        return reader
    if rule is not None and yours.read_from == "measured":
        name, scale = own_measure(rule)
        if name != "loss" and lift.judges_other_rows:
            raise Refused(f"{metric} may be that of rows that the script evaluates, and doesn't train on")
        return replace(reader, metric="loss" if name == "loss" else "reached", scale=scale)
    if not lift.judges_other_rows:
        for name, scale in (("accuracy", 1.0), ("accuracy", 100.0), ("loss", 1.0)):
            pairs = zip(runs, lift.replayed, strict=True)
            if all(_is_printed(run.value, one, name, scale) for run, one in pairs):
                return replace(reader, metric=name, scale=scale)
    raise Refused(
        f"{metric}, as the script prints it, is neither the loss nor the accuracy over the training data"
    )


def _commonest(targets: npt.NDArray[np.float64]) -> float:
    """Return the share of the commonest class of targets ``[n, outputs]``: yes or no, or a column each."""
    yes = targets.mean(axis=0)
    return float(max(yes[0], 1 - yes[0]) if len(yes) == 1 else yes.max())


def _tuples(rows: npt.NDArray[np.float64]) -> list[tuple[float, ...]]:
    return [tuple(row) for row in rows.tolist()]


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _is_printed(value: float | None, one: Replayed, name: str, scale: float) -> bool:
    number = one.accuracy if name == "accuracy" else one.loss
    if value is None or number is None or not math.isfinite(value):
        return False
    slack = PRINTED * scale if name == "accuracy" else max(0.01 * abs(number), 5e-5)
    return abs(value - scale * number) <= slack


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
        interrupted=stop.is_set() and (len(runs) < question.count or bool(notes)),
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
