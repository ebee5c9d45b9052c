"""Who races: candidates of a study or a budget, and their training round by round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np

from trainlab.budgets import Architecture, Budget
from trainlab.budgets.question import limits
from trainlab.draw import counted, join
from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.execution import Progress, RunSettings, train_and_read
from trainlab.spec import Experiment, Network, Study, name_of, named_cell, select_cells
from trainlab.spec.race import MAX_CANDIDATES
from trainlab.stats.rate import Bools, Counts
from trainlab.store import Store

# The candidates of a race: networks of one size, or what a study file's [race] table crosses.


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A name and the experiment that races under it."""

    name: str
    experiment: Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """All the candidates, who they are in words, and how many there were to draw from (None: not drawn)."""

    candidates: tuple[Candidate, ...]
    noun: str
    words: str
    drawn_from: int | None = None


def networks_field(base: Experiment, asked: Budget, *, draw: int | None, seed: int) -> Field:
    """Return the base with each network that a budget allows, or with `draw` of them."""
    check_ends(base, asked)
    count = asked.count()
    drawn = draw is not None and draw < count
    wanted = draw if drawn and draw is not None else count
    if wanted > MAX_CANDIDATES:
        fix = "give draw = 1000 (--draw 1000)" if draw is None else "draw fewer"
        raise SpecError(
            f"networks: {wanted:,} are more than {MAX_CANDIDATES:,}, which is the most that can race; "
            f"{fix}, or narrow the question."
        )
    chosen: Iterable[Architecture] = asked.sample(wanted, seed=seed) if drawn else asked.list()
    words = (
        f"{wanted:,} networks drawn (seed {seed}) from the {count:,} with exactly "
        if drawn
        else f"all {count:,} networks with exactly "
    )
    return _checked(
        Field(
            candidates=tuple(network_candidate(base, architecture) for architecture in chosen),
            noun="network",
            words=f"{words}{counted(asked.parameters, 'parameter')} ({', '.join(limits(asked))})",
            drawn_from=count if drawn else None,
        )
    )


def check_ends(base: Experiment, asked: Budget) -> None:
    """Refuse networks whose inputs or outputs aren't the task's."""
    data = base.data()
    if (asked.inputs, asked.outputs) != (data.features, data.outputs):
        raise SpecError(
            f"inputs = {asked.inputs}, outputs = {asked.outputs}: the task {name_of(base.task)!r} needs "
            f"{data.features} and {data.outputs}."
        )


def all_networks(base: Experiment, asked: Budget) -> tuple[Candidate, ...]:
    """Return the base with each network that a budget allows, however few there are."""
    return tuple(network_candidate(base, architecture) for architecture in asked.list())


def study_field(plan: Study, cell: str | None) -> Field:
    """Return what the study's [race] table crosses."""
    race = plan.race
    if race is None:
        raise SpecError(
            "race: the study has no [race] table; write one, or give a number of parameters "
            "(trainlab race 44 --inputs 2 --outputs 1 FILE)."
        )
    if race.changes:
        cells = list(plan.cells()) if cell is None else select_cells(plan, [cell])
        starts = [(item.name, item.experiment) for item in cells]
    else:
        starts = [("", named_cell(plan, cell).experiment)]
    total = len(starts) * race.combinations
    if total > MAX_CANDIDATES:
        raise SpecError(
            f"race: {len(starts):,} cells × {race.combinations:,} combinations are {total:,}; "
            f"at most {MAX_CANDIDATES:,} can race. List fewer values, or name a cell."
        )
    candidates = tuple(
        Candidate(name=", ".join(filter(None, (name, label))), experiment=experiment)
        for name, start in starts
        for label, experiment in race.variants(start)
    )
    crossed = [f"{counted(len(starts), 'cell')} of the study"] if race.changes else []
    crossed += [f"{counted(len(axis.choices), 'value')} of {axis.path}" for axis in race.axes]
    words = join(crossed)
    if race.axes and any(start.after is not None for _, start in starts):
        words += ", set in the last training alone where one goes on from another"
    if not race.changes and len(plan.cells()) > 1:
        words += f", of {named_cell(plan, cell).words}"
    return _checked(Field(candidates=candidates, noun="candidate", words=words))


def network_candidate(base: Experiment, architecture: Architecture) -> Candidate:
    """Return the base with this network in place of its own."""
    try:
        return Candidate(name=str(architecture), experiment=_with(base, architecture))
    except SpecError as error:
        raise SpecError(
            f"network {str(architecture)!r} in place of {base.network.label!r}: {error}"
        ) from None


def _with(base: Experiment, architecture: Architecture) -> Experiment:
    """Return the experiment, and what it goes on from, with these widths and biases."""
    changed = msgspec.structs.replace(
        base.network, widths=architecture.widths, bias=architecture.biases, output_bias=None
    )
    before = None if base.after is None else _with(base.after, architecture)
    return msgspec.structs.replace(base, network=_plain(changed), after=before)


def _plain(network: Network) -> Network:
    """Write biases that are all alike, or all but the last, as a study file has them."""
    *hidden, last = network.biases
    if len(set(hidden)) > 1:
        return network
    first = hidden[0] if hidden else last
    return msgspec.structs.replace(network, bias=first, output_bias=None if last == first else last)


def _checked(field: Field) -> Field:
    if len(field.candidates) < 2:
        who = "; ".join(candidate.name for candidate in field.candidates) or "none"
        raise SpecError(f"race: at least two must race, but the {field.noun}s are: {who}. Allow more.")
    seen: dict[str, str] = {}
    for candidate in field.candidates:
        digest = candidate.experiment.fingerprint
        if digest in seen:
            raise SpecError(
                f"race: {seen[digest]!r} and {candidate.name!r} are one and the same experiment; "
                "they could never be told apart. Drop one."
            )
        seen[digest] = candidate.name
    return field


# Trains what a race asks for, round by round, through the store.


R = TypeVar("R")


@dataclass(kw_only=True, slots=True)
class RaceTraining:
    """Trains what a round asks for, and adds up what was trained.

    `on_progress` gets how many candidates are asked for and how far their training is; `asked` counts
    rounds.
    """

    candidates: Sequence[Candidate]
    settings: RunSettings
    store: Store
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
        training = self.settings.training(store=self.store, on_progress=on_progress)
        return train_and_read(experiments, seeds, read, **training)
