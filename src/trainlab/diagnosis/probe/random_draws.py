# pyright: basic
"""Random numbers that the user's own code draws step by step: are they the same each time?"""

from __future__ import annotations

import torch

from trainlab.diagnosis.observed.events import RandomDraws
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.user_frames import user_site

DRAWN = frozenset(
    ("rand", "randn", "rand_like", "randn_like", "normal", "bernoulli", "normal_", "uniform_", "bernoulli_")
)
FIRST = 8
MOST = 64


class Draws:
    """Compares the first numbers of what one line draws, in steps looked at closely."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state

    def hear(self, name: str, out: torch.Tensor) -> None:
        """A function drew random numbers."""
        state = self.state
        if out.dim() < 2 or out.numel() < 2 * FIRST or not state.record.tick:
            return
        shape = tuple(out.shape)[1:]
        event = state.seen(RandomDraws(site=user_site(), name=name, shape=shape), key=f"{name} {shape}")
        tick = state.record.tick
        event.ticks += event.last_tick != tick
        event.last_tick = tick
        if len(event.different) < MOST:
            state.deferred.read(out.reshape(-1)[:FIRST], lambda got: event.different.add(tuple(got)))
