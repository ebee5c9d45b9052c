"""Why a run failed, as far as its record tells: a stated rule on loss and gradients, layer by layer.

A run *failed* when it is neither solved nor diverged. Its loss is *high* when it is at least 0.4 of the
loss of the best constant prediction: below the places where XOR runs get stuck (one point of four wrong
under L1 and two points at ½ under MSE are exactly half of it), so that rounding decides nothing. A layer's
gradient has *vanished* when the mean |∂L/∂w| of its weights is below the threshold at the end. What the loss
is over, `record.gradients` says: the examples of one training step, or all of them. The rule is asked by
both, as they may differ: over all examples the gradients of a network that says the same to each can cancel,
under L1 those of two zeros and two ones to exactly 0, while every step still has one.

Of the failed runs with a high loss two kinds are told apart:

- a *vanishing gradient*: the first layer's gradient has vanished and the last layer's hasn't. There is a
  signal, and it is lost on its way down. It takes two layers: of a network with one it is never asked.
- *standing still*: every layer's gradient has vanished, the last included. Nothing pulls anywhere: the run
  has come to a stationary point, or its outputs are saturated. Even the best answer that a network can give
  is such a place, where that answer is poor.

The rest is stuck for another reason, or was still on its way. The layers are counted one by one beside it.
At the threshold of 1e-4 and a steady gradient, 8,004 steps of SGD at lr 0.02 move a weight by 0.02 (ten
times that with momentum 0.9); Adam rescales gradients, so there it says what arrives, not how far weights
move. Any threshold is a choice: both shares are given at ten times more and less, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.plain import pick
from trainlab.spec import Full, Gradients, Loss
from trainlab.stats import Rate, rate
from trainlab.tasks import Task

THRESHOLD = 1e-4
HIGH_LOSS = 0.4
_THRESHOLDS = (THRESHOLD, 10 * THRESHOLD, THRESHOLD / 10)
BELOW, MORE, LESS = (f"{threshold:.0e}".replace("e-0", "e-") for threshold in _THRESHOLDS)
"""The thresholds in words: ``1e-4``, and ten times more and less."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Causes:
    """Counts over the failed runs of a cell; the rates are None when no run failed.

    `vanishing` and `standing_still` are as the rule tells them, `…_at_more` and `…_at_less` the same at ten
    times the threshold and at a tenth; `vanishing` is None of a network with a single layer, too.
    `vanishing_by_layer` has, from first layer to last, the share of the failed runs that have a high loss and
    a vanished gradient in that layer, whatever the others have.

    `gradients` says whose these are, as the experiment asks; `otherwise` has the same counts by those of all
    examples where these are of a step, and the other way round: None where steps see all examples, or where
    runs were kept without.
    """

    SHARES: ClassVar = (
        "vanishing vanishing_at_1e-3=vanishing_at_more vanishing_at_1e-5=vanishing_at_less standing_still "
        "standing_still_at_1e-3=standing_still_at_more standing_still_at_1e-5=standing_still_at_less "
        "vanishing_by_layer median_gradient_by_layer gradients"
    )
    """All but the counts and `otherwise`, as JSON has them."""

    failed: int
    high_loss: int
    vanishing: Rate | None
    vanishing_at_more: Rate | None
    vanishing_at_less: Rate | None
    standing_still: Rate | None
    standing_still_at_more: Rate | None
    standing_still_at_less: Rate | None
    vanishing_by_layer: tuple[Rate, ...]
    median_gradient_by_layer: tuple[float, ...]
    gradients: Gradients = "data"
    otherwise: Causes | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""
        other = self.otherwise
        return {
            **pick(self, f"failed high_loss {self.SHARES}"),
            "otherwise": other and pick(other, self.SHARES),
        }


def causes_of(*splits: Runs) -> Causes:
    """Apply the rule to every failed run of a cell, on one split or on several."""
    # Each split has its own best constant, so losses are told as shares of it.
    best = [_constant_loss(runs.experiment.loss, runs.experiment.data()) for runs in splits]
    shares = [
        runs.loss.astype(np.float64) * (best[0] / each if each != best[0] else 1.0)
        for runs, each in zip(splits, best, strict=True)
    ]
    which, loss = np.concatenate([failed(runs) for runs in splits]), np.concatenate(shares)
    asked: Gradients = splits[0].experiment.record.gradients
    other: Gradients = "data" if asked == "step" else "step"

    def counted(gradients: Gradients) -> Causes:
        gradient = np.concatenate([gradients_of(runs, gradients) for runs in splits])
        found = count_causes(failed=which, loss=loss, gradient=gradient, constant_loss=best[0])
        return replace(found, gradients=gradients)

    found = counted(asked)
    return replace(found, otherwise=counted(other)) if all(map(_has_both, splits)) else found


