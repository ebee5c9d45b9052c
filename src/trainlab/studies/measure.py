"""What tells how well a network does on data with many rows: accuracy or loss, held out where rows are.

Beside it stands what is reached without a look at the inputs: the share of the class that is commonest among
the rows trained on, or the loss of the best constant answer. Of a handful of rows, as XOR's, what is solved
tells more, so they have no measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_fixed
from trainlab.engine import Runs
from trainlab.spec import MSE, Experiment, Loss, name_of
from trainlab.stats import Estimate, Rate, rate
from trainlab.studies.cells import CellResult
from trainlab.studies.constant import best_constant_loss
from trainlab.tasks import Task

FEW = 16
"""Of up to so many rows, all trained on, what is solved is told and no accuracy."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """The measure of a study: `kind`, whether it is `held_out`, of how many `rows`.

    `guess` is what is reached on these rows without the inputs, `training_guess` on the rows trained on;
    `majority` is the class that is guessed, the one at `majority_place`; empty for a loss. `squared`: the
    loss is a mean square of a single target, so that 1 − loss / guess is R², as scikit-learn's `r2_score`
    has it.
    """

    kind: Literal["accuracy", "loss"]
    held_out: bool
    rows: int
    guess: float
    training_guess: float
    majority: str = ""
    majority_place: int = 0
    loss: str = ""
    squared: bool = False

    @property
    def name(self) -> str:
        """What is measured: ``held-out accuracy``, ``loss on the rows trained on``."""
        return f"held-out {self.kind}" if self.held_out else f"{self.kind} on the rows trained on"

    @property
    def guess_words(self) -> str:
        """What is reached without the inputs: ``always answering "no"``, ``the best constant answer``."""
        return (
            f'always answering "{self.majority}"' if self.kind == "accuracy" else "the best constant answer"
        )

    @property
    def little(self) -> str:
        """Less than this is a small difference: `stats.SMALL` in words."""
        return "2 points" if self.kind == "accuracy" else "2 %"

    @property
    def assumed(self) -> str:
        """What the intervals of effects take for granted (`score_effects`), in a sentence."""
        better = "" if self.kind == "accuracy" else ", nor better than the best seen"
        return f"Intervals assume that no seed does worse than those seen or {self.guess_words}{better}."

    def difference(self, value: Estimate) -> str:
        """Return a difference in words: ``+3.1 points (+2.4 to +3.8)``, of losses ``−27 % (−30 to −19)``."""
        if self.kind == "accuracy":
            return str(value)
        # Minus a logarithm: the lower the loss the better.
        change, low, high = (self.figure(number) for number in (value.estimate, value.high, value.low))
        return f"{change} % ({low} to {high})"

    def figure(self, value: float) -> str:
        """Return a difference alone: points of an accuracy, of a loss by how many per cent it changes."""
        return format_fixed(100 * (value if self.kind == "accuracy" else math.expm1(-value)), 1, sign=True)

    def of(self, runs: Runs) -> Floats:
        """Return the measure of each run, ``[n]``; a loss of one that diverged isn't finite."""
        return self._values(runs, held_out=self.held_out)

    def trained_on(self, runs: Runs) -> Floats:
        """Return the same of the rows that the runs were trained on, ``[n]``."""
        return self._values(runs, held_out=False)

    def _values(self, runs: Runs, *, held_out: bool) -> Floats:
        if self.kind == "accuracy":
            # A prediction that isn't a number is never right, so a run that diverged has no row right.
            return (runs.held_out_accuracy if held_out else runs.accuracy).astype(np.float64)
        return (runs.held_out_loss if held_out else runs.loss).astype(np.float64)

    def rows_right(self, accuracy: float) -> Rate:
        """Return an accuracy as a rate of the rows: its interval is what so few rows can tell."""
        return rate(round(accuracy * self.rows), self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the measure as JSON has it."""
        return {
            "kind": self.kind,
            "held_out": self.held_out,
            "rows": self.rows,
            "guess": self.guess,
            "majority": self.majority or None,
        }


def measure_of(cells: Sequence[CellResult]) -> Measure | None:
    """Return what all cells can be compared by; None if what is solved says more, or nothing is comparable.

    Accuracies are comparable on the same rows; losses, if they are of one kind and of targets scaled alike.
    """
    first = cells[0].runs.experiment
    data = first.data()
    if data.kind != "regression" and not data.held_out and data.points <= FEW:
        return None
    if any(_rows(item.runs.experiment) != _rows(first) for item in cells):
        return None
    if data.kind != "regression":
        return _accuracy(data)
    losses = {(item.runs.experiment.loss, item.runs.experiment.scaling.targets) for item in cells}
    return _loss(data, first.loss) if len(losses) == 1 else None


def _rows(experiment: Experiment) -> tuple[object, ...]:
    return experiment.task, experiment.split


def _accuracy(data: Task) -> Measure:
    shares = _shares(data.targets)
    place = int(np.argmax(shares))
    training = float(shares[place])
    return Measure(
        kind="accuracy",
        held_out=bool(data.held_out),
        rows=data.held_out or data.points,
        guess=float(_shares(data.held_out_targets)[place]) if data.held_out else training,
        training_guess=training,
        majority_place=place,
        majority=data.class_names[place] if data.class_names else f"class {place}",
    )


def _shares(targets: Floats) -> Floats:
    """Return the share of each class: of one target of 0 or 1 both, of one-hot rows each."""
    means = targets.mean(axis=0)
    return np.array([1.0 - means[0], means[0]]) if len(means) == 1 else means


def _loss(data: Task, loss: Loss) -> Measure:
    training = best_constant_loss(loss, data.targets)
    return Measure(
        kind="loss",
        held_out=bool(data.held_out),
        rows=data.held_out or data.points,
        guess=best_constant_loss(loss, data.held_out_targets) if data.held_out else training,
        training_guess=training,
        loss=name_of(loss),
        squared=isinstance(loss, MSE) and data.outputs == 1,
    )
