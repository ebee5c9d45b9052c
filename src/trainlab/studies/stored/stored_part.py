"""A part of a stored question: a cell of a study, a candidate of a race, a point of a map."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.spec import Experiment
from trainlab.stats import Rate, rate
from trainlab.studies.stored.held_runs import HeldRuns


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A cell, candidate or point: its `name` and `words`, and its experiments with the seeds asked of each.

    It has several experiments where a study has several splits.
    """

    name: str
    words: str
    experiments: tuple[tuple[Experiment, range], ...]

    @property
    def due(self) -> int:
        """How many runs it may have at most."""
        return sum(len(seeds) for _, seeds in self.experiments)

    def trained(self, held: HeldRuns) -> int:
        """Return how many of its runs are there."""
        return sum(held.count(each, seeds) for each, seeds in self.experiments)

    def there(self, held: HeldRuns) -> list[tuple[Experiment, range]]:
        """Return its experiments with the seeds that are there, from the first on, if any are."""
        found = [(each, seeds, held.first(each, seeds)) for each, seeds in self.experiments]
        return [(each, seeds[:count]) for each, seeds, count in found if count]

    def solved(self, held: HeldRuns) -> Rate | None:
        """Return how often it is solved on the seeds that are there, from the first on; None if none is."""
        there = self.there(held)
        if not there:
            return None
        return rate(sum(held.solved(*each) for each in there), sum(len(seeds) for _, seeds in there))
