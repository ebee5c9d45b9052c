"""A race out of the store: its candidates, and how it came out once all that it asked for is there."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from trainlab.engine import Runs
from trainlab.stats.exact_binomial import Bools, Counts
from trainlab.store import NamedStudy
from trainlab.studies.races.candidates import Field
from trainlab.studies.races.race import decided
from trainlab.studies.races.race_question import RaceQuestion
from trainlab.studies.races.race_result import RaceResult
from trainlab.studies.stored.held_runs import HeldRuns, reading
from trainlab.studies.stored.stored_part import Part


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRace:
    """A race as it was asked, with its candidates; how many runs it takes is known only at its end."""

    asked: RaceQuestion
    field: Field

    @classmethod
    def of(cls, named: NamedStudy) -> StoredRace:
        """Return the race that a store has named."""
        with reading(named):
            asked = RaceQuestion.from_dict(named.question or {})
            return cls(asked=asked, field=asked.field())

    def parts(self) -> list[Part]:
        """Return the candidates with the seeds that they get at most."""
        seeds = range(self.asked.max_seeds)
        return [
            Part(name=each.name, words=each.name, experiments=((each.experiment, seeds),))
            for each in self.field.candidates
        ]

    def result(self, held: HeldRuns) -> RaceResult:
        """Return how the race came out; raise NotThereError if it isn't over."""
        started = time.perf_counter()
        runs = _HeldCandidates(field=self.field, held=held)
        return decided(
            self.asked,
            self.field,
            runs,
            how=lambda seeds: held.provenance(
                runs.engines, seeds=seeds, seconds=time.perf_counter() - started
            ),
        )


@dataclass(kw_only=True, slots=True)
class _HeldCandidates:
    """Gives a race the outcomes that it asks for, and notes which engines they are of."""

    field: Field
    held: HeldRuns
    engines: set[str] = dataclasses.field(default_factory=set[str])

    def outcomes(self, places: Counts, seeds: range) -> Bools:
        experiments = [self.field.candidates[int(place)].experiment for place in places]
        self.engines.update(self.held.engine(each, seeds) for each in experiments)
        return np.stack([self.held.outcomes(each, seeds)["solved"] for each in experiments]).astype(np.bool_)

    def solved_run(self, place: int, seeds: range) -> Runs | None:
        experiment = self.field.candidates[place].experiment
        solved = self.held.outcomes(experiment, seeds)["solved"]
        if not solved.any():
            return None
        seed = seeds.start + int(np.argmax(solved))
        return self.held.runs(experiment, range(seed, seed + 1))
