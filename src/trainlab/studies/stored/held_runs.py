"""What the store holds of a study's experiments, by whichever engine trained most of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from trainlab.engine import Runs
from trainlab.errors import StoreError, TrainlabError
from trainlab.execution import Provenance
from trainlab.execution.provenance import machine, versions
from trainlab.spec import Experiment
from trainlab.store import DamagedError, HeldSeeds, NamedStudy, Outcomes, Store, subtract


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
