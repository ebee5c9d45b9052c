"""Which sampling of an experiment gives batches like those that were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.lift.recording import Ints, Refused
from trainlab.spec import Batch, Full, Sampling, Single

OFTEN = 5
"""Once rows were drawn this often on average, drawing with replacement is recognised."""
CHI_SQUARE_SIGMAS = 4.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Order:
    """The data, as numbers of rows (one that is there twice is twice in it), how it's sampled, how long."""

    data: Ints
    sampling: Sampling
    epochs: int


def order_of(batches: Sequence[Ints], steps: int) -> Order:
    """Return the order of a training of `steps` steps, of which the first ones were recorded.

    Raises:
        Refused: an experiment doesn't draw batches so.
    """
    if all(np.array_equal(np.sort(batches[0]), np.sort(batch)) for batch in batches[1:]):
        return Order(data=batches[0], sampling=Full(), epochs=steps)
    size = len(batches[0])
    epoch = _epoch(batches)
    if epoch:
        return _in_turn(batches, steps, epoch, size)
    dropping = _dropping(batches, steps, size)
    if dropping is not None:
        return dropping
    if _once(batches):
        return _in_turn(batches, steps, len(batches), size)
    if _uniform(batches, size):
        return _replaced(batches, steps, size)
    raise Refused("an experiment doesn't draw batches as this training does")


def _in_turn(batches: Sequence[Ints], steps: int, epoch: int, size: int) -> Order:
    """All rows once an epoch, in another order each time."""
    if any(len(batch) != size for batch in batches[: epoch - 1]) or len(batches[epoch - 1]) > size:
        raise Refused("its batches are of different sizes")
    if steps % epoch:
        raise Refused(f"it ends within an epoch: {steps:,} steps, {epoch:,} an epoch")
    ordered = len(batches) >= 2 * epoch and all(
        np.array_equal(np.sort(batch), np.sort(batches[place % epoch])) for place, batch in enumerate(batches)
    )
    if ordered:
        raise Refused("its batches are the same ones in every epoch; an experiment shuffles them")
    return Order(
        data=np.sort(np.concatenate(batches[:epoch])),
        sampling=Batch(batch_size=size),
        epochs=steps // epoch,
    )


def _dropping(batches: Sequence[Ints], steps: int, size: int) -> Order | None:
    """Return the order where what doesn't fill a batch is left out of an epoch, other rows each time."""
    rows = int(max(batch.max() for batch in batches)) + 1
    epoch = rows // size
    if not epoch or rows % size == 0 or steps % epoch or any(len(batch) != size for batch in batches):
        return None
    for start in range(0, len(batches) - epoch + 1, epoch):
        if len(np.unique(np.concatenate(batches[start : start + epoch]))) != epoch * size:
            return None
    if len(batches) < 2 * epoch:
        return None
    return Order(data=np.arange(rows), sampling=Batch(batch_size=size, drop_last=True), epochs=steps // epoch)


def _replaced(batches: Sequence[Ints], steps: int, size: int) -> Order:
    rows = int(max(batch.max() for batch in batches)) + 1
    if size == 1:
        each = rows if steps % rows == 0 else 1
        return Order(data=np.arange(rows), sampling=Single(steps_per_epoch=each), epochs=steps // each)
    epoch = -(-rows // size)
    if steps % epoch:
        raise Refused(f"it ends within an epoch: {steps:,} steps, {epoch:,} an epoch")
    return Order(
        data=np.arange(rows), sampling=Batch(batch_size=size, replacement=True), epochs=steps // epoch
    )


def _epoch(batches: Sequence[Ints]) -> int:
    """Return after how many steps every row was met as often as it will be in each as many steps; 0: never.

    Sums of a random number a row stand for sets of rows.
    """
    rows = int(max(batch.max() for batch in batches)) + 1
    signs = np.random.default_rng(0).integers(0, 2**63, rows, dtype=np.uint64)
    sums: npt.NDArray[np.uint64] = np.array([signs[batch].sum(dtype=np.uint64) for batch in batches])
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(sums, dtype=np.uint64)])
    for epoch in range(2, len(batches) // 2 + 1):
        marks = total[::epoch]
        if (np.diff(marks) == marks[1]).all():
            return epoch
    return 0


def _once(batches: Sequence[Ints]) -> bool:
    together = np.concatenate(batches)
    return len(np.unique(together)) == len(together)


def _uniform(batches: Sequence[Ints], size: int) -> bool:
    """Whether the rows are drawn alike: the spread of their counts is that of chance."""
    together = np.concatenate(batches)
    counts = np.bincount(together)
    if any(len(batch) != size for batch in batches) or len(together) < OFTEN * len(counts):
        return False
    expected, free = len(together) / len(counts), len(counts) - 1
    statistic = float(((counts - expected) ** 2).sum() / expected)
    return abs(statistic - free) <= CHI_SQUARE_SIGMAS * (2 * max(free, 1)) ** 0.5
