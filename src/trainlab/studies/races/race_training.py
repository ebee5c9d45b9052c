"""Trains what a race asks for, round by round, through the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.engine import Runs
from trainlab.execution import Progress, stored_under, train_missing
from trainlab.stats.exact_binomial import Bools, Counts
from trainlab.store import Store
from trainlab.studies.races.candidates import Candidate


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

        train_missing(
            experiments, seeds, engine=self.engine, store=self.store, workers=self.workers, on_progress=note
        )
        if last is not None:
            self.steps += last.steps_trained
            self.seconds += last.elapsed
        return np.stack(
            [
                self.store.outcomes(each, seeds, engine=stored_under(self.engine, each))["solved"]
                for each in experiments
            ]
        ).astype(np.bool_)

    def solved_run(self, place: int, seeds: range) -> Runs | None:
        """Return a candidate's solved run of lowest seed among these; None if it has none."""
        experiment = self.candidates[place].experiment
        name = stored_under(self.engine, experiment)
        solved = self.store.outcomes(experiment, seeds, engine=name)["solved"]
        if not solved.any():
            return None
        seed = seeds.start + int(np.argmax(solved))
        return self.store.load(experiment, range(seed, seed + 1), engine=name)
