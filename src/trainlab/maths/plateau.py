"""Learning rates that fall when a loss stops falling: ``ReduceLROnPlateau``, one state per network.

`plateau_start` and `plateau_step` are pure; every engine gives them the loss after each epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlateauState:
    """The state of each of n networks: its learning rate (without warm-up), best loss and two counters."""

    rate: Array
    best: Array
    bad_epochs: Counts
    cooldown: Counts


def plateau_start(lr: float, networks: int) -> PlateauState:
    """Return the state before the first epoch."""
    return PlateauState(
        rate=np.full(networks, lr, dtype=np.float64),
        best=np.full(networks, np.inf),
        bad_epochs=np.zeros(networks, dtype=np.int64),
        cooldown=np.zeros(networks, dtype=np.int64),
    )


def plateau_step(
    state: PlateauState,
    loss: npt.ArrayLike,
    *,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: Literal["rel", "abs"] = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> PlateauState:
    """Return the state after an epoch with these losses ``[n]``; a NaN is never better."""
    losses = np.asarray(loss, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        wanted = state.best * (1.0 - threshold) if threshold_mode == "rel" else state.best - threshold
    better = losses < wanted
    bad = np.where(better, 0, state.bad_epochs + 1)
    cooling = state.cooldown > 0
    left = np.where(cooling, state.cooldown - 1, state.cooldown)
    bad = np.where(cooling, 0, bad)
    due = bad > patience
    lower = np.maximum(state.rate * factor, min_lr)
    return PlateauState(
        rate=np.where(due & (state.rate - lower > eps), lower, state.rate),
        best=np.where(better, losses, state.best),
        bad_epochs=np.where(due, 0, bad),
        cooldown=np.where(due, cooldown, left),
    )
