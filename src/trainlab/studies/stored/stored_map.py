"""A map out of the store: what its points came to, and the map itself once all of it is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.spec import Experiment
from trainlab.store import NamedStudy
from trainlab.studies.maps.plane import mapped
from trainlab.studies.maps.question import Question
from trainlab.studies.maps.refine import Point
from trainlab.studies.maps.result import MapResult
from trainlab.studies.stored.held_runs import HeldRuns, NotThereError, reading
from trainlab.studies.stored.stored_part import Part


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
