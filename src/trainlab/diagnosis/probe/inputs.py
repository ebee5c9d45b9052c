# pyright: basic
"""What inputs are: tables, images or sequences, how columns are scaled, whether stored data change."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trainlab.diagnosis.observed.data import NEAR, DataRecord, InputScales
from trainlab.diagnosis.observed.events import StoredDataChanged
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.reading import readable
from trainlab.diagnosis.torch_private import distinct, functions

# What a network is given in one call: tensors of the same rows, and summaries of images and sequences.


MAX_CATEGORIES, MAX_CODES = 8, 32
"""Whole numbers are categories if they are a few columns of few codes each; else tokens, or users."""
MAX_AXIS, MAX_VALUES = 64, 2_000_000
"""A summary is computed from at most so many values along an axis, and of a batch."""
LAGS = (1, 2, 4)
"""How far apart the values are that a summary compares."""
FEW = 8
"""An axis of at most this length may be channels: each place has its mean."""
Floats = npt.NDArray[np.floating[Any]]


def inputs_by_place(args: Any) -> list[torch.Tensor | None]:
    """Return the tensors that a network is given, by place; None for one that can't be read."""
    found = [value for value in args if isinstance(value, torch.Tensor)]
    return [value if readable(value) is value else None for value in found] or [None]


