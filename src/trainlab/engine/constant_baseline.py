"""The loss of the best outputs that ignore the inputs: what any network ought to beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.spec import Loss, loss_entry

Floats = npt.NDArray[np.float64]


def best_constant_loss(loss: Loss, targets: Floats) -> float:
    """Return the loss of the best outputs that ignore the inputs, for targets ``[n, outputs]``."""
    best = np.broadcast_to(best_constants(loss, targets), targets.shape)
    return float(loss_entry(loss).value(best, targets, **msgspec.structs.asdict(loss)))


def best_constants(loss: Loss, targets: Floats) -> Floats:
    """Return the best outputs ``[outputs]`` that ignore the inputs, for targets ``[n, outputs]``.

    Where the loss's entry has no formula, the minimum is searched for between the lowest and the highest
    target.
    """
    entry, settings = loss_entry(loss), msgspec.structs.asdict(loss)
    if entry.best_constant is not None:
        return entry.best_constant(targets, **settings)
    columns = [targets[:, [column]] for column in range(targets.shape[1])]
    return np.array([_lowest(entry.value, settings, column) for column in columns])


def _lowest(value: Callable[..., float], settings: dict[str, Any], targets: Floats) -> float:
    """Return where a loss that is convex in its output is lowest, dropping a third of the rest at a time."""
    low, high = float(targets.min()), float(targets.max())

    def height(output: float) -> float:
        return value(np.full_like(targets, output), targets, **settings)

    for _ in range(100):
        third = (high - low) / 3.0
        if height(low + third) <= height(high - third):
            high -= third
        else:
            low += third
    return (low + high) / 2.0
