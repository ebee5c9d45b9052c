"""The way that is hundreds of times faster: the training as an experiment, in the engine that suits it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event

import msgspec

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.lift.recording import Refused
from trainlab.diagnosis.lift.replay import Replayed
from trainlab.diagnosis.seeds.ask import OnProgress, Question
from trainlab.diagnosis.seeds.causes import with_causes
from trainlab.diagnosis.seeds.population import Population, Way
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.diagnosis.seeds.success import Measure, Success, measure_of
from trainlab.diagnosis.signals.learning import BEHIND, FEW, STUCK
from trainlab.engine import Runs
from trainlab.engine.choose import choose
from trainlab.execution import Interrupted, Progress, train_all
from trainlab.spec import Accuracy, Experiment, LossBelow, Record, Within, name_of
from trainlab.spec.solved import Solved

BLOCKS, LEAST = 8, 64
"""Seeds are trained in so many parts, of at least so many seeds, so that Ctrl-C loses little."""
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0, parameters=False)
LATE = 0.95
PRINTED = 0.006
"""What rounding may make of a printed accuracy; of a loss 1 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Makes a run of what an engine trained: `constant` and `neighbours` are of the script's own run.

    `metric` says which number of the experiment the asked one is: ``"accuracy"``, ``"loss"`` or empty, times
    `scale`.
    """

    constant: float | None
    neighbours: float | None
    first_loss: float | None
    points: int
    steps: int
    classes: bool
    metric: str = ""
    scale: float = 1.0

    def run(self, seed: int, *, late: float, loss: float, accuracy: float | None, diverged: bool) -> SeedRun:
        """Return the run of one seed: the doctor's judgement, from the loss over all the data.

        It takes the median of the last tenth of the losses: in a curve that falls that is the `late` one, at
        95 % of the training. `loss` and `accuracy` are those at the end.
        """
        finite = math.isfinite(loss) and not diverged
        relative = late / self.constant if self.constant and finite else None
        reached = accuracy if self.classes else None if relative is None else 1 - relative
        state = self._state(late, reached, diverged=not finite)
        value = (accuracy if self.metric == "accuracy" else loss) if self.metric else None
        return SeedRun(
            seed=seed,
            ended="end",
            state=state,
            value=value * self.scale if value is not None and math.isfinite(value) else None,
            reached=reached if finite else None,
            reached_as="accuracy" if self.classes else "R²",
            last_loss=late if finite else None,
            relative_loss=relative,
            steps=self.steps,
            models=1,
        )

    def _state(self, loss: float, reached: float | None, *, diverged: bool) -> str:
        """Judge as `signals.learning` does."""
        if diverged or loss > 10 * max(self.first_loss or 0.0, self.constant or 0.0) > 0:
            return "diverged"
        if self.steps < FEW or not self.constant:
            return "unknown"
        if loss > STUCK * self.constant:
            return "stuck"
        behind = self.neighbours is not None and reached is not None and self.neighbours - reached > BEHIND
        return "poor" if behind and self.points >= 100 else "learnt"


def reader_of(lift: Lift, runs: Sequence[SeedRun], metric: str) -> Reader:
    """Return how the lifted runs are read; `runs` are those replayed, the script's own first.

    Raises:
        Refused: the metric is none of the experiment's numbers.
    """
    yours, data = runs[0], lift.experiment.data()
    constant = None
    if yours.last_loss is not None and yours.relative_loss:
        constant = yours.last_loss / yours.relative_loss
    reader = Reader(
        constant=constant,
        neighbours=yours.neighbours_reach,
        first_loss=yours.first_loss,
        points=data.points,
        steps=yours.steps,
        classes=yours.reached_as == "accuracy" and data.kind != "regression",
    )
    if not metric:
        return reader
    if not lift.elsewhere:
        for name, scale in (("accuracy", 1.0), ("accuracy", 100.0), ("loss", 1.0)):
            pairs = zip(runs, lift.replayed, strict=True)
            if all(_is_printed(run.value, one, name, scale) for run, one in pairs):
                return replace(reader, metric=name, scale=scale)
    raise Refused(f"{metric} isn't the loss or the accuracy over the data trained on")


def _is_printed(value: float | None, one: Replayed, name: str, scale: float) -> bool:
    number = one.accuracy if name == "accuracy" else one.loss
    if value is None or number is None or not math.isfinite(value):
        return False
    slack = PRINTED * scale if name == "accuracy" else max(0.01 * abs(number), 5e-5)
    return abs(value - scale * number) <= slack


def run_lifted(
    question: Question, lift: Lift, reader: Reader, yours: SeedRun, *, stop: Event, on_progress: OnProgress
) -> Population:
    """Train the experiment from seeds 0, 1, 2, … and return the population as far as it came."""
    started = time.monotonic()
    experiment = msgspec.structs.replace(lift.experiment, record=QUIET)
    runs: list[SeedRun] = []
    for seeds in _parts(question.count):
        try:
            runs += _read(reader, _train(question, experiment, seeds, stop, on_progress))
        except Interrupted:
            break
    seconds = time.monotonic() - started
    whole = lift.replayed[0]
    if reader.classes and whole.accuracy is not None:
        yours = replace(yours, reached=whole.accuracy)
    measure = measure_of([yours, *runs], metric=question.metric, success=question.success)
    told, notes = with_causes(lift.experiment, runs, measure, question.success, stop=stop)
    return Population(
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


def solved_of(reader: Reader, success: Success, measure: Measure) -> Solved:
    """Return what counts as solved in the experiment's file: as near to the success asked for as can be."""
    low, high = success.at_least, success.at_most
    of_accuracy = (measure.field == "reached" and reader.classes) or reader.metric == "accuracy"
    if of_accuracy and low is not None and 0 < low / reader.scale <= 1:
        return Accuracy(accuracy=low / reader.scale)
    if reader.metric == "loss" and high is not None:
        return LossBelow(loss=high)
    return LossBelow(loss=STUCK * reader.constant) if reader.constant else Within()


