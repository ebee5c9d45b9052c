"""Which ticks are looked at closely: all of the first ones, then short windows further and further apart."""

from __future__ import annotations

DENSE = 40
WINDOW = 2
_PERIODS = ((512, 32), (8192, 128))
_LAST_PERIOD = 1024
_WALKS = frozenset((0, 1, 2, 3, 5, 8, 13, 21, 34))


def is_sampled(tick: int) -> bool:
    """Whether the step is measured: the first 40, then 2 in 32, 2 in 128, 2 in 1,024."""
    if tick < DENSE:
        return True
    for until, period in _PERIODS:
        if tick < until:
            return tick % period < WINDOW
    return tick % _LAST_PERIOD < WINDOW


def is_compared(tick: int) -> bool:
    """Whether weights are compared with their start at this tick: 24, 48, 96, 192…"""
    return tick >= 24 and tick % 24 == 0 and (tick // 24) & (tick // 24 - 1) == 0


def is_walked(tick: int) -> bool:
    """Whether the autograd graph is read at this tick, too."""
    return tick in _WALKS if tick < DENSE else is_sampled(tick) and tick % 32 == 0
