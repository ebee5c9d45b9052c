"""Which networks of a block are frozen: solved, or out of patience; and that they stay what they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from trainlab.engine.runs import NEVER
from trainlab.engine.torch.meter import Meter
from trainlab.spec import Patience, Stopping, StopSolved


class Stopper:
    """Watches a block's networks, epoch by epoch, and puts back those that are frozen after each step."""

    def __init__(self, rule: Stopping, parameters: Sequence[torch.Tensor]) -> None:
        networks = len(parameters[0])
        self.stopped_epoch = np.full(networks, NEVER, dtype=np.int64)
        self._rule = rule
        self._parameters = parameters
        self._best = np.full(networks, np.inf)
        self._waited = np.zeros(networks, dtype=np.int64)
        self._rows: torch.Tensor | None = None
        self._kept: list[torch.Tensor] = []

    def after_epoch(self, epoch: int, *, meter: Meter, found: npt.NDArray[np.bool_]) -> None:
        """Freeze what is to be frozen at this epoch; `found` are those a check just found solved, ``[n]``."""
        stops = self._stops(epoch, meter, found) & (self.stopped_epoch == NEVER)
        if not stops.any():
            return
        self.stopped_epoch[stops] = epoch
        rows = np.flatnonzero(self.stopped_epoch != NEVER)
        self._rows = torch.as_tensor(rows, device=str(self._parameters[0].device))
        self._kept = [parameter.detach()[self._rows] for parameter in self._parameters]

    def put_back(self) -> None:
        """Undo a step for the networks that are frozen."""
        if self._rows is None:
            return
        with torch.no_grad():
            for parameter, kept in zip(self._parameters, self._kept, strict=True):
                parameter.index_copy_(0, self._rows, kept)

    def _stops(self, epoch: int, meter: Meter, found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        rule = self._rule
        if isinstance(rule, StopSolved):
            return found
        if not isinstance(rule, Patience) or epoch == 0 or epoch % rule.every:
            return np.zeros_like(found)
        loss = meter.loss(rule.on)
        # A loss that isn't a number is no improvement.
        better = loss < self._best - rule.min_delta
        self._waited = np.where(better, 0, self._waited + 1)
        self._best = np.where(better, loss, self._best)
        return self._waited >= rule.patience
