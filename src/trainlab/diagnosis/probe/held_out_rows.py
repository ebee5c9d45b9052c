# pyright: basic
"""Rows that are evaluated: which have a copy among those trained on, and what is reached without these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainlab.diagnosis.observed.data import HeldOut, Reached

KEPT, ASKED = 4_096, 1_024
"""So many different rows trained on are kept, and as many evaluated, of which so many are compared."""
WHOLE, MOSTLY, APART = 0.6, 0.95, 0.5
"""What holds more of the rows trained on is the whole data; a batch of which more was trained on shows what
was learnt. Nor is it held out where shares of batches lie so far apart: some are of rows trained on."""
FEWEST = 20
AGAIN = 3
"""Batches in a row that have all been trained on before: else rows are altered whenever they are given, and
what is evaluated may be what they were before."""
MEASURED, VALUES, OFTEN = 4, 16, 0.1
"""Rows have at least four features of more than 16 values each, none of these in over a tenth of the rows, or
are alike by chance."""
FAR, NEAR, LUCK = 20, 0.3, 0.01
"""A near copy is less than 0.3 times as far as the twentieth neighbour (of many rows: a later one), and
nearer than luck puts one row in a hundred."""


@dataclass(slots=True)
class EvaluatedBatch:
    """The first rows of a batch of `size` evaluated, which had been trained on, and how each was answered.

    `values` are 1 for right and 0 for wrong, or squared errors (`kind`); `targets` what was right, if known.
    What is told in two ways is about something else: then `values` stay empty. `rows` is None where they
    aren't measured numbers, or are too few.
    """

    rows: Any
    hashes: list[int]
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
        self._batches: dict[tuple[int, ...], EvaluatedBatch] = {}
        self._tick = self._before = -1

    def trained_on(self, part: Any, hashes: Sequence[int]) -> None:
        """Keep rows that are measured numbers."""
        if part.dtype.kind == "f" and len(self._trained) < KEPT:
            for key, row in zip(hashes, part, strict=False):
                if key not in self._trained:
                    self._trained[key] = row.copy()  # a view of the user's memory, that would be kept by it

    def evaluated(
        self, part: Any, hashes: list[int], known: list[bool], *, size: int, tick: int
    ) -> EvaluatedBatch:
        """Keep a batch of the evaluation under way, once; the evaluation before is forgotten."""
        if tick != self._tick:
            self._tick, self._before = tick, len(self._trained)
            self._batches.clear()
        kept = part.dtype.kind == "f" and len(known) >= FEWEST
        batch = EvaluatedBatch(part.copy() if kept else None, hashes, known, size)
        key = tuple(hashes)
        if kept and (key in self._batches or sum(len(one) for one in self._batches) < KEPT):
            self._batches[key] = batch
        return batch

    def finish(self, trained: int, shape: tuple[int, ...], *, again: int) -> HeldOut | None:
        """Compare what was held out with the rows kept of `trained` ones; None where that tells nothing.

        Args:
            trained: how many different rows were trained on.
            shape: of a batch trained on.
            again: how many batches in a row were trained on that had all been trained on before.
        """
        batches = [one for one in self._batches.values() if one.share_known <= MOSTLY]
        before = list(self._trained.values())[: self._before]  # what is learnt later was new then
        shares = [one.share_known for one in batches]
        if not batches or len(before) < 2 * FAR or again < AGAIN or max(shares) - min(shares) > APART:
            return None
        kept = np.stack(before).astype(np.float64)
        rows = np.concatenate([one.rows for one in batches]).astype(np.float64)
        same = np.array([one for batch in batches for one in batch.known])
        if rows.shape[1] != kept.shape[1] or not np.isfinite(rows).all() or not np.isfinite(kept).all():
            return None
        # Of larger batches only the first rows are known.
        given = sum(one.size for one in batches) / len(rows) * len(np.unique(rows[same], axis=0))
        full = sum(len(one) for one in self._batches) >= KEPT
        if len(measured_columns(kept)) < MEASURED or given > WHOLE * trained or full:
            return None
        values, targets = _answers(batches)
        some = np.unique(np.linspace(0, len(rows) - 1, min(ASKED, len(rows))).astype(int))
        rows, same = rows[some], same[some]
        width = shape[-1] if len(shape) == 3 and shape[1] > 1 else 1
        if rows.shape[1] == math.prod(shape[1:]) and overlaps(kept, kept, width) > len(kept) / 2:
            return HeldOut(len(rows), 0, 0, None, overlapping=overlaps(kept, rows, width))  # a series
        near = near_copies(kept, rows) & ~same
        near &= near.sum() >= NEAR_SHARE * (~same).sum()
        reached = None
        if len(values):
            reached = _reached(
                batches[0].kind, values[some], targets[some] if len(targets) else targets, same | near
            )
        return HeldOut(len(rows), int(same.sum()), int(near.sum()), reached)


NEAR_SHARE = 0.2
"""Fewer near copies may be luck."""


def overlaps(trained: Any, asked: Any, width: int) -> int:
    """Count windows, rows of steps of `width` values each, of which one trained on begins a step later."""
    if trained.shape[1] < 2 * width:
        return 0
    begins = {row.tobytes() for row in np.ascontiguousarray(trained[:, :-width])}
    varied = [len(np.unique(row)) > len(row) / 2 for row in asked]
    after = np.ascontiguousarray(asked[:, width:])
    return sum(row.tobytes() in begins for row, differs in zip(after, varied, strict=True) if differs)


def _answers(batches: Sequence[EvaluatedBatch]) -> tuple[Any, Any]:
    """Return how all rows were answered, and what was right; nothing where that isn't known of all."""
    told = all(len(one.values) == len(one.known) for one in batches)
    if not told or len({one.kind for one in batches}) > 1:
        return np.array([]), np.array([])
    values = np.array([value for one in batches for value in one.values])
    targets = np.array([value for one in batches for value in one.targets])
    return values, targets if len(targets) == len(values) else np.array([])


