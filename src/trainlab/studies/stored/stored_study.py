"""A study out of the store: which of its cells are there, and what is true of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from trainlab.spec import Cell, Experiment, Study, study_from_dict
from trainlab.store import NamedStudy
from trainlab.studies.cells import summarise
from trainlab.studies.result import StudyResult
from trainlab.studies.run import judged
from trainlab.studies.stored.held_runs import HeldRuns, NotThereError, reading
from trainlab.studies.stored.stored_part import Part


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
