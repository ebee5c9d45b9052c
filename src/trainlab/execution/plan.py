"""What there is to do, as chunks; how far that is, as progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trainlab.engine import Runs
from trainlab.spec import Experiment

# The plan: which seeds of which experiments still have to be trained, in chunks, costliest first.


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """The unit of work: consecutive seeds of one experiment, trained to its end and read at each mark.

    `marks` are epochs, ascending; the last is the experiment's own.
    """

    experiment: Experiment
    seeds: range
    marks: tuple[int, ...]

    @property
    def runs(self) -> int:
        """The number of runs that come out: one a seed and mark."""
        return len(self.seeds) * len(self.marks)

    @property
    def steps(self) -> int:
        """The number of network-steps: optimizer steps of one network, summed over the seeds."""
        phases = self.experiment.phases
        return len(self.seeds) * sum(phase.epochs * phase.steps_per_epoch for phase in phases)

    @property
    def cost(self) -> int:
        """Parameters × network-steps: roughly proportional to the time it takes."""
        return self.steps * self.experiment.network.parameters


Bundle = tuple[Chunk, ...]
"""Chunks that are handed out at once: one, where handing out costs nothing."""


def plan(
    experiments: Iterable[Experiment],
    *,
    missing: Callable[[Experiment], Sequence[range]],
    chunk_seeds: int,
) -> tuple[Chunk, ...]:
    """Return chunks of at most `chunk_seeds` seeds that make every missing run once, and no other.

    `missing` gives the seeds of an experiment that are still to be trained, as disjoint ranges. Experiments
    that differ in nothing but their epochs are one training read at several marks, unless their schedule
    looks ahead; it goes only as far as the longest mark that is missing. Costliest first, so that the workers
    end at about the same time.
    """
    trainings: dict[str, dict[int, Experiment]] = {}
    for experiment in experiments:
        same = experiment if experiment.looks_ahead else experiment.at_epochs(1)
        marks = trainings.setdefault(same.fingerprint, {})
        marks.setdefault(experiment.epochs, experiment)
    chunks = [
        Chunk(experiment=at_marks[marks[-1]], seeds=piece, marks=marks)
        for at_marks in trainings.values()
        for seeds, marks in _segments({mark: missing(experiment) for mark, experiment in at_marks.items()})
        for piece in _pieces(seeds, chunk_seeds)
    ]
    return tuple(sorted(chunks, key=lambda chunk: -chunk.cost))


def _segments(missing: Mapping[int, Sequence[range]]) -> Iterator[tuple[range, tuple[int, ...]]]:
    """Cut the seeds where what is missing changes; give each stretch with its missing marks, ascending."""
    borders = sorted(
        {seed for ranges in missing.values() for gap in ranges for seed in (gap.start, gap.stop)}
    )
    for start, stop in pairwise(borders):
        marks = sorted(mark for mark, ranges in missing.items() if any(start in gap for gap in ranges))
        if marks:
            yield range(start, stop), tuple(marks)


def _pieces(seeds: range, most: int) -> Iterator[range]:
    for start in range(seeds.start, seeds.stop, most):
        yield range(start, min(start + most, seeds.stop))


# How far the work is, as plain data.


DOCTOR = "doctor"
"""What the engine is called while runs are being judged, rather than trained for the record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What is done and saved, of all there was to do; what the store already held isn't counted.

    A run is one seed at one mark; a network-step is one optimizer step of one network. `steps_done` counts
    them up to the last epoch, as `steps_total` does, and `steps_trained` those that were made: fewer, where
    networks were frozen. `elapsed` and `seconds_left` are in seconds, `rate` in network-steps made per
    second. Until a chunk is done the rate is 0 and the time left None. `engine` is at work; `stopping` says
    that it was asked to stop and is finishing the chunks in progress. `ahead` says in words what will
    probably follow this work; empty where nothing does.
    """

    chunks_done: int
    chunks_total: int
    runs_done: int
    runs_total: int
    steps_done: int
    steps_total: int
    steps_trained: int
    elapsed: float
    rate: float
    seconds_left: float | None
    engine: str = ""
    stopping: bool = False
    ahead: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """An amount of work; `spared` is how many of its steps frozen networks did not make."""

    chunks: int = 0
    runs: int = 0
    steps: int = 0
    cost: int = 0
    spared: int = 0

    def __add__(self, other: Workload) -> Workload:
        """Return both together."""
        return Workload(
            chunks=self.chunks + other.chunks,
            runs=self.runs + other.runs,
            steps=self.steps + other.steps,
            cost=self.cost + other.cost,
            spared=self.spared + other.spared,
        )

    def plus(self, chunks: Iterable[Chunk], *, spared: int = 0) -> Workload:
        """Return this amount plus that of the chunks, of whose steps `spared` were not made."""
        every = list(chunks)
        return self + Workload(
            chunks=len(every),
            runs=sum(chunk.runs for chunk in every),
            steps=sum(chunk.steps for chunk in every),
            cost=sum(chunk.cost for chunk in every),
            spared=spared,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Overall:
    """How far work that several engines share has come; it began at `start`, by ``time.monotonic``."""

    done: Workload = Workload()
    total: Workload
    start: float


def spared_steps(runs: Runs) -> int:
    """Return how many steps the networks that were frozen early did not make."""
    epochs, stopped = runs.experiment.epochs, runs.stopped_epoch
    frozen = (stopped >= 0) & (stopped < epochs)
    return int(np.sum(epochs - stopped[frozen])) * runs.experiment.steps_per_epoch


def progress(
    done: Workload, total: Workload, *, elapsed: float, engine: str = "", stopping: bool = False
) -> Progress:
    """Return the figures; the time left assumes that work goes on at its average pace, by cost."""
    return Progress(
        chunks_done=done.chunks,
        chunks_total=total.chunks,
        runs_done=done.runs,
        runs_total=total.runs,
        steps_done=done.steps,
        steps_total=total.steps,
        steps_trained=done.steps - done.spared,
        elapsed=elapsed,
        rate=(done.steps - done.spared) / elapsed if elapsed > 0 else 0.0,
        seconds_left=elapsed * (total.cost - done.cost) / done.cost if done.cost else None,
        engine=engine,
        stopping=stopping,
    )
