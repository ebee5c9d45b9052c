"""What the store has of a study, race or map, trained or not to the end: its runs, parts, result."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from trainlab.engine import Runs
from trainlab.errors import SpecError, StoreError, TrainlabError
from trainlab.execution import Provenance
from trainlab.execution.provenance import machine, versions
from trainlab.spec import Cell, Experiment, Study, study_from_dict
from trainlab.stats import Rate, rate
from trainlab.stats.rate import Bools, Counts
from trainlab.store import DamagedError, HeldSeeds, NamedStudy, Outcomes, Store, subtract
from trainlab.studies.candidates import Field
from trainlab.studies.cells import summarise
from trainlab.studies.maps.counts import Point
from trainlab.studies.maps.plane import mapped
from trainlab.studies.maps.question import Question
from trainlab.studies.maps.result import MapResult
from trainlab.studies.race import RaceQuestion, decided
from trainlab.studies.race_result import RaceResult
from trainlab.studies.result import StudyResult
from trainlab.studies.run import judged

# What the store holds of a study's experiments, by whichever engine trained most of it.


class NotThereError(StoreError):
    """Some of the runs that were asked for haven't been trained, or have been deleted."""


@contextmanager
def reading(named: NamedStudy) -> Generator[None]:
    """Turn what is wrong with the question of a study, if it was altered in the store, into a StoreError."""
    try:
        yield
    except TrainlabError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError):
        raise StoreError(
            f"{named.title}: what it asked can't be read: the store's entry is damaged. Ask the same again."
        ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRuns:
    """The runs of a study's experiments that a store has; it is only read.

    An older trainlab's runs count as well, and those of any engine: of several that trained an experiment,
    the one with most of the seeds that are asked for, and of these the latest. Runs that turned out to be
    damaged are left out, and `damage` says which.
    """

    store: Store
    held: Mapping[str, tuple[HeldSeeds, ...]]
    damage: tuple[str, ...] = ()

    @classmethod
    def of(cls, store: Store, study: NamedStudy) -> HeldRuns:
        """Return what a store has of a study."""
        return cls(store=store, held=store.held(study))

    def without(self, damaged: DamagedError) -> HeldRuns:
        """Return the same without the chunks that turned out to be damaged."""
        held = dict(self.held)
        for chunk in damaged.chunks:
            held[chunk.fingerprint] = tuple(
                replace(
                    one, ranges=tuple(each for piece in one.ranges for each in subtract(piece, [chunk.seeds]))
                )
                if one.engine == chunk.engine
                else one
                for one in held[chunk.fingerprint]
            )
        sound = {name: tuple(one for one in each if one.ranges) for name, each in held.items()}
        sound = {name: each for name, each in sound.items() if each}
        return HeldRuns(store=self.store, held=sound, damage=(*self.damage, damaged.words))

    @property
    def last_saved(self) -> datetime | None:
        """When the last of the runs was saved; None if there are none."""
        return max((one.last_saved for each in self.held.values() for one in each), default=None)

    def count(self, experiment: Experiment, seeds: range) -> int:
        """Return how many of the seeds are there, by one engine."""
        best = self._best(experiment, seeds, _count)
        return 0 if best is None else _count(best, seeds)

    def first(self, experiment: Experiment, seeds: range) -> int:
        """Return how many of the seeds are there, by one engine, from the first on without a gap."""
        best = self._best(experiment, seeds, _first)
        return 0 if best is None else _first(best, seeds)

    def runs(self, experiment: Experiment, seeds: range) -> Runs:
        """Return the runs of all these seeds; raise NotThereError if one is missing."""
        return self.store.load(experiment, seeds, engine=self.engine(experiment, seeds))

    def outcomes(self, experiment: Experiment, seeds: range) -> Outcomes:
        """Return how the runs of all these seeds ended; raise NotThereError if one is missing."""
        return self.store.outcomes(experiment, seeds, engine=self.engine(experiment, seeds))

    def solved(self, experiment: Experiment, seeds: range) -> int:
        """Return how many runs of all these seeds are solved; raise NotThereError if one is missing."""
        return self.store.solved(experiment, seeds, engine=self.engine(experiment, seeds))

    def engine(self, experiment: Experiment, seeds: range) -> str:
        """Return the name under which all these seeds are stored; raise NotThereError if one is missing."""
        best = self._best(experiment, seeds, _count)
        if best is None or _count(best, seeds) < len(seeds):
            raise NotThereError(
                f"{self.store.place}: not all of {len(seeds):,} runs of {experiment.network.label} are there."
            )
        return best.engine

    def provenance(self, engines: Iterable[str], *, seeds: int, seconds: float) -> Provenance:
        """Return how results were made of runs that were all stored, under these names of engines."""
        names = {each.partition("@")[0] for each in engines}
        return Provenance(
            engine=" and ".join(sorted(names)),
            engine_reason="its runs are what the store has",
            first_seed=0,
            seeds=seeds,
            workers=1,
            versions=versions(names),
            machine=machine(),
            seconds=seconds,
            trained_steps=0,
            trained_seconds=0.0,
        )

    def _best(
        self, experiment: Experiment, seeds: range, measure: Callable[[HeldSeeds, range], int]
    ) -> HeldSeeds | None:
        held = self.held.get(experiment.fingerprint, ())
        return max(held, key=lambda one: (measure(one, seeds), one.last_saved), default=None)


def _count(held: HeldSeeds, seeds: range) -> int:
    return len(seeds) - sum(map(len, subtract(seeds, held.ranges)))


def _first(held: HeldSeeds, seeds: range) -> int:
    gaps = subtract(seeds, held.ranges)
    return gaps[0].start - seeds.start if gaps else len(seeds)


# A part of a stored question: a cell of a study, a candidate of a race, a point of a map.


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


# A study out of the store: which of its cells are there, and what is true of them.


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredStudy:
    """A study as it was asked, on as many `seeds` as it was asked with at most."""

    plan: Study
    seeds: int

    @classmethod
    def of(cls, named: NamedStudy) -> StoredStudy:
        """Return the study that a store has named."""
        with reading(named):
            return cls(plan=study_from_dict(named.question or {}), seeds=named.seeds)

    def parts(self) -> list[Part]:
        """Return its cells, each with its experiment on every split and the seeds there."""
        return [self._part(cell) for cell in self.plan.cells()]

    def result(self, held: HeldRuns) -> StudyResult:
        """Return what is true of the cells that are there on as many seeds as any cell; see `reach`."""
        started = time.perf_counter()
        seeds, cells = self.reach(held)
        if not cells:
            raise NotThereError(f"{held.store.place}: no run of this study is there yet.")
        by_cell = [self._experiments(cell, seeds) for cell in cells]
        summaries = tuple(
            summarise(cell, *(held.runs(each, mine) for each, mine in experiments))
            for cell, experiments in zip(cells, by_cell, strict=True)
        )
        how = held.provenance(
            (held.engine(each, mine) for experiments in by_cell for each, mine in experiments),
            seeds=seeds,
            seconds=time.perf_counter() - started,
        )
        return judged(self.plan, summaries, how=how)

    def reach(self, held: HeldRuns) -> tuple[int, tuple[Cell, ...]]:
        """Return a number of seeds, and the cells that have so many on every split, from the first on.

        That is the largest number for which there are any cells: once a cell is whole, those that are whole.
        """
        first = {
            cell: min(held.first(each, mine) for each, mine in self._experiments(cell, self.seeds))
            for cell in self.plan.cells()
        }
        most = max(first.values())
        return most, tuple(cell for cell, count in first.items() if count == most > 0)

    def _part(self, cell: Cell) -> Part:
        return Part(name=cell.name, words=cell.words, experiments=tuple(self._experiments(cell, self.seeds)))

    def _experiments(self, cell: Cell, seeds: int) -> list[tuple[Experiment, range]]:
        splits = self.plan.on_splits(cell.experiment)
        return [(each, self.plan.seeds_on(place, seeds)) for place, each in enumerate(splits)]


# A race out of the store: its candidates, and how it came out once all that it asked for is there.


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


# A map out of the store: what its points came to, and the map itself once all of it is there.


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMap:
    """A map as it was asked; its parts are the points of the plane, row after row."""

    asked: Question
    every_point: bool

    @classmethod
    def of(cls, named: NamedStudy) -> StoredMap:
        """Return the map that a store has named."""
        question = dict(named.question or {})
        with reading(named):
            every_point = bool(question.pop("every_point"))
            return cls(asked=Question.from_dict(question), every_point=every_point)

    def part(self, number: int) -> Part:
        """Return the point of that number; raise SpecError if the plane has none."""
        rows, columns = self.asked.shape
        row, column = divmod(number, columns)
        if not 0 <= number < rows * columns:
            raise SpecError(f"point {number}: the plane has {rows * columns:,} points, numbered from 0.")
        x, y = self.asked.x, self.asked.y
        name = f"{x.field} = {x.values[column]:g}, {y.field} = {y.values[row]:g}"
        experiment = self.asked.at(row, column)
        return Part(name=name, words=name, experiments=((experiment, range(self.asked.seeds)),))

    def read(self, held: HeldRuns) -> tuple[MapResult | None, dict[Point, int]]:
        """Return the map, None if some of it is missing, and how many seeds are solved at each point."""
        started = time.perf_counter()
        points = _HeldPoints(held=held)
        try:
            result = mapped(
                self.asked,
                points,
                every_point=self.every_point,
                how=lambda: held.provenance(
                    points.engines, seeds=self.asked.seeds, seconds=time.perf_counter() - started
                ),
            )
        except NotThereError:
            return None, points.solved
        return result, points.solved


@dataclass(kw_only=True, slots=True)
class _HeldPoints:
    """Gives a map the runs of its points, and notes how many are solved."""

    held: HeldRuns
    solved: dict[Point, int] = field(default_factory=dict[Point, int])
    engines: set[str] = field(default_factory=set[str])

    def train(
        self,
        points: Sequence[Point],
        seeds: range,
        *,
        make: Callable[[Point], Experiment],
        take: Callable[[Point, Runs], None],
    ) -> None:
        """Give `take` the runs of the points that are there; raise NotThereError if one was missing."""
        missing: NotThereError | None = None
        for point in points:
            experiment = make(point)
            try:
                runs = self.held.runs(experiment, seeds)
            except NotThereError as error:
                missing = error
                continue
            self.engines.add(self.held.engine(experiment, seeds))
            take(point, runs)
            # The best point, and the file's own, come last and have places already, or none.
            if seeds.start == 0 and point not in self.solved:
                self.solved[point] = int(runs.solved.sum())
        if missing is not None:
            raise missing
