"""The loss of the best outputs that ignore the inputs: what any network ought to beat."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.spec import BCE, L1, MSE, NLL, BCEWithLogits, CrossEntropy, Hinge, Loss, loss_entry

Floats = npt.NDArray[np.float64]


def best_constant_loss(loss: Loss, targets: Floats) -> float:
    """Return the loss of the best outputs that ignore the inputs, for targets ``[n, outputs]``."""
    best = np.broadcast_to(best_constants(loss, targets), targets.shape)
    return float(loss_entry(loss).value(best, targets, **msgspec.structs.asdict(loss)))


def best_constants(loss: Loss, targets: Floats) -> Floats:
    """Return the best outputs ``[outputs]`` that ignore the inputs, for targets ``[n, outputs]``.

    The median for L1 and the mean for MSE; for cross-entropies the shares of the classes. Of the others,
    which are convex in each output, the minimum is searched for between the lowest and the highest target.
    """
    if isinstance(loss, CrossEntropy):
        smooth, outputs = loss.label_smoothing, targets.shape[1]
        return np.array(
            [_logarithm((1.0 - smooth) * mean + smooth / outputs) for mean in targets.mean(axis=0)]
        )
    return np.array([_best_constant(loss, targets[:, [column]]) for column in range(targets.shape[1])])


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
        return loss_entry(loss).value(np.full_like(targets, output), targets, **settings)

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