def _reached(kind: str, values: Any, targets: Any, copies: Any) -> Reached:
    copied = {}
    if len(targets) and kind == "accuracy":
        for target in np.unique(targets)[:FEWEST]:
            copied[int(target)] = (int((copies & (targets == target)).sum()), int((targets == target).sum()))
    return Reached(
        kind=kind,
        all=float(values.mean()),
        copies=float(values[copies].mean()) if copies.any() else math.nan,
        new=float(values[~copies].mean()) if not copies.all() else math.nan,
        new_rows=int((~copies).sum()),
        chance=_chance(values[copies], values[~copies]),
        variance=float(targets.var()) if len(targets) else math.nan,
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
        neither scales nor outliers matter; only those that are measured (`MEASURED`). Among points that lie
        evenly in m dimensions, the nearest is less than x times as far as the k-th with probability
        1 − (1 − xᵐ)ᵏ⁻¹; m follows from how much farther the k-th is than the one in the middle: 2 ^ (1/m)
        times (Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension", 2004, take all
        distances); it is the row's own or that of the median, whichever is smaller. x is where that is 1 %,
        and 0.3 at most.
    """
    from scipy.spatial.distance import cdist

    nothing = np.zeros(len(asked), dtype=bool)
    measured = measured_columns(trained)
    far = max(FAR, min(100, len(trained) // 20))
    if len(measured) < MEASURED or len(trained) <= far or not len(asked):
        return nothing
    ranked = [ranks(trained[:, column], (trained[:, column], asked[:, column])) for column in measured]
    kept, rows = (np.stack(one, axis=1) for one in zip(*ranked, strict=True))
    distances = np.partition(cdist(rows, kept), [0, far // 2 - 1, far - 1], axis=1)
    nearest, middle, farthest = distances[:, 0], distances[:, far // 2 - 1], distances[:, far - 1]
    apart = middle > 0
    if not apart.any():
        return nothing
    growth = np.log(farthest / np.where(apart, middle, np.inf), where=apart, out=np.full(len(rows), np.inf))
    growth = np.maximum(growth, max(1e-9, float(np.median(growth[apart]))))
    dimensions = math.log(2) / growth
    with np.errstate(divide="ignore"):
        lucky = (1 - (1 - LUCK) ** (1 / (far - 1))) ** (1 / dimensions)
    return nearest < np.minimum(NEAR, lucky) * farthest


def measured_columns(rows: Any) -> list[int]:
    """Return which features take many values, none of them in many rows."""
    found: list[int] = []
    for column in range(rows.shape[1]):
        counts = np.unique(rows[:, column], return_counts=True)[1]
        if len(counts) > VALUES and counts.max() <= max(OFTEN * len(rows), 1):
            found.append(column)
    return found


def ranks(among: Any, columns: Sequence[Any]) -> list[Any]:
    """Return the share of values below each, those that are equal counted half."""
    order = np.sort(among)
    return [
        (np.searchsorted(order, one, "left") + np.searchsorted(order, one, "right")) / (2 * len(order))
        for one in columns
    ]
