"""Why a run failed, as far as its record tells: a stated rule on loss and gradients, layer by layer.

A run *failed* when it is neither solved nor diverged. Its loss is *high* when it is at least 0.4 of the
loss of the best constant prediction: below the places where XOR runs get stuck (one point of four wrong
under L1 and two points at ½ under MSE are exactly half of it), so that rounding decides nothing. A layer's
gradient has *vanished* when the mean |∂L/∂w| of its weights, over the whole data, is below the threshold at
the end. A failed run with a high loss is put down to a *vanishing gradient* when its first layer's gradient
has vanished: nothing reaches it. The layers are counted one by one beside it, and how often all of them
have vanished, the last included: a run that stands still as a whole, saturated or at a flat place, rather
than a signal lost on its way down. At the threshold of 1e-4 and a steady gradient, 8,004 steps of SGD at lr
0.02 move a weight by 0.02 (ten times that with momentum 0.9); Adam rescales gradients, so there it says
what arrives, not how far weights move. Any threshold is a choice: the share is given at ten times more and
less, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.maths import LOSSES
from trainlab.spec import BCE, L1, MSE, NLL, BCEWithLogits, CrossEntropy, Hinge, Loss, name_of
from trainlab.stats import Rate, rate
from trainlab.tasks import Task

THRESHOLD = 1e-4
HIGH_LOSS = 0.4

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Causes:
    """Counts over the failed runs of a cell; the rates are None when no run failed.

    `vanishing_by_layer` has, from first layer to last, the share of the failed runs that have a high loss and
    a vanished gradient in that layer; `vanishing_everywhere` counts those in which it has in every layer.
    """

    failed: int
    high_loss: int
    vanishing: Rate | None
    vanishing_at_more: Rate | None
    vanishing_at_less: Rate | None
    vanishing_everywhere: Rate | None
    vanishing_by_layer: tuple[Rate, ...]
    median_gradient_by_layer: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""

        def plain(value: Rate | None) -> dict[str, float | int] | None:
            return None if value is None else value.to_dict()

        return {
            "failed": self.failed,
            "high_loss": self.high_loss,
            "vanishing": plain(self.vanishing),
            "vanishing_at_1e-3": plain(self.vanishing_at_more),
            "vanishing_at_1e-5": plain(self.vanishing_at_less),
            "vanishing_everywhere": plain(self.vanishing_everywhere),
            "vanishing_by_layer": [plain(value) for value in self.vanishing_by_layer],
            "median_gradient_by_layer": list(self.median_gradient_by_layer),
        }


def causes_of(runs: Runs) -> Causes:
    """Apply the rule to every failed run of a cell."""
    return count_causes(
        failed=failed(runs),
        loss=runs.loss.astype(np.float64),
        gradient=runs.gradient.astype(np.float64),
        constant_loss=_constant_loss(runs),
    )


def failed(runs: Runs) -> Bools:
    """Return which runs are neither solved nor diverged, ``[n]``."""
    return ~runs.solved & ~runs.diverged


def vanishing(runs: Runs) -> Bools:
    """Return which runs failed by the rule's vanishing gradient, ``[n]``: those that `causes_of` counts."""
    high = _high(failed(runs), runs.loss.astype(np.float64), _constant_loss(runs))
    return high & (runs.gradient[:, 0].astype(np.float64) < THRESHOLD)


def count_causes(*, failed: Bools, loss: Floats, gradient: Floats, constant_loss: float) -> Causes:
    """Apply the rule to plain numbers: `failed [n]`, final `loss [n]`, mean |gradient| ``[n, layers]``."""
    high = _high(failed, loss, constant_loss)
    n = int(failed.sum())

    def share(threshold: float, layer: int = 0) -> Rate | None:
        return rate(int((high & (gradient[:, layer] < threshold)).sum()), n) if n else None

    layers = range(gradient.shape[1]) if n else range(0)
    by_layer = [share(THRESHOLD, layer) for layer in layers]
    medians: Floats = np.median(gradient[failed], axis=0) if n else np.empty(0)
    return Causes(
        failed=n,
        high_loss=int(high.sum()),
        vanishing=share(THRESHOLD),
        vanishing_at_more=share(10 * THRESHOLD),
        vanishing_at_less=share(THRESHOLD / 10),
        vanishing_everywhere=rate(int((high & (gradient < THRESHOLD).all(axis=1)).sum()), n) if n else None,
        vanishing_by_layer=tuple(value for value in by_layer if value is not None),
        median_gradient_by_layer=tuple(float(median) for median in medians),
    )


def _high(failed: Bools, loss: Floats, constant_loss: float) -> Bools:
    # A loss that isn't a number is not known to be high.
    return failed & (loss >= HIGH_LOSS * constant_loss)


def _constant_loss(runs: Runs) -> float:
    return _constant_loss_on(runs.experiment.loss, runs.experiment.data())


@lru_cache(maxsize=16)
def _constant_loss_on(loss: Loss, task: Task) -> float:
    # A map asks for each of its points, and some losses are searched.
    return best_constant_loss(loss, task.targets)


def best_constant_loss(loss: Loss, targets: Floats) -> float:
    """Return the loss of the best outputs that ignore the inputs, the same for all targets ``[n, outputs]``.

    The median for L1 and the mean for MSE; for cross-entropies the shares of the classes. Of the others,
    which are convex in each output, the minimum is searched for between the lowest and the highest target.
    """
    settings = msgspec.structs.asdict(loss)
    value = LOSSES[name_of(loss)].value
    outputs = targets.shape[1]
    if isinstance(loss, CrossEntropy):
        smooth = loss.label_smoothing
        best = [_logarithm((1.0 - smooth) * mean + smooth / outputs) for mean in targets.mean(axis=0)]
    else:
        best = [_best_constant(loss, targets[:, [column]]) for column in range(outputs)]
    return float(value(np.broadcast_to(np.array(best), targets.shape), targets, **settings))


def _best_constant(loss: Loss, targets: Floats) -> float:
    """Return the best constant output for one column of targets ``[n, 1]``."""
    mean = float(np.mean(targets))
    if isinstance(loss, L1):
        return float(np.median(targets))
    if isinstance(loss, MSE | BCE):
        return mean
    if isinstance(loss, BCEWithLogits):
        return _logarithm(mean) - _logarithm(1.0 - mean)
    if isinstance(loss, NLL):
        return _logarithm(mean)
    if isinstance(loss, Hinge):
        return 1.0 if mean >= 0.5 else -1.0
    settings = msgspec.structs.asdict(loss)

    def height(output: float) -> float:
        return LOSSES[name_of(loss)].value(np.full_like(targets, output), targets, **settings)

    return _lowest(height, float(targets.min()), float(targets.max()))


def _lowest(height: Callable[[float], float], low: float, high: float) -> float:
    """Return where a convex function is lowest between two ends, dropping a third of the rest at a time."""
    for _ in range(100):
        third = (high - low) / 3.0
        if height(low + third) <= height(high - third):
            high -= third
        else:
            low += third
    return (low + high) / 2.0


def _logarithm(share: float) -> float:
    # A class that is never there has no finite best output; this one is near enough.
    return float(np.log(max(share, 1e-12)))
