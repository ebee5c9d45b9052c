# pyright: basic
"""Data that is reshaped to another order of its axes on its way to a network: that transposes nothing."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from trainlab.diagnosis.observed.events import AxesExchanged
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.user_frames import user_site

RESHAPES = frozenset(("view", "reshape"))


class ExchangedAxes:
    """Remembers the last such tensor, and whether a network is given it."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._last: tuple[weakref.ref[torch.Tensor], AxesExchanged] | None = None

    def heard(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        """A tensor that needs no gradient was reshaped."""
        given = args[0] if args else None
        if isinstance(given, torch.Tensor) and are_exchanged(tuple(given.shape), tuple(out.shape)):
            before, after = tuple(given.shape), tuple(out.shape)
            event = AxesExchanged(site=user_site(), before=before, after=after)
            self._last = (weakref.ref(out), event)

    def given(self, batch: torch.Tensor) -> None:
        """A network that learns is given a batch."""
        if self._last is not None:
            if self._last[0]() is batch:
                self.state.seen(self._last[1])
            self._last = None


def are_exchanged(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a shape has the same axes as another one in another order; axes of one place don't count."""
    one, other = ([size for size in shape if size != 1] for shape in (before, after))
    return one != other and sorted(one) == sorted(other)
