"""When a network is frozen: solved, or out of patience."""

from __future__ import annotations

import math
from typing import Any

from trainlab.engine.reference.meter import Meter
from trainlab.spec import Experiment, Patience, StopSolved


class Stopper:
    """Watches one network, epoch by epoch."""

    def __init__(self, experiment: Experiment) -> None:
        self._rule = experiment.stopping
        self._best = math.inf
        self._waited = 0

    def stops(self, epoch: int, *, meter: Meter, module: Any, solved: bool) -> bool:
        """Return whether the network is to be frozen at this epoch; `solved` if a check just found it so."""
        if isinstance(self._rule, StopSolved):
            return solved
        if not isinstance(self._rule, Patience) or epoch == 0 or epoch % self._rule.every:
            return False
        loss = meter.loss(module, self._rule.on)
        # A loss that isn't a number is no improvement.
        better = loss < self._best - self._rule.min_delta
        self._waited = 0 if better else self._waited + 1
        self._best = loss if better else self._best
        return self._waited >= self._rule.patience
