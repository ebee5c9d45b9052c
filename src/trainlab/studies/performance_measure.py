"""How well a network does on data with many rows: its accuracy or loss, on held-out rows if there are any.

Beside it stands what is reached without a look at the inputs: the share of the class that is commonest among
the rows trained on, or the loss of the best constant answer. Of a handful of rows, as XOR's, what is solved
tells more, so they have no measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_fixed
from trainlab.engine import Runs
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.plain import pick
from trainlab.spec import MSE, Custom, Experiment, Loss, name_of
from trainlab.stats import Estimate, Rate, rate
from trainlab.studies.cells import CellResult
from trainlab.tasks import Task

FEW = 16
"""Of up to so many rows, all trained on, what is solved is told and no accuracy."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class PerformanceMeasure:
    """The measure of a study: `kind`, whether it is `held_out`, of how many `rows`.

    `guess` is what is reached on these rows without the inputs, `training_guess` on the rows trained on;
    `majority` is the class that is guessed, the one at `majority_place`; empty for a loss. `squared`: the
    loss is a mean square of a single target, so that 1 − loss / guess is R², as scikit-learn's `r2_score`
    has it.

    Of several `splits`, `guesses` has what is reached on each, and `guess` is their mean, of losses the
    geometric one; so has `training_guess`. `majority` is empty where not the same class is commonest in all.
    `ratio` is of the rows held out to those trained on, 0 if there are none.
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
    guesses: tuple[float, ...] = ()
    ratio: float = 0.0

    @property
    def splits(self) -> int:
        """On how many splits the cells are compared."""
        return len(self.guesses) or 1

    @property
    def one_split(self) -> bool:
        """Whether rows are held out, but drawn only once: what is said then holds for these rows."""
        return self.held_out and self.splits == 1

    @property
    def name(self) -> str:
        """What is measured: ``held-out accuracy``, ``loss on the rows trained on``."""
        return f"held-out {self.kind}" if self.held_out else f"{self.kind} on the rows trained on"

    @property
    def guess_words(self) -> str:
        """What is reached without the inputs: ``always answering "no"``, ``the best constant answer``."""
        return (
            "the best constant answer"
            if self.kind == "loss"
            else f'always answering "{self.majority}"'
            if self.majority
            else "always answering the commonest class"
        )

    @property
    def little(self) -> str:
        """The largest difference that counts as small: `stats.SMALL` in words."""
        return "2 points" if self.kind == "accuracy" else "2 %"

    @property
    def assumed(self) -> str:
        """What the intervals of effects take for granted (`score_effects`), in a sentence."""
        if self.splits > 1:
            return (
                f"Intervals are over the {self.splits:,} splits, wider for the rows that these share (Nadeau "
                "and Bengio's corrected t)."
            )
        if self.kind == "accuracy":
            return (
                "Intervals allow for a seed not seen that does as badly as the worst seen, or as "
                f"{self.guess_words}; one that does worse still would widen them."
            )
        return (
            "Intervals allow for a seed not seen that does as badly as the worst seen, or as "
            f"{self.guess_words}, or as well as the best seen; one beyond these would widen them."
        )

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

    def of_all(self, item: CellResult) -> Floats:
        """Return the measure of each run of a cell, one split after the other: ``[splits · n]``."""
        return item.joined(self.of)

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
        told = pick(self, "kind held_out rows guess majority splits")
        return {**told, "majority": self.majority or None, "guesses": list(self.guesses) or [self.guess]}


def measure_of(cells: Sequence[CellResult]) -> PerformanceMeasure | None:
    """Return the measure that compares all cells; None if the share solved says more, or there is none.

    Accuracies are comparable on the same rows; losses, if they are of one kind and of targets scaled alike.
    """
    first = cells[0].runs.experiment
    if not comparable([item.runs.experiment for item in cells]):
        return None
    data = first.data()
    measured = [
        _accuracy(each) if each.kind != "regression" else _loss(each, first.loss)
        for each in (runs.experiment.data() for runs in cells[0].splits)
    ]
    found = replace(measured[0], ratio=data.held_out / data.points)
    return found if len(measured) == 1 else _over_splits(found, measured)


def comparable(experiments: Sequence[Experiment]) -> bool:
    """Whether a measure over enough rows compares the cells."""
    first = experiments[0]
    data = first.data()
    if data.kind != "regression" and not data.held_out and data.points <= FEW:
        return False
    if any(_rows(each) != _rows(first) for each in experiments):
        return False
    losses = {(each.loss, each.scaling.targets) for each in experiments}
    # The best constant answer to a loss of the user's own may lie anywhere.
    return data.kind != "regression" or (len(losses) == 1 and not isinstance(first.loss, Custom))


def _over_splits(first: PerformanceMeasure, measured: Sequence[PerformanceMeasure]) -> PerformanceMeasure:
    """Return the measure of several splits, of which each has its own guess."""
    guesses = tuple(each.guess for each in measured)
    training = [each.training_guess for each in measured]
    return replace(
        first,
        guess=_middle(first, guesses),
        training_guess=_middle(first, training),
        guesses=guesses,
        majority=first.majority if len({each.majority_place for each in measured}) == 1 else "",
    )


def _middle(measure: PerformanceMeasure, values: Sequence[float]) -> float:
    """Return the mean of accuracies, the geometric mean of losses."""
    if measure.kind == "accuracy" or min(values) <= 0:
        return float(np.mean(values))
    return float(np.exp(np.mean(np.log(values))))


def _rows(experiment: Experiment) -> tuple[object, ...]:
    return experiment.task, experiment.split


def _accuracy(data: Task) -> PerformanceMeasure:
    shares = _shares(data.targets)
    place = int(np.argmax(shares))
    training = float(shares[place])
    return PerformanceMeasure(
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


def _loss(data: Task, loss: Loss) -> PerformanceMeasure:
    training = best_constant_loss(loss, data.targets)
    return PerformanceMeasure(
        kind="loss",
        held_out=bool(data.held_out),
        rows=data.held_out or data.points,
        guess=best_constant_loss(loss, data.held_out_targets) if data.held_out else training,
        training_guess=training,
        loss=name_of(loss),
        squared=isinstance(loss, MSE) and data.outputs == 1,
    )
