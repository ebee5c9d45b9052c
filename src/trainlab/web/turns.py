"""Whose turn it is: visitors in a circle, and of each visitor the most urgent question first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Literal, get_args

import msgspec

Lane = Literal[
    "answer",
    "replay",
    "microscope",
    "compare",
    "course",
    "rates",
    "budget",
    "take-away",
    "why",
    "why-seed",
    "plane",
]
LANES: Final[tuple[Lane, ...]] = get_args(Lane)
"""The lanes of a page, the most urgent first. A visitor has one open question at most in each."""
BACKGROUND: Final = frozenset({"why", "why-seed", "plane"})
"""Lanes that take long, or fill in what nobody waits for; they never have all workers, so
that a knob's answer needn't wait."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Job:
    """A question of a visitor, and who takes its frames."""

    visitor: Hashable
    lane: str
    id: int
    question: msgspec.Raw
    deliver: Callable[[bytes], None]


class Turns:
    """Questions that wait for a worker, and how many of each visitor's are being answered."""

    def __init__(self, *, workers: int) -> None:
        self._background = max(1, workers - 1)
        self._waiting: dict[Hashable, dict[str, Job]] = {}
        self._running: Counter[Hashable] = Counter()
        self._running_in_background = 0

    def wait(self, job: Job) -> None:
        """Let a question wait; an older one of its lane is forgotten."""
        self._waiting.setdefault(job.visitor, {})[job.lane] = job

    def drop(self, visitor: Hashable, lane: str) -> None:
        """Forget a question that waits, if there is one."""
        lanes = self._waiting.get(visitor, {})
        lanes.pop(lane, None)
        if not lanes:
            self._waiting.pop(visitor, None)

    def take(self) -> Job | None:
        """Begin with the question whose turn it is; of a visitor of whom the fewest are being answered."""
        open_to = LANES
        if self._running_in_background >= self._background:
            open_to = tuple(lane for lane in LANES if lane not in BACKGROUND)
        able = [visitor for visitor, lanes in self._waiting.items() if not lanes.keys().isdisjoint(open_to)]
        if not able:
            return None
        # Of equals the one who comes first in the circle.
        visitor = min(able, key=lambda one: self._running[one])
        lanes = self._waiting.pop(visitor)
        job = lanes.pop(next(lane for lane in open_to if lane in lanes))
        if lanes:
            # At the end of the circle.
            self._waiting[visitor] = lanes
        self._running[visitor] += 1
        self._running_in_background += job.lane in BACKGROUND
        return job

    def ended(self, job: Job) -> None:
        """Note that a question that was taken is no longer being answered."""
        self._running[job.visitor] -= 1
        if not self._running[job.visitor]:
            del self._running[job.visitor]
        self._running_in_background -= job.lane in BACKGROUND
