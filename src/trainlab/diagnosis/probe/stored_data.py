# pyright: basic
"""Data that a dataset holds: does fetching a batch change them in place?"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.events import StoredDataChanged
from trainlab.diagnosis.observed.site import Site
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.readable_tensors import readable
from trainlab.diagnosis.torch_private import functions

MAX_VALUES = 4_096
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

    def wrap_fetching(self, original: Any) -> Any:
        """Return an iterator's ``__next__`` with a look before and after it, in steps looked at closely."""

        def fetch(iterator: Any) -> Any:
            before = self._before(iterator)
            batch = original(iterator)
            for held, values in before:
                self._after(held, values)
            return batch

        return fetch

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
        parts = [one.reshape(-1)[: MAX_VALUES // MAX_ITEMS] for one in items if one is not None]
        return functions.cat(parts).float() if parts else None
    plain = _plain(value)
    if plain is None:
        return None
    flat = plain.reshape(-1)
    return flat[:: max(1, flat.numel() // MAX_VALUES)].float().clone()


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
