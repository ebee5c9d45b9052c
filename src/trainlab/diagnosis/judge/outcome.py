"""How a training ended, in numbers that several runs of it can be compared by."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from trainlab.diagnosis.observed.answers import Answers, ModelAsked
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.baselines import trivial_loss
from trainlab.diagnosis.signals.learning import Learning
from trainlab.diagnosis.signals.learnt import STUCK
from trainlab.diagnosis.signals.training import Training

FIRST, LAST = 0.02, 0.1


def outcome_of(training: Training) -> dict[str, Any]:
    """Return the state, the loss at both ends, and the accuracy or R² reached.

    ``first_loss`` and ``last_loss`` are medians of what backward was called on: over the first 2 % and
    the last 10 % of the calls that were kept, at least 1 and 5. ``curve`` has all of them, every
    ``stride`` of them as their mean, at most 4,096. ``solved`` is what the user's rule says, if there is
    one. ``asked`` has what each network said at the end to rows that it was trained on, ``not_asked`` those
    that couldn't be asked, and why.
    """
    learning = training.learning
    loss_curve = learning.loss_curve
    values = [] if loss_curve is None else loss_curve.values
    unit = None if learning.main is None else _unit(learning.main)
    return {
        "state": learning.state,
        "first_loss": _median(values[: max(1, round(FIRST * len(values)))]),
        "last_loss": late_loss(learning),
        "constant_answer_loss": _plain(learning.constant_answer),
        "loss_by_constant": None if learning.adversarial else _plain(learning.loss_by_constant),
        # Losses of networks that compete needn't fall.
        "fit_by_constant": None if learning.adversarial else _plain(learning.ratio),
        "reached": None if unit is None else _plain(learning.reached),
        "reached_as": unit,
        "reached_on": None if unit is None else learning.reached_on or None,
        "commonest_class": None if unit is None else _plain(learning.commonest),
        "neighbours_reach": _plain(learning.reference),
        "data_allow": _plain(learning.allowed),
        "behind": learning.is_behind,
        "late_fall": _plain(curve.late_fall(values)),
        "lowest": None if learning.lowest is None else asdict(learning.lowest),
        "solved": _by_rule(learning),
        "asked": [_of_model(training, one) for one in training.record.asked],
        "not_asked": _not_asked(training),
        "curve": {
            "stride": 1 if loss_curve is None else loss_curve.stride,
            "loss": [_plain(value) for value in values],
        },
    }


def _unit(loss: LossRecord) -> str | None:
    """Return what is reached by a loss; None where yes or no is asked about numbers between 0 and 1."""
    if loss.kind in BINARY and not loss.has_classes:
        return None
    return "accuracy" if loss.kind in CLASSES + BINARY else "R²"


def _not_asked(training: Training) -> list[dict[str, str]]:
    """Return the networks that weren't asked, or whose answers aren't counted, and why."""
    unlike = training.learning.unlike
    last = training.record.asked[-1].name if unlike else ""
    reasons = training.record.not_asked | ({last: unlike} if unlike else {})
    return [{"model": name, "why": why} for name, why in reasons.items()]


def late_loss(learning: Learning) -> float | None:
    """Return the median loss of the last tenth of the steps; None if there is none that is finite."""
    values = [] if learning.loss_curve is None else learning.loss_curve.values
    return _median(values[-max(5, round(LAST * len(values))) :])


def _by_rule(learning: Learning) -> dict[str, Any] | None:
    ruling = learning.ruling
    if ruling is None:
        return None
    return {
        "rule": str(ruling.rule),
        "solved": ruling.solved,
        "value": None if ruling.value is None else _plain(ruling.value),
        "short": ruling.short,
        "read_from": ruling.source,
        "where": ruling.where,
        "words": ruling.words,
        "trouble": ruling.trouble,
        "by_itself": ruling.by_itself,
    }


def _of_model(training: Training, asked: ModelAsked) -> dict[str, Any]:
    loss = training.record.losses[asked.loss]
    return {
        "model": asked.name,
        "loss": loss.kind,
        "where": str(loss.site) if loss.site else loss.module,
        "rows": asked.rows,
        "unique_rows": asked.unique,
        "constant_answer_loss": _plain(asked.constant_loss),
        "reached_as": _unit(loss),
        "train_mode": _of_answers(loss, asked.train),
        "eval_mode": _of_answers(loss, asked.evaluation),
        "modes_apart": _plain(asked.apart),
    }


def _of_answers(loss: LossRecord, answers: Answers) -> dict[str, Any]:
    reached = None if _unit(loss) is None else _plain(answers.reached)
    return {"loss": _plain(answers.loss), "reached": reached, "constant": answers.constant}


def _median(values: list[float]) -> float | None:
    return _plain(float(np.median(values))) if values else None


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


# What is known of a training beforehand: that it missed its goal, and how far it came on all examples.


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFailure:
    """`goal` says what was to be reached; `whole` has readings of all examples in the order of time."""

    goal: str
    whole: LossRecord

    def judge(self, learning: Learning) -> Learning:
        """Return the outcome as it is known: stuck or poor, whatever single batches suggest.

        A batch of one example has no loss that tells how the others are answered. What diverged did so.
        """
        values = [fit.value for fit in self.whole.fits]
        trivial = trivial_loss(self.whole)
        if learning.state == "diverged" or not values or not trivial > 0:
            return learning
        end = values[-1]
        named = self.whole.kind in CLASSES + BINARY
        accuracy = self.whole.fits[-1].accuracy
        return replace(
            learning,
            state="stuck" if end > STUCK * trivial else "poor",
            trivial=trivial,
            start=values[0],
            end=end,
            reached=accuracy if named and accuracy is not None else 1 - end / trivial,
            falling=curve.still_falling(values) if len(values) > 1 else learning.falling,
            known_failure=self.goal,
            reached_on="all examples",
        )
