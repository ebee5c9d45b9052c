"""The plan: which seeds of which experiments still have to be trained, in chunks, costliest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainlab.spec import Experiment


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
