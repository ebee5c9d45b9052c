"""What tells the trainings of one script apart: steps, data, and what has no place of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from trainlab.diagnosis.observed.data import DataRecord

MAX_RUNS = 5_000
Judged = tuple[int, float, int, bool]
"""An evaluation: its tick, the share of right answers, of how many, and whether classes differ among them."""


@dataclass(slots=True)
class Steps:
    """The ticks at which a training took its steps, as runs: first tick, how far apart, how many.

    Two trainings that take turns have a run each. Of steps in no order there may be too many runs to keep:
    then they aren't `known`.
    """

    runs: list[list[int]] = field(default_factory=list[list[int]])
    count: int = 0
    known: bool = True
    last: int = -1

    def add(self, tick: int) -> None:
        """Enter a step."""
        self.count += 1
        self.last = tick
        if self.runs:
            run = self.runs[-1]
            first, apart, count = run
            if count == 1:
                run[1], run[2] = tick - first, 2
                return
            if tick == first + apart * count:
                run[2] += 1
                return
        if len(self.runs) >= MAX_RUNS:
            self.known = False
            return
        self.runs.append([tick, 1, 1])

    def join(self, other: Steps) -> None:
        """Take over the steps of another one."""
        self.runs = sorted(self.runs + other.runs)
        self.count += other.count
        self.last = max(self.last, other.last)
        self.known = self.known and other.known and len(self.runs) <= MAX_RUNS

    def before(self, tick: int) -> int:
        """Return how many steps were taken before a tick."""
        total = 0
        for first, apart, count in self.runs:
            if tick > first:
                total += min(count, -(-(tick - first) // max(1, apart)))
        return total

    @property
    def first(self) -> int:
        """The tick of the first step."""
        return self.runs[0][0] if self.runs else 0


@dataclass(slots=True)
class Part:
    """One training of a script; its number is that of what belongs to it in the record's lists."""

    steps: Steps = field(default_factory=Steps)
    params: set[int] = field(default_factory=set[int])
    backwards: int = 0
    seconds: float = 0.0
    data: DataRecord = field(default_factory=DataRecord)
    graph_sizes: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    retained_ticks: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    clips: list[tuple[int, float, float]] = field(default_factory=list[tuple[int, float, float]])
    judged_accuracy: list[Judged] = field(default_factory=list[Judged])
