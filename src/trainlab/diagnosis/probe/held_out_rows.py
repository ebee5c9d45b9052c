# pyright: basic
"""Rows that are evaluated: which have a copy among those trained on, and what is reached without these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainlab.diagnosis.observed.data import HeldOut, Reached

KEPT, ASKED = 4_096, 512
"""So many different rows trained on are kept, and so many evaluated are compared with them."""
WHOLE, MOSTLY = 0.6, 0.95
"""What holds more of the rows trained on is the whole data; a batch of which more was trained on shows what
was learnt. Neither is held out."""
FEWEST = 20
MEASURED, VALUES = 4, 16
"""Rows have at least four features of more than 16 values each, or are alike by chance."""
FAR, NEAR, LUCK = 20, 0.3, 0.01
"""A near copy is less than 0.3 times as far as the twentieth neighbour (of many rows: a later one), and
nearer than luck puts one row in a hundred."""


@dataclass(slots=True)
class EvaluatedBatch:
    """The first rows of a batch of `size` evaluated, which had been trained on, and how each was answered.

    `values` are 1 for right and 0 for wrong, or squared errors (`kind`); `targets` their classes, if known.
    What is told in two ways is about something else: then `values` stay empty.
    """

    rows: Any
    known: list[bool]
    size: int
    values: list[float] = field(default_factory=list[float])
    targets: list[float] = field(default_factory=list[float])
    kind: str = ""
    doubtful: bool = False

    @property
    def share_known(self) -> float:
        """The share that had been trained on."""
        return sum(self.known) / max(1, len(self.known))

    def answered(self, kind: str, values: list[float], targets: list[float] | None = None) -> None:
        """Hear how each of its rows was answered; of two kinds the first one stays."""
        if self.kind not in ("", kind) or self.doubtful:
            return
        if self.values and self.values != values:
            self.doubtful, self.values, self.targets = True, [], []
            return
        self.kind, self.values = kind, values
        self.targets = self.targets or targets or []


class HeldOutRows:
    """Keeps rows trained on, and those evaluated last."""

    def __init__(self) -> None:
        self._trained: dict[int, Any] = {}
        self._batches: list[EvaluatedBatch] = []
        self._tick = self._before = -1

    def trained_on(self, part: Any, hashes: Sequence[int]) -> None:
        """Keep rows that are measured numbers."""
        if part.dtype.kind == "f" and len(self._trained) < KEPT:
            for key, row in zip(hashes, part, strict=False):
                if key not in self._trained:
                    self._trained[key] = row.copy()  # a view of the user's memory, that would be kept by it

    def judged_on(self, batch: EvaluatedBatch, tick: int) -> None:
        """Keep a batch of the evaluation under way; the one before is forgotten."""
        if tick != self._tick:
            self._tick, self._before = tick, len(self._trained)
            self._batches.clear()
        fits = batch.rows.dtype.kind == "f" and len(batch.known) >= FEWEST
        if fits and sum(len(one.known) for one in self._batches) < KEPT:
            self._batches.append(batch)

    def finish(self, trained: int, shape: tuple[int, ...]) -> HeldOut | None:
        """Compare what was held out with the rows kept of `trained` ones; None where that tells nothing.

        Args:
            trained: how many different rows were trained on.
            shape: of a batch trained on.
        """
        batches = [one for one in self._batches if one.share_known <= MOSTLY]
        before = list(self._trained.values())[: self._before]  # what is learnt later was new then
        if not batches or len(before) < 2 * FAR:
            return None
        kept = np.stack(before).astype(np.float64)
        rows = np.concatenate([one.rows for one in batches]).astype(np.float64)
        same = np.array([one for batch in batches for one in batch.known])
        finite = np.isfinite(rows).all() and np.isfinite(kept).all() and rows.shape[1] == kept.shape[1]
        if (
            not finite
            or sum(map(_is_measured, kept.T)) < MEASURED
            or len(np.unique(rows[same], axis=0)) > WHOLE * trained
        ):
            return None
        some = np.flatnonzero(~same)[:ASKED]
        near = np.zeros(len(rows), dtype=bool)
        near[some] = near_copies(kept, rows[some])
        asked = same.copy()
        asked[some] = True
        share_near = float(near[some].mean()) if len(some) else 0.0
        reached = _reached(batches, same | near, asked)
        width = shape[-1] if len(shape) == 3 and shape[1] > 1 else 1
        overlapping = overlaps(kept, rows, width) if rows.shape[1] == math.prod(shape[1:]) else 0
        return HeldOut(len(rows), int(same.sum()), share_near * int((~same).sum()), reached, overlapping)


def overlaps(trained: Any, asked: Any, width: int) -> int:
    """Count windows, rows of steps of `width` values each, of which one trained on begins a step later."""
    if trained.shape[1] < 2 * width:
        return 0
    begins = {row.tobytes() for row in np.ascontiguousarray(trained[:, :-width])}
    return sum(row.tobytes() in begins for row in np.ascontiguousarray(asked[:, width:]))


def _reached(batches: Sequence[EvaluatedBatch], copies: Any, asked: Any) -> Reached | None:
    kinds = {one.kind for one in batches}
    if len(kinds) > 1 or any(len(one.values) != len(one.known) for one in batches):
        return None
    values = np.array([value for one in batches for value in one.values])
    targets = np.array([value for one in batches for value in one.targets])
    fresh = asked & ~copies
    copied = {}
    if len(targets) == len(values):
        for target in np.unique(targets)[:FEWEST]:
            of_class = asked & (targets == target)
            copied[int(target)] = (int((of_class & copies).sum()), int(of_class.sum()))
    return Reached(
        kind=kinds.pop(),
        all=float(values.mean()),
        copies=float(values[copies].mean()) if copies.any() else math.nan,
        new=float(values[fresh].mean()) if fresh.any() else math.nan,
        new_rows=int(fresh.sum()),
        chance=_chance(values[asked & copies], values[fresh]),
        copied=copied,
    )


def _chance(copies: Any, new: Any) -> float:
    """Return how likely two groups of the same kind differ so much (Mann and Whitney's U); 1 for too few."""
    from scipy.stats import mannwhitneyu

    if min(len(copies), len(new)) < FEWEST // 2 or np.ptp(np.concatenate([copies, new])) == 0:
        return 1.0
    return float(mannwhitneyu(copies, new, method="asymptotic").pvalue)


def near_copies(trained: Any, asked: Any) -> Any:
    """Return which rows are copies of a row trained on, but for a little noise.

    Args:
        trained: ``[rows, features]``, different from each other; 40 at least.
        asked: ``[rows, features]``.

    Returns:
        ``[rows]`` of booleans. Features are compared by their ranks among the rows trained on, so that
        neither scales nor outliers matter; those of 16 values or fewer aren't. Among points that lie evenly
        in m dimensions, the nearest is less than x times as far as the k-th with probability 1 − (1 − xᵐ)ᵏ⁻¹;
        m follows from how much farther the k-th is than the one in the middle: 2 ^ (1/m) times (Levina and
        Bickel, "Maximum likelihood estimation of intrinsic dimension", 2004, take all distances). x is where
        that is 1 %, and 0.3 at most.
    """
    from scipy.spatial.distance import cdist

    nothing = np.zeros(len(asked), dtype=bool)
    measured = [column for column in range(trained.shape[1]) if _is_measured(trained[:, column])]
    far = max(FAR, min(100, len(trained) // 20))
    if not measured or len(trained) <= far or not len(asked):
        return nothing
    ranked = [ranks(trained[:, column], (trained[:, column], asked[:, column])) for column in measured]
    kept, rows = (np.stack(one, axis=1) for one in zip(*ranked, strict=True))
    distances = np.partition(cdist(rows, kept), [0, far // 2 - 1, far - 1], axis=1)
    nearest, middle, farthest = distances[:, 0], distances[:, far // 2 - 1], distances[:, far - 1]
    apart = middle > 0
    growth = float(np.median(np.log(farthest[apart] / middle[apart]))) if apart.any() else 0.0
    dimensions = math.log(2) / growth if growth > 0 else math.inf
    lucky = (1 - (1 - LUCK) ** (1 / (far - 1))) ** (1 / dimensions)
    return nearest < min(NEAR, lucky) * farthest


def _is_measured(column: Any) -> bool:
    return len(np.unique(column)) > VALUES


def ranks(among: Any, columns: Sequence[Any]) -> list[Any]:
    """Return the share of values below each, those that are equal counted half."""
    order = np.sort(among)
    return [
        (np.searchsorted(order, one, "left") + np.searchsorted(order, one, "right")) / (2 * len(order))
        for one in columns
    ]
