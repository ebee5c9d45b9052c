# pyright: basic
"""How the numbers that a network learns from are spread, and those that it is judged on."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.diagnosis.observed.data import NEAR, DataRecord, InputScales

FEWEST_ROWS = 8
"""A spread of fewer rows is noise."""
LIVE = 0.05
"""A feature with less than this share of the median spread hardly varies."""


class Scales:
    """Sums of the features of rows, at the places that fingerprints look at."""

    def __init__(self) -> None:
        self._trained = _Sums()
        self._judged = _Sums()
        self._batches: list[Any] = []

    def trained_on(self, part: Any) -> None:
        """Add a batch that is learnt from."""
        self._trained.add(part)

    def judged_on(self, part: Any) -> None:
        """Add a batch of an evaluation, and note its spread."""
        if len(part) >= FEWEST_ROWS and part.dtype.kind == "f" and self._judged.add(part):
            self._batches.append(part.std(0, dtype=np.float64))

    def finish(self, data: DataRecord) -> None:
        """Enter spreads by feature, and how many batches evaluated were spread like those learnt from."""
        trained, judged = self._trained, self._judged
        if trained.count < FEWEST_ROWS or not judged.count or trained.width != judged.width:
            return
        before, after = trained.spread(), judged.spread()
        typical = np.median(before[before > 0]) if (before > 0).any() else 0.0
        live = before > LIVE * typical if typical > 0 else np.zeros(len(before), dtype=bool)
        if not live.any():
            return
        ratios = [float(np.median(batch[live] / before[live])) for batch in self._batches]
        data.scales = InputScales(
            trained_rows=trained.count,
            judged_rows=judged.count,
            trained=before[live].tolist(),
            judged=after[live].tolist(),
            trained_range=(trained.low, trained.high),
            judged_range=(judged.low, judged.high),
            alike=sum(1 / NEAR < ratio < NEAR for ratio in ratios),
            batches=len(ratios),
        )


class _Sums:
    def __init__(self) -> None:
        self.count = self.width = 0
        self.low, self.high = float("inf"), float("-inf")
        self._sum: Any = None
        self._squares: Any = None

    def add(self, part: Any) -> bool:
        """Add rows of the width of the first ones; return whether they were added."""
        if part.dtype.kind != "f" or not len(part) or part.shape[1] != (self.width or part.shape[1]):
            return False
        values = part.astype(np.float64)
        total, squares = values.sum(0), (values * values).sum(0)
        if not np.isfinite(squares).all():
            return False
        if self._sum is None:
            self.width = part.shape[1]
            self._sum, self._squares = total, squares
        else:
            self._sum += total
            self._squares += squares
        self.count += len(part)
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        return True

    def spread(self) -> Any:
        """Return the standard deviation by feature."""
        mean = self._sum / self.count
        return np.sqrt(np.maximum(self._squares / self.count - mean * mean, 0.0))
