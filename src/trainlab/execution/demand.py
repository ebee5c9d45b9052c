"""What training will take, before it begins: memory, which must be there, and time, which must be allowed."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from trainlab.engine import engine_of
from trainlab.engine.runs import curve_rows
from trainlab.errors import DemandError
from trainlab.memory import available_memory, gigabytes
from trainlab.spec import Experiment

NANOSECONDS = {
    "fast": (20.0, 1.0),
    "torch": (2_000.0, 0.5),
    "torch-cuda": (200.0, 0.02),
    "reference": (500_000.0, 0.5),
}
"""By engine: about what a step of one network takes on one core, and what it takes besides for each parameter
and example. Only the order of magnitude counts: it is compared with hours."""

FIXED = 64
"""About the bytes of a run's numbers that every run has, such as its loss at the end."""

_allowed: ContextVar[float] = ContextVar("seconds that training may take", default=math.inf)


@contextmanager
def at_most(seconds: float) -> Generator[None]:
    """Refuse training that would take longer, by a rough estimate, while the block runs."""
    token = _allowed.set(seconds)
    try:
        yield
    finally:
        _allowed.reset(token)


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """What runs take: `seconds` on one core, roughly; and in bytes what is kept of them, by its kind.

    `losses` and `gradients` are their curves, `others` are predictions and the numbers that every run has.
    """

    runs: int = 0
    steps: int = 0
    seconds: float = 0.0
    losses: int = 0
    gradients: int = 0
    parameters: int = 0
    others: int = 0

    def __add__(self, other: Demand) -> Demand:
        """Return both together."""
        return Demand(
            runs=self.runs + other.runs,
            steps=self.steps + other.steps,
            seconds=self.seconds + other.seconds,
            losses=self.losses + other.losses,
            gradients=self.gradients + other.gradients,
            parameters=self.parameters + other.parameters,
            others=self.others + other.others,
        )

    @property
    def bytes(self) -> int:
        """What all of the results take in memory."""
        return self.losses + self.gradients + self.parameters + self.others

    @property
    def remedy(self) -> str:
        """What to change so that the results take less: whatever takes the most."""
        remedies = {
            "raise record.loss_every": self.losses,
            "raise record.gradient_every, or lower record.curves": self.gradients,
            "set record.parameters = false": self.parameters,
            "lower record.predictions": self.others,
        }
        return max(remedies, key=lambda remedy: remedies[remedy])


def demand_of(experiment: Experiment, seeds: range, *, engine: str) -> Demand:
    """Return what an experiment takes on these seeds; `engine` may be ``auto``."""
    record, network = experiment.record, experiment.network
    runs, curves = len(seeds), curve_rows(experiment, seeds)
    readings = experiment.epochs // record.loss_every + 1 if record.loss_every else 0
    looks = experiment.epochs // record.gradient_every + 1 if record.gradient_every else 0
    step, each = NANOSECONDS.get(engine_of(engine, experiment), (0.0, 0.0))
    steps, nanoseconds = 0, 0.0
    for phase in experiment.phases:
        mine = phase.epochs * phase.steps_per_epoch
        steps += mine
        nanoseconds += mine * (step + each * network.parameters * phase.examples_per_step)
    return Demand(
        runs=runs,
        steps=runs * steps,
        seconds=1e-9 * runs * nanoseconds,
        losses=readings * (4 * curves + 2 * (runs - curves)),
        gradients=4 * looks * network.layers * curves,
        parameters=4 * network.parameters * runs if record.parameters else 0,
        others=runs * (FIXED + 4 * record.predictions * network.widths[-1]),
    )


def check_results(experiments: Sequence[Experiment], seeds: Iterable[range]) -> None:
    """Refuse to read results that don't fit into memory: of all these experiments, each on its seeds."""
    every = zip(experiments, seeds, strict=True)
    need = sum((demand_of(each, mine, engine="") for each, mine in every), Demand())
    _check_memory(need.bytes, f"The results of {need.runs:,} runs", f"{need.remedy}, lower seeds")


def check_work(
    missing: Mapping[Experiment, Sequence[range]],
    *,
    engine: str,
    chunk_seeds: int,
    workers: int,
    here: bool = True,
) -> None:
    """Refuse training for which there is too little memory, or that takes longer than is allowed.

    What the workers of a cluster have isn't known: only `here`, on this machine, is memory compared.
    """
    need, chunk, chunks = Demand(), 0, 0
    for experiment, ranges in missing.items():
        for seeds in ranges:
            need += demand_of(experiment, seeds, engine=engine)
            first = range(seeds.start, min(seeds.stop, seeds.start + chunk_seeds))
            chunks += math.ceil(len(seeds) / chunk_seeds)
            chunk = max(chunk, demand_of(experiment, first, engine=engine).bytes)
    if here:
        at_once = min(workers, chunks)
        _check_memory(
            at_once * chunk,
            f"What {at_once} workers train at a time, up to {chunk_seeds:,} networks each,",
            f"{need.remedy}, or lower workers",
        )
    seconds, limit = need.seconds / workers, _allowed.get()
    if seconds > limit:
        raise DemandError(
            f"{need.runs:,} runs of {need.steps / max(need.runs, 1):,.0f} steps would take about "
            f"{duration(seconds)}, and {gigabytes(need.bytes)} in the store. Lower seeds, epochs or the "
            "number of cells; or say --yes."
        )


def duration(seconds: float) -> str:
    """Return a time in words, in the unit that suits it: ``3 hours``."""
    for unit, length in (("years", 31_557_600), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def _check_memory(need: int, what: str, remedy: str) -> None:
    free = available_memory()
    if free is not None and need > free:
        raise DemandError(
            f"{what} would take {gigabytes(need)} of memory, and {gigabytes(free)} are available: {remedy}."
        )
