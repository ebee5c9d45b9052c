"""From what an engine trained to runs as the doctor judges them, and as a study does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.lift.recording import Refused
from trainlab.diagnosis.lift.replay import Replayed
from trainlab.diagnosis.probe.schedule import is_sampled
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.diagnosis.seeds.success import Measure, Success
from trainlab.diagnosis.signals.learning import BEHIND, FEW, STUCK
from trainlab.spec import Accuracy, LossBelow, Within
from trainlab.spec.solved import Solved

PRINTED = 0.006
"""What rounding may make of a printed accuracy; of a loss 1 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Makes a run of what an engine trained: `constant` and `neighbours` are of the script's own run.

    What the doctor has of a run are losses and accuracies of its batches; an engine reads them over all the
    data. `batch_loss` is by how much the former loss is the larger one, and `accuracy_at` at which share of
    the training the batches lie whose accuracy the doctor has; both are as in the runs that were replayed.
    `metric` says which number of the experiment the asked one is: ``"accuracy"``, ``"loss"`` or empty, times
    `scale`.
    """

    constant: float | None
    neighbours: float | None
    first_loss: float | None
    points: int
    steps: int
    classes: bool
    batch_loss: float = 1.0
    accuracy_at: float = 1.0
    metric: str = ""
    scale: float = 1.0

    def run(
        self,
        seed: int,
        *,
        late: float,
        seen: float | None,
        loss: float,
        accuracy: float | None,
        diverged: bool,
    ) -> SeedRun:
        """Return the run of one seed: the doctor's judgement, from the loss over all the data.

        It takes the median of the last tenth of the losses: in a curve that falls that is the `late` one, at
        95 % of the training, and the accuracy `seen` at `accuracy_at`. `loss` and `accuracy` are of the end.
        """
        finite = math.isfinite(loss) and not diverged
        late *= self.batch_loss
        relative = late / self.constant if self.constant and finite else None
        reached = seen if self.classes else None if relative is None else 1 - relative
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
    classes = yours.reached_as == "accuracy" and data.kind != "regression"
    reader = Reader(
        constant=constant,
        neighbours=yours.neighbours_reach,
        first_loss=yours.first_loss,
        points=data.points,
        steps=yours.steps,
        classes=classes,
        batch_loss=_batch_loss(lift, runs),
        accuracy_at=_accuracy_at(lift, runs) if classes else 1.0,
    )
    if not metric:
        return reader
    if not lift.elsewhere:
        for name, scale in (("accuracy", 1.0), ("accuracy", 100.0), ("loss", 1.0)):
            pairs = zip(runs, lift.replayed, strict=True)
            if all(_is_printed(run.value, one, name, scale) for run, one in pairs):
                return replace(reader, metric=name, scale=scale)
    raise Refused(
        f"{metric}, as the script prints it, is neither the loss nor the accuracy over the training data"
    )


def _batch_loss(lift: Lift, runs: Sequence[SeedRun]) -> float:
    """Return how the last losses of the replayed runs stand to those over all the data, on average."""
    ratios = [
        math.log(run.last_loss / one.late)
        for run, one in zip(runs, lift.replayed, strict=True)
        if run.last_loss and one.late and run.last_loss > 0 and one.late > 0
    ]
    return math.exp(sum(ratios) / len(ratios)) if ratios else 1.0


def _accuracy_at(lift: Lift, runs: Sequence[SeedRun]) -> float:
    """Return 1 if the script's evaluations show the accuracy at the end, else where the doctor looks last."""
    ends = zip(runs, lift.replayed, strict=True)
    if all(_is_printed(run.reached, one, "accuracy", 1.0) for run, one in ends):
        return 1.0
    close = [tick for tick in range(runs[0].steps) if is_sampled(tick)]
    last = close[-max(5, len(close) // 10) :]
    return sum(last) / len(last) / runs[0].steps


def _is_printed(value: float | None, one: Replayed, name: str, scale: float) -> bool:
    number = one.accuracy if name == "accuracy" else one.loss
    if value is None or number is None or not math.isfinite(value):
        return False
    slack = PRINTED * scale if name == "accuracy" else max(0.01 * abs(number), 5e-5)
    return abs(value - scale * number) <= slack


def solved_of(reader: Reader, success: Success, measure: Measure) -> Solved:
    """Return what counts as solved in the experiment's file: as near to the success asked for as can be."""
    low, high = success.at_least, success.at_most
    of_accuracy = (measure.field == "reached" and reader.classes) or reader.metric == "accuracy"
    if of_accuracy and low is not None and 0 < low / reader.scale <= 1:
        return Accuracy(accuracy=low / reader.scale)
    if reader.metric == "loss" and high is not None:
        return LossBelow(loss=high)
    return LossBelow(loss=STUCK * reader.constant) if reader.constant else Within()
