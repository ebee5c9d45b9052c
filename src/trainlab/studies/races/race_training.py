"""Trains what a race asks for, round by round, through the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from trainlab.engine import Runs
from trainlab.execution import Progress, train_and_read
from trainlab.spec import Experiment
from trainlab.stats.exact_binomial import Bools, Counts
from trainlab.store import Store
from trainlab.studies.races.candidates import Candidate

R = TypeVar("R")


@dataclass(kw_only=True, slots=True)
class RaceTraining:
    """Trains what a round asks for, and adds up what was trained.

    `on_progress` gets how many candidates are asked for and how far their training is; `asked` counts
    rounds.
    """

    candidates: Sequence[Candidate]
    engine: str
    store: Store
    workers: int | None
    on: str | None
    on_progress: Callable[[int, Progress], None]
    asked: int = 0
    steps: int = 0
    seconds: float = 0.0

    def outcomes(self, places: Counts, seeds: range) -> Bools:
        """Train these candidates on these seeds, and return who solved which, ``[places, seeds]``."""
        experiments = [self.candidates[int(place)].experiment for place in places]
        self.asked += 1
        last: Progress | None = None

        def note(progress: Progress) -> None:
            nonlocal last
            last = progress
            self.on_progress(len(places), progress)

        ended = self._read(experiments, seeds, self.store.outcomes, on_progress=note)
        if last is not None:
            self.steps += last.steps_trained
            self.seconds += last.elapsed
        return np.stack([rows["solved"] for rows in ended]).astype(np.bool_)

    def solved_run(self, place: int, seeds: range) -> Runs | None:
        """Return a candidate's solved run of lowest seed among these; None if it has none."""
        experiment = self.candidates[place].experiment
        solved = self._read([experiment], seeds, self.store.outcomes)[0]["solved"]
        if not solved.any():
            return None
        seed = seeds.start + int(np.argmax(solved))
        return self._read([experiment], range(seed, seed + 1), self.store.load)[0]

    def _read(
        self,
        experiments: Sequence[Experiment],
        seeds: range,
        read: Callable[..., R],
        *,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> list[R]:
        return train_and_read(
            experiments,
            seeds,
            read,
            engine=self.engine,
            store=self.store,
            workers=self.workers,
            on=self.on,
            on_progress=on_progress,
        )