def given_beside(batch: torch.Tensor, others: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
    """Return what else a network is given for the same rows: numbers beside categories or an image.

    Not what it is given for each token of a sequence, such as a mask.
    """
    return [
        one.reshape(len(one), -1)
        for one in others
        if one is not None
        and not one.requires_grad
        and 0 < one.dim() <= 2
        and one.shape[:1] == batch.shape[:1]
        and (batch.is_floating_point() or one.shape != batch.shape or batch.shape[-1] <= MAX_CATEGORIES)
    ]


def row_summaries(given: Sequence[torch.Tensor], count: int) -> list[tuple[float, ...]]:
    """Return a summary of each of the first rows, images or sequences; for several tables all their columns.

    None for a single table: its rows need no summary.
    """
    if given[0].dim() > 2:
        found = _summary(given[0], count)
    elif len(given) == 1:
        return []
    else:
        found = np.concatenate([_columns(one, count) for one in given], axis=1)
    return [] if nonfinite(found) else [tuple(row) for row in found.tolist()]


def are_categories(batch: torch.Tensor) -> bool:
    """Whether whole numbers are a few columns of few codes each, and not tokens, users or items."""
    if batch.dim() != 2 or batch.shape[1] > MAX_CATEGORIES:
        return False
    return all(len(distinct(column)[0]) <= MAX_CODES for column in batch.detach().T)


def _columns(batch: torch.Tensor, count: int) -> Any:
    """Return a column for each number, and one for each code of a category: codes are no distances."""
    values = batch.detach()[:count].reshape(count, -1)[:, :MAX_AXIS].cpu()
    if batch.is_floating_point():
        return values.double().numpy()
    codes = values.long().remainder(MAX_CODES)
    return np.eye(MAX_CODES)[codes.numpy()].reshape(count, -1)


def _summary(batch: torch.Tensor, count: int) -> Any:
    """Return summaries of the first rows by every second, third… value of a long axis."""
    most = MAX_AXIS
    while count * prod(min(most, length) for length in batch.shape[1:]) > MAX_VALUES and most > 2:
        most //= 2
    few = tuple(slice(None, None, -(-length // most)) for length in batch.shape[1:])
    values = batch.detach()[:count][(slice(None), *few)].cpu().float().numpy()
    with np.errstate(all="ignore"):
        return summaries(values)


def nonfinite(rows: Any) -> bool:
    """Whether an array of numbers has a NaN or an infinity in it."""
    return not bool(np.isfinite(rows).all())


def summaries(values: Floats) -> Floats:
    """Return ``[n, k]`` for ``[n, …]`` with two axes or more besides the first.

    The mean, spread, ends and outliers of all values; along each axis the mean change, and how alike values
    1, 2 and 4 places apart are (their covariance by the variance); and the means along short axes.
    """
    axes = tuple(range(1, values.ndim))
    values = values.astype(np.float64)
    mean, spread = (part(values, axis=axes, keepdims=True) for part in (np.mean, np.std))
    scaled = (values - mean) / np.maximum(spread, 1e-12)
    found: list[Floats] = [mean.ravel(), spread.ravel(), values.min(axes), values.max(axes)]
    found += [(scaled > at).mean(axes) for at in (-1.0, 1.0, 2.0)]
    for axis in axes:
        length = values.shape[axis]
        if length > 1:
            found.append(np.abs(np.diff(values, axis=axis)).mean(axes))
        found += [_alike(scaled, axis, lag) for lag in LAGS if lag < length]
        if length <= FEW:
            found += list(values.mean(tuple(other for other in axes if other != axis)).T)
    return np.stack(found, axis=1)


def _alike(scaled: Floats, axis: int, lag: int) -> Floats:
    moved = np.moveaxis(scaled, axis, -1)
    return (moved[..., lag:] * moved[..., :-lag]).mean(tuple(range(1, scaled.ndim)))


# How the numbers that a network learns from are spread, and those that it is judged on.


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


# Data that a dataset holds: does fetching a batch change them in place?


MAX_STORED = 4_096
MAX_DATASETS = 16
MAX_ITEMS = 64
MAX_ATTRIBUTES = 4
MAX_DEPTH = 3
"""A subset of a subset of a dataset is as deep as is looked."""


@dataclass(slots=True)
class _Held:
    """Some values of what a dataset holds, as they were at first and at the last look."""

    dataset: weakref.ref[Any]
    owner: weakref.ref[Any]
    name: str
    event: StoredDataChanged
    first: torch.Tensor
    last: torch.Tensor
    times: torch.Tensor

    def values(self) -> torch.Tensor | None:
        """Return them as they are now."""
        owner = self.owner()
        return None if owner is None else _values(owner, self.name)


class StoredData:
    """Compares a sample of a dataset's rows before and after batches are fetched, and pass by pass."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._held: dict[int, list[_Held]] = {}

    @guarded
    def pass_begins(self, loader: Any, site: Site | None) -> None:
        """A loader is iterated: what has changed since its last pass began?"""
        for held in self._of(loader, site):
            self._compare(held)

    def _compare(self, held: _Held) -> None:
        now = held.values()
        if now is None or now.shape != held.last.shape:
            return
        held.times += now != held.last
        held.last = now
        changed = held.times > 0
        event = held.event
        event.passes += 1
        event.changed = float(changed.float().mean())
        event.again = float((held.times > 1).float().sum() / changed.float().sum().clamp(min=1.0))
        spread = held.first.std().clamp(min=1e-12)
        event.spread = float(now.std() / spread)
        event.moved = float((now.mean() - held.first.mean()).abs() / spread)

    def _of(self, loader: Any, site: Site | None) -> list[_Held]:
        dataset = loader.dataset
        if id(dataset) in self._held:
            return [held for held in self._held[id(dataset)] if held.dataset() is dataset]
        if len(self._held) >= MAX_DATASETS or getattr(loader, "num_workers", 0):
            return []
        found = self._held[id(dataset)] = self._look(dataset, site)
        return found

    def _look(self, dataset: Any, site: Site | None) -> list[_Held]:
        owner, found = dataset, list[_Held]()
        for _ in range(MAX_DEPTH):
            inner = getattr(owner, "dataset", None)
            if inner is None:
                break
            owner = inner
        rows = len(owner) if hasattr(owner, "__len__") else 0
        for name, value in list(getattr(owner, "__dict__", {}).items()):
            if rows < 2 or _rows(value) != rows or len(found) >= MAX_ATTRIBUTES:
                continue
            values = _values(owner, name)
            if values is None or not bool(functions.isfinite(values).all()):
                continue
            shape = tuple(np.shape(value[0]))
            event = StoredDataChanged(site=site, module=f"{type(owner).__name__}.{name}", shape=shape)
            none = functions.zeros(values.shape, dtype=torch.int32)
            found.append(_Held(weakref.ref(dataset), weakref.ref(owner), name, event, values, values, none))
        return found

    def around_fetching(self, original: Any, iterator: Any) -> Any:
        """Look before and after an iterator's ``__next__``, in steps looked at closely."""
        before = self._before(iterator)
        batch = original(iterator)
        for held, values in before:
            self._after(held, values)
        return batch

    def _before(self, iterator: Any) -> list[tuple[_Held, torch.Tensor | None]]:
        if not self.state.sampling or not self._held or not self.state.mine():
            return []
        before: list[tuple[_Held, torch.Tensor | None]] = []
        self._read(iterator, before)
        return before

    @guarded
    def _read(self, iterator: Any, before: list[tuple[_Held, torch.Tensor | None]]) -> None:
        held = self._held.get(id(getattr(iterator, "_dataset", None)), ())
        before.extend((one, one.values()) for one in held)

    @guarded
    def _after(self, held: _Held, before: torch.Tensor | None) -> None:
        after = held.values()
        if before is None or after is None or before.shape != after.shape:
            return
        event = held.event
        event.fetches += 1
        changed = not functions.equal(before, after)
        event.fetches_that_change += changed
        if changed and event.fetches_that_change == 1:
            self.state.seen(event, key=event.module)


def _rows(value: Any) -> int:
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.shape[0] if value.ndim else 0
    return len(value) if isinstance(value, list | tuple) else 0


def _values(owner: Any, name: str) -> torch.Tensor | None:
    """Return a copy of up to 4,096 numbers, evenly spread; None where these aren't plain fractions."""
    value = vars(owner).get(name)
    if isinstance(value, list | tuple):
        items = [_plain(one) for one in value[:: max(1, len(value) // MAX_ITEMS)][:MAX_ITEMS]]
        if any(one is None for one in items):
            return None
        parts = [one.reshape(-1)[: MAX_STORED // MAX_ITEMS] for one in items if one is not None]
        return functions.cat(parts).float() if parts else None
    plain = _plain(value)
    if plain is None:
        return None
    flat = plain.reshape(-1)
    return flat[:: max(1, flat.numel() // MAX_STORED)].float().clone()


def _plain(value: Any) -> torch.Tensor | None:
    if isinstance(value, np.ndarray):
        known = value.dtype in (np.float16, np.float32, np.float64)  # in this machine's order of bytes
        if not known or not value.flags.c_contiguous or not value.size:
            return None
        return functions.from_numpy(value) if value.flags.writeable else None
    if not isinstance(value, torch.Tensor) or readable(value) is not value or value.device.type != "cpu":
        return None
    tensor = value.detach()
    return tensor if tensor.is_floating_point() and tensor.numel() and tensor.is_contiguous() else None
