"""How populations are trained, how many seeds are affordable, and shares compared on the same seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from trainlab.draw import Emphasis, Interval
from trainlab.engine import Runs
from trainlab.execution import Progress, RunSettings, train_all
from trainlab.spec import Batch, Experiment, Full
from trainlab.stats import Rate, ReadEstimate, Reading, paired_difference, rate, read_family

OnProgress = Callable[[Progress], None]

MOST_WORK: Final = 1e10
"""Seeds × examples seen × parameters that are trained for one part of an explanation: half a minute or so."""
FEWEST: Final = 20
"""Seeds that are trained all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Populations(RunSettings):
    """How populations are trained: seeds 0 to `seeds` − 1 by `engine`; finished runs are kept in `store`.

    Where that would be more than `MOST_WORK`, fewer seeds are trained; `note` says so.
    """

    seeds: int

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
        with self.opened() as store:
            return train_all(experiments, seeds, **self.training(store=store))


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


# Populations on the same seeds: shares, and differences in the share solved, paired and read together.


Key = TypeVar("Key")

EMPHASIS: Final[dict[Reading, Emphasis]] = {"helps": "helps", "hurts": "hurts", "shown to be small": "small"}
"""How a picture marks a difference, by its reading; any other isn't marked."""


def solved_share(runs: Runs) -> Rate:
    """Return in how many runs the task is solved."""
    return rate(int(runs.solved.sum()), len(runs.solved))


def diverged_share(runs: Runs) -> Rate:
    """Return how many runs diverged."""
    return rate(int(runs.diverged.sum()), len(runs.solved))


def differences(pairs: Mapping[Key, tuple[Runs, Runs]]) -> dict[Key, ReadEstimate]:
    """Return by how much the second of each pair solves more than the first; p by Holm over all of them."""
    return read_family(
        {key: paired_difference(first.solved, other.solved) for key, (first, other) in pairs.items()}
    )


def differences_from_first(runs: Sequence[Runs]) -> dict[int, ReadEstimate]:
    """Return how each population but the first differs from that, by its place."""
    return differences({place: (runs[0], each) for place, each in enumerate(runs) if place})


def difference_interval(label: str, difference: ReadEstimate, *, group: str = "") -> Interval:
    """Return a difference as a row of an interval chart, in percentage points."""
    found = difference.value
    return Interval(
        label=label,
        estimate=100 * found.estimate,
        low=100 * found.low,
        high=100 * found.high,
        group=group,
        emphasis=EMPHASIS.get(difference.reading, "none"),
    )
