"""Why a run failed, as far as its record tells: a stated rule on loss and gradients, layer by layer.

A run *failed* when it is neither solved nor diverged. Its loss is *high* when it is at least half the loss of
the best constant prediction. A layer's gradient has *vanished* when the mean |∂L/∂w| of its weights, over the
whole data, is below the threshold at the end. A failed run with a high loss is put down to a *vanishing
gradient* when its first layer's gradient has vanished (nothing reaches it), and the layers are counted one by
one beside it. The default threshold, 1e-4, moves no weight by more than 0.02 in 8,004 steps of SGD at lr 0.02
(without momentum); since any threshold is a choice, the share is given at ten times more and less, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.stats import Rate, rate

THRESHOLD = 1e-4
HIGH_LOSS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Causes:
    """Counts over the failed runs of a cell; the rates are None when no run failed.

    `vanishing_by_layer` is the share of failed runs with a high loss whose layer has vanished, first to last.
    """

    failed: int
    high_loss: int
    vanishing: Rate | None
    vanishing_at_more: Rate | None
    vanishing_at_less: Rate | None
    vanishing_by_layer: tuple[Rate, ...]
    median_gradient_by_layer: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""

        def plain(value: Rate | None) -> dict[str, float | int] | None:
            return None if value is None else {"k": value.k, "n": value.n, "low": value.low, "high": value.high}

        return {
            "failed": self.failed,
            "high_loss": self.high_loss,
            "vanishing": plain(self.vanishing),
            "vanishing_at_1e-3": plain(self.vanishing_at_more),
            "vanishing_at_1e-5": plain(self.vanishing_at_less),
            "vanishing_by_layer": [plain(value) for value in self.vanishing_by_layer],
            "median_gradient_by_layer": list(self.median_gradient_by_layer),
        }


def causes_of(runs: Runs) -> Causes:
    """Apply the rule to every failed run of a cell."""
    return count_causes(
        failed=~runs.solved & ~runs.diverged,
        loss=runs.loss.astype(np.float64),
        gradient=runs.gradient.astype(np.float64),
        constant_loss=best_constant_loss(runs.experiment.loss, runs.experiment.data().targets),
    )


def count_causes(
    *,
    failed: npt.NDArray[np.bool_],
    loss: npt.NDArray[np.float64],
    gradient: npt.NDArray[np.float64],
    constant_loss: float,
) -> Causes:
    """Apply the rule to plain numbers: `failed [n]`, final `loss [n]`, final mean |gradient| ``[n, layers]``."""
    high = failed & (loss >= HIGH_LOSS * constant_loss)
    n = int(failed.sum())

    def share(threshold: float, layer: int = 0) -> Rate | None:
        return rate(int((high & (gradient[:, layer] < threshold)).sum()), n) if n else None

    layers = range(gradient.shape[1]) if n else range(0)
    by_layer = [share(THRESHOLD, layer) for layer in layers]
    return Causes(
        failed=n,
        high_loss=int(high.sum()),
        vanishing=share(THRESHOLD),
        vanishing_at_more=share(10 * THRESHOLD),
        vanishing_at_less=share(THRESHOLD / 10),
        vanishing_by_layer=tuple(value for value in by_layer if value is not None),
        median_gradient_by_layer=tuple(float(np.median(gradient[failed, layer])) for layer in layers),
    )


def best_constant_loss(loss: str, targets: npt.NDArray[np.float64]) -> float:
    """Return the loss of the best prediction that ignores the inputs: the median for L1, the mean for MSE."""
    if loss == "l1":
        return float(np.mean(np.abs(targets - np.median(targets, axis=0))))
    return float(np.mean((targets - np.mean(targets, axis=0)) ** 2))
