"""How the populations of an explanation are trained, and how many seeds of them are affordable."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trainlab.engine import Runs
from trainlab.execution import Progress, train_all
from trainlab.spec import Batch, Experiment, Full
from trainlab.store import Store

OnProgress = Callable[[Progress], None]

MOST_WORK: Final = 1e10
"""Seeds × examples seen × parameters that are trained for one part of an explanation: half a minute or so."""
FEWEST: Final = 20
"""Seeds that are trained all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Populations:
    """How populations are trained: seeds 0 to `seeds` − 1 by `engine`; finished runs are kept in `store`.

    Where that would be more than `MOST_WORK`, fewer seeds are trained; `note` says so.
    """

    seeds: int
    engine: str = "auto"
    store: str | os.PathLike[str] | None = None
    workers: int | None = None
    on_progress: OnProgress | None = None

    def affordable(
        self, experiments: Sequence[Experiment], *, seeds: int | None = None, fewest: int = FEWEST
    ) -> int:
        """Return how many of the seeds asked for (`seeds`, if given) are trained, at least `fewest`."""
        asked = self.seeds if seeds is None else seeds
        return min(asked, max(fewest, int(MOST_WORK / work(experiments))))

    def note(self, trained: int, *, asked: int | None = None) -> str:
        """Return that fewer seeds were trained than `asked` for, and why; empty if it were all."""
        asked = self.seeds if asked is None else min(asked, self.seeds)
        if trained >= asked:
            return ""
        return (
            f"Of the {asked:,} seeds asked for {trained:,} were trained: more would be too much work for an "
            f"explanation (seeds × examples seen × parameters above {MOST_WORK:,.0f})."
        )

    def train(
        self, experiments: Sequence[Experiment], *, seeds: int | None = None, fewest: int = FEWEST
    ) -> list[Runs]:
        """Return the runs of each experiment, all on the same seeds (`affordable` ones)."""
        return self.train_seeds(experiments, range(self.affordable(experiments, seeds=seeds, fewest=fewest)))

    def train_seeds(self, experiments: Sequence[Experiment], seeds: range) -> list[Runs]:
        """Return the runs of each experiment on just these seeds, however much work that is."""
        options: dict[str, Any] = {
            "engine": self.engine,
            "workers": self.workers,
            "on_progress": self.on_progress,
        }
        if self.store is None:
            return train_all(experiments, seeds, **options)
        with Store.open(self.store) as opened:
            return train_all(experiments, seeds, store=opened, **options)


def work(experiments: Sequence[Experiment]) -> float:
    """Return what one seed of all these costs to train: examples seen × parameters, summed."""
    return float(sum(_seen(each) * each.network.parameters for each in experiments)) or 1.0


def _seen(experiment: Experiment) -> int:
    """Return how many examples a whole training sees, one counted each time that it is seen."""
    sampling, points = experiment.sampling, experiment.data().points
    if isinstance(sampling, Full):
        step = points
    else:
        step = min(sampling.batch_size, points) if isinstance(sampling, Batch) else 1
    return experiment.epochs * experiment.steps_per_epoch * step
