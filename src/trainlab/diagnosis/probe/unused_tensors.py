# pyright: basic
"""Tensors that a step makes of its data and never uses: followed from where they are made to any use."""

from __future__ import annotations

import weakref
from collections import Counter
from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.events import BatchTensor
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.reading import readable

_FROM_DATA = frozenset(("tensor", "as_tensor", "from_numpy", "stack", "cat", "__getitem__"))
"""A loader's batches are stacked, those of a memory are made of lists or taken by many places at once."""
_CARRIES = frozenset((
    "to", "float", "double", "half", "long", "int", "bool", "type", "cuda", "cpu", "detach", "clone",
    "view", "reshape", "flatten", "unsqueeze", "unsqueeze_", "squeeze", "squeeze_", "contiguous",
    "pin_memory", "__getitem__", "__get__", "requires_grad_", "view_as", "expand", "expand_as",
))  # fmt: skip
"""What comes out is the same tensor in another form, or a part of it."""
_TELLS = frozenset(("__len__", "size", "dim", "numel", "is_floating_point", "__hash__"))
"""These say nothing of what is in it."""
ROWS = 8
MOST = 32
Place = tuple[Any, int]


class UnusedTensors:
    """Counts, by the line that makes tensors and the place among those, how many were used by anything."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._live: dict[int, tuple[weakref.ref[torch.Tensor], Place]] = {}
        self._known: dict[Place, BatchTensor] = {}
        self._met: Counter[Any] = Counter()

    def step_ended(self) -> None:
        """Lines begin to make tensors anew; what is alive may still be used."""
        self._met.clear()
        self._live = {key: one for key, one in self._live.items() if one[0]() is not None}

    def hear(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A function was called: it made a tensor of data, hands one on in another form, or uses it."""
        if not self._live and name not in _FROM_DATA:
            return  # this is called for every function
        places = [place for one in (*args, *kwargs.values()) for place in self._places(one)]
        if places and name in _CARRIES:
            if isinstance(out, torch.Tensor):
                self._live[id(out)] = weakref.ref(out), places[0]
            places = places[1:]
        if name not in _TELLS:
            for place in places:
                self._known[place].used += 1
        made = not places and name in _FROM_DATA and self.state.sampling and not self.state.modules
        if made and isinstance(out, torch.Tensor) and (name != "__getitem__" or _takes_many(args)):
            self._made(out)

    def _places(self, value: Any) -> list[Place]:
        if not self._live:
            return []
        if isinstance(value, list | tuple):
            # Of numbers there may be millions.
            parts = value if any(isinstance(one, torch.Tensor) for one in value[:2]) else value[:ROWS]
            return [place for one in parts if isinstance(one, torch.Tensor) for place in self._places(one)]
        known = self._live.get(id(value)) if isinstance(value, torch.Tensor) else None
        return [known[1]] if known is not None and known[0]() is value else []

    def _made(self, out: torch.Tensor) -> None:
        if out.is_nested or out.dim() < 1 or out.shape[0] < ROWS or out.requires_grad or self._places(out):
            return
        site = user_site()
        place = site, self._met[site]
        self._met[site] += 1
        event = self._known.get(place)
        if event is None:
            if site is None or len(self._known) >= MOST:
                return
            event = self._known[place] = self.state.seen(
                BatchTensor(site=site, shape=tuple(out.shape), dtype=str(out.dtype)), key=str(place[1])
            )
            event.place = place[1] + 1
        event.made += 1
        event.flags = event.flags and _are_flags(out)
        self._live[id(out)] = weakref.ref(out), place


def _takes_many(args: tuple[Any, ...]) -> bool:
    """Whether an index takes rows by their places, as a batch is drawn from what is in memory."""
    index = args[1] if len(args) > 1 else None
    if isinstance(index, torch.Tensor):
        return index.dim() == 1 and index.dtype == torch.int64
    return isinstance(index, list) or (isinstance(index, np.ndarray) and index.ndim == 1)


def _are_flags(out: torch.Tensor) -> bool:
    """Whether all values are 0 or 1: of a device, or without values to read, that isn't known."""
    if out.dtype == torch.bool:
        return True
    values = readable(out)
    if values is None or out.device.type != "cpu" or not out.is_floating_point():
        return False
    return bool(((values == 0) | (values == 1)).all())
