"""Makes runs of what an engine trained, and judges them as the doctor does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.judge.rule_reading import own_measure
from trainlab.diagnosis.lift.lifted import Lift
from trainlab.diagnosis.lift.recording import Refused
from trainlab.diagnosis.lift.replay import Replayed
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.diagnosis.signals.baselines import is_table
from trainlab.diagnosis.signals.learnt import NOTHING, State, is_behind, mistakes_by_commonest, state_of
from trainlab.diagnosis.signals.users_rule import UsersRule, state_by_rule
from trainlab.engine.constant_baseline import best_constant_loss

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
