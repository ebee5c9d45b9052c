# pyright: basic
"""How right answers are counted: from the largest output and the comparison with targets to a share."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from trainlab.diagnosis.observed.events import Miscounted
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.readable_tensors import are_readable
from trainlab.diagnosis.probe.user_frames import user_site
from trainlab.diagnosis.torch_private import functions

_COMPARED = frozenset(("eq", "__eq__"))
_ADDED = frozenset(("add", "add_", "__add__", "__radd__", "__iadd__"))
_REDUCED = frozenset(("sum", "mean", "count_nonzero"))
_CAST = frozenset(("float", "double", "to", "type", "int", "long", "cpu", "detach"))
_DIVIDED = frozenset(("floor_divide", "__floordiv__", "div", "divide"))
COUNTED = _COMPARED | _ADDED | _REDUCED | _CAST | _DIVIDED | {"argmax"}
MAX_KEPT = 64


class CountedAnswers:
    """Follows what becomes of comparisons outside of modules; keeps no tensor alive."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._largest: dict[int, weakref.ref[torch.Tensor]] = {}
        self._compared: dict[int, weakref.ref[torch.Tensor]] = {}
        self._counts: dict[int, weakref.ref[torch.Tensor]] = {}
        self._squares: dict[int, weakref.ref[torch.Tensor]] = {}

    def hear(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor) -> None:
        """A function of such a name was called by the user's own code."""
        if self.state.modules or not args or not isinstance(args[0], torch.Tensor):
            return
        first = args[0]
        if name == "argmax":
            by_row = len(args) > 1 or kwargs.get("dim") is not None
            if not by_row and first.dim() > 1 and first.shape[0] > 1 and not first.is_nested:
                _keep(self._largest, out)
        elif name in _COMPARED:
            self._compare(args, out)
        elif name in _REDUCED:
            if out.dim() == 0 and _holds(self._compared, first) and name != "mean":
                _keep(self._counts, out)
            if out.dim() == 0 and _holds(self._squares, first):
                self._seen("broadcast")
        elif name in _CAST:
            for kept in (self._compared, self._squares, self._counts):
                if _holds(kept, first):
                    _keep(kept, out)
        elif name in _ADDED:
            if out.dim() == 0 and any(_holds(self._counts, one) for one in args):
                _keep(self._counts, out)
        elif _holds(self._counts, first) and _is_whole(name, kwargs, out):
            event = self._seen("floor")
            self.state.deferred.read(out, lambda got: _largest(event, got[0]))

    def _compare(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        if len(args) < 2 or not isinstance(args[1], torch.Tensor):
            return
        _keep(self._compared, out)
        first, second = args[:2]
        for one, other in ((first, second), (second, first)):
            if one.dim() == 0 and other.numel() > 1 and _holds(self._largest, one):
                self._seen("argmax")
        rows = out.shape[0] if out.dim() else 0
        shapes = {tuple(first.shape), tuple(second.shape)}
        if rows > 1 and shapes == {(rows, 1), (rows,)} and are_readable([first, second]):
            flat = first.reshape(-1), second.reshape(-1)
            places = functions.arange(rows, device=first.device)
            if first.device.type == "cpu" and not _any_alike(*flat, places):
                _keep(self._squares, out)

    def _seen(self, kind: str) -> Miscounted:
        return self.state.seen(Miscounted(site=user_site(), kind=kind), key=kind)


def _any_alike(first: torch.Tensor, second: torch.Tensor, places: torch.Tensor) -> bool:
    """Whether rows are compared with each other, or with their places: a table is wanted then."""
    return bool((first == second).all() or (first == places).all() or (second == places).all())


def _is_whole(name: str, kwargs: dict[str, Any], out: torch.Tensor) -> bool:
    rounded = name not in ("div", "divide") or kwargs.get("rounding_mode") is not None
    return rounded and out.dim() == 0 and not out.is_floating_point()


def _largest(event: Miscounted, value: float) -> None:
    event.largest = max(event.largest, value)


def _keep(kept: dict[int, weakref.ref[torch.Tensor]], tensor: torch.Tensor) -> None:
    if len(kept) >= MAX_KEPT:
        for key in [key for key, one in kept.items() if one() is None]:
            del kept[key]
    if len(kept) < MAX_KEPT:
        kept[id(tensor)] = weakref.ref(tensor)


def _holds(kept: dict[int, weakref.ref[torch.Tensor]], tensor: Any) -> bool:
    known = kept.get(id(tensor))
    return known is not None and known() is tensor