def gradients_of(runs: Runs, gradients: Gradients | None = None) -> Floats:
    """Return each layer's mean |gradient| at the end, ``[n, layers]``: a step's or the data's, as asked."""
    of_step = (gradients or runs.experiment.record.gradients) == "step"
    return (runs.step_gradient if of_step else runs.gradient).astype(np.float64)


def _has_both(runs: Runs) -> bool:
    """Whether gradients of single steps were kept and differ from those of all examples."""
    if isinstance(runs.experiment.sampling, Full):
        return False
    lost = np.isnan(runs.step_gradient).all(axis=1) & ~np.isnan(runs.gradient).all(axis=1)
    return not bool(lost.any())


def failed(runs: Runs) -> Bools:
    """Return which runs are neither solved nor diverged, ``[n]``."""
    return ~runs.solved & ~runs.diverged


def vanishing(runs: Runs) -> Bools:
    """Return which runs failed with a vanishing gradient by the rule, ``[n]``: those that `causes_of` counts.

    None of a network with a single layer.
    """
    return _lost(high_loss(runs), gradients_of(runs), THRESHOLD)


def standing_still(runs: Runs) -> Bools:
    """Return which runs failed and stand still as a whole, ``[n]``: those that `causes_of` counts."""
    return _still(high_loss(runs), gradients_of(runs), THRESHOLD)


def count_causes(*, failed: Bools, loss: Floats, gradient: Floats, constant_loss: float) -> Causes:
    """Apply the rule to plain numbers: `failed [n]`, final `loss [n]`, mean |gradient| ``[n, layers]``."""
    high = _high(failed, loss, constant_loss)
    n, layers = int(failed.sum()), gradient.shape[1]

    def share(which: Bools) -> Rate | None:
        return rate(int(which.sum()), n) if n else None

    lost, lost_at_more, lost_at_less = (
        share(_lost(high, gradient, threshold)) if layers > 1 else None for threshold in _THRESHOLDS
    )
    still, still_at_more, still_at_less = (
        share(_still(high, gradient, threshold)) for threshold in _THRESHOLDS
    )
    by_layer = [share(high & (gradient[:, layer] < THRESHOLD)) for layer in range(layers)]
    medians: Floats = np.median(gradient[failed], axis=0) if n else np.empty(0)
    return Causes(
        failed=n,
        high_loss=int(high.sum()),
        vanishing=lost,
        vanishing_at_more=lost_at_more,
        vanishing_at_less=lost_at_less,
        standing_still=still,
        standing_still_at_more=still_at_more,
        standing_still_at_less=still_at_less,
        vanishing_by_layer=tuple(value for value in by_layer if value is not None),
        median_gradient_by_layer=tuple(float(median) for median in medians),
    )


def _lost(high: Bools, gradient: Floats, threshold: float) -> Bools:
    """Return which runs' gradients fade on their way: gone in the first layer, present in the last."""
    # Of a single layer the first is the last, which can't be both. NaN is neither.
    return high & (gradient[:, 0] < threshold) & (gradient[:, -1] >= threshold)


def _still(high: Bools, gradient: Floats, threshold: float) -> Bools:
    """Return which runs have no gradient in any layer."""
    return high & (gradient < threshold).all(axis=1)


def _high(failed: Bools, loss: Floats, constant_loss: float) -> Bools:
    # A loss that isn't a number is not known to be high.
    return failed & (loss >= HIGH_LOSS * constant_loss)


def high_loss(runs: Runs) -> Bools:
    """Return which runs failed with a high loss, ``[n]``: those that `causes_of` counts."""
    experiment = runs.experiment
    return _high(
        failed(runs), runs.loss.astype(np.float64), _constant_loss(experiment.loss, experiment.data())
    )


@lru_cache(maxsize=16)
def _constant_loss(loss: Loss, task: Task) -> float:
    # A map asks for each of its points, and some losses are searched.
    return best_constant_loss(loss, task.targets)