def _parts(count: int) -> list[range]:
    size = max(LEAST, -(-count // BLOCKS))
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _train(
    question: Question, experiment: Experiment, seeds: range, stop: Event, on_progress: OnProgress
) -> list[Runs]:
    """Return the runs as they stood before and after 95 % of the training, and at its end."""
    started = time.monotonic()

    def told(progress: Progress) -> None:
        share = progress.runs_done / max(1, progress.runs_total)
        done = seeds.start + int(share * len(seeds))
        left = None
        if share:
            left = (time.monotonic() - started) / (share * len(seeds)) * (question.count - done)
        on_progress(done, question.count, left)

    marks = [max(1, math.floor(LATE * experiment.epochs)), max(1, math.ceil(LATE * experiment.epochs))]
    read = [experiment.at_epochs(mark) for mark in (*marks, experiment.epochs)]
    return train_all(read, seeds, engine="auto", workers=question.workers, on_progress=told, stop=stop)


def _late(before: float, after: float, epochs: int) -> float:
    """Return the loss at 95 % of the training, between two epochs: logarithms of losses fall evenly."""
    part = LATE * epochs - math.floor(LATE * epochs)
    if not (0 < before < math.inf and 0 < after < math.inf):
        return after
    return before ** (1 - part) * after**part


def _read(reader: Reader, trained: Sequence[Runs]) -> list[SeedRun]:
    before, after, trained_whole = trained
    epochs = trained_whole.experiment.epochs
    return [
        reader.run(
            seed,
            late=_late(float(before.loss[row]), float(after.loss[row]), epochs),
            loss=float(trained_whole.loss[row]),
            accuracy=float(trained_whole.accuracy[row]) if reader.classes else None,
            diverged=bool(trained_whole.diverged[row]),
        )
        for row, seed in enumerate(trained_whole.seeds)
    ]
