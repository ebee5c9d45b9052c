"""Effects of changes, alone, averaged, and after the others, on the share of runs solved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.page.columns import Column, TableOf, p_value, points, reading
from trainlab.plain import Plain
from trainlab.spec import Study
from trainlab.stats import (
    Estimate,
    ReadEstimate,
    alone_scores,
    interaction_effect,
    interaction_scores,
    main_effect,
    main_scores,
    paired_difference,
    read_family,
    resampled_contrast,
)
from trainlab.studies.cells import CellResult, looked_on_the_way, solved_ever

# Interventions: changes that ask for a cause, and aren't meant to make a network learn.


def interventions(study: Study) -> dict[str, str]:
    """Return the interventions, each with the one field that it sets: gradient, frozen or redraw."""
    found: dict[str, str] = {}
    for change in study.changes:
        if len(change.edits) == 1 and not change.then:
            path, value = change.edits[0].path, change.edits[0].value
            if (path == "gradient" and value == "equalised") or (path in ("frozen", "redraw") and value):
                found[change.name] = path
    return found


def changes_but_interventions(study: Study) -> tuple[str, ...]:
    """Return the names of the other changes: those meant to make a network learn."""
    return crossed_with(study)


def crossed_with(study: Study, *names: str) -> tuple[str, ...]:
    """Return these changes and all that don't intervene: effects are averaged over their combinations.

    What another change does to runs with their gradients rescaled, or with frozen layers, says nothing of it.
    """
    apart = interventions(study)
    return tuple(name for name in study.change_names if name in names or name not in apart)


# What a change does, and two together: effects and interactions, each with its table.


ALONE, AVERAGED = "Alone", "Averaged over the others"
IN_SHORT = ("Network", "Change", ALONE, AVERAGED)
"""The columns of the terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect(Plain):
    """One change on one network: `alone` against the baseline, `main` averaged over all other changes.

    `last` is what it does where all the others are made. Changes that intervene aren't among the others.
    """

    network: str
    change: str
    alone: ReadEstimate | None
    main: ReadEstimate | None
    last: ReadEstimate | None = None


def effect_table(told: Callable[[ReadEstimate | None], str] = points) -> TableOf[Effect]:
    """Return the table of effects; `told` formats an estimate beside its corrected p-value and reading."""

    def read(
        heading: str, value: Callable[[Effect], ReadEstimate | None], brief_heading: str = ""
    ) -> tuple[Column[Effect], ...]:
        return (
            Column(heading, value, show=told, brief_heading=brief_heading),
            Column("p", value, show=p_value),
            Column("Reads", value, show=reading),
        )

    return TableOf(
        (
            Column("Network", lambda effect: effect.network),
            Column("Change", lambda effect: effect.change),
            *read(ALONE, lambda effect: effect.alone),
            *read(AVERAGED, lambda effect: effect.main, "Averaged"),
            *read("After the others", lambda effect: effect.last),
        )
    )


EFFECTS = effect_table()


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """How much one change's effect differs if the other is made too, averaged over the rest."""

    network: str
    changes: tuple[str, str]
    effect: ReadEstimate

    def to_dict(self) -> dict[str, Any]:
        """Return the interaction as JSON has it."""
        return {"network": self.network, "changes": list(self.changes), **self.effect.to_dict()}


def _reads_together(effect: ReadEstimate) -> str:
    words = {"helps": "more together", "hurts": "less together"}
    return words.get(effect.reading) or reading(effect)


INTERACTIONS: TableOf[Interaction] = TableOf(
    (
        Column("Network", lambda item: item.network),
        Column("Changes", lambda item: " × ".join(item.changes)),
        Column("Difference, points", lambda item: item.effect, show=points),
        Column("p (Holm)", lambda item: item.effect, show=p_value),
        Column("Reads", lambda item: item.effect, show=_reads_together),
    )
)


# What each change does to the success rate: alone, over the factorial, and together with another.


Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Pair = tuple[str, str]
"""A network and a change."""
T = TypeVar("T", bound=np.generic)


def solved_at_the_end(runs: Runs) -> Bools:
    """Return which runs are solved at the end, ``[n]``."""
    return runs.solved


def ever_effects(study: Study, cells: Sequence[CellResult]) -> tuple[Effect, ...]:
    """Return every effect on the share of runs solved at some time; none if only the end was read.

    Nor where some trainings go on and others don't, as only the last of them is looked at on the way.
    """
    lengths = {len(item.cell.experiment.phases) for item in cells}
    if len(lengths) > 1 or not all(looked_on_the_way(item.splits) for item in cells):
        return ()
    return effects_of(study, cells, of=solved_ever)[0]


def effects_of(
    study: Study, cells: Sequence[CellResult], *, of: Callable[[Runs], Bools] = solved_at_the_end
) -> tuple[tuple[Effect, ...], tuple[Interaction, ...]]:
    """Return every effect and interaction whose cells are there; each family is Holm-corrected as a whole.

    They are effects on the share of runs that `of` counts. Over several splits each is a mean over these
    (`over_splits`).
    """
    solved = {(item.cell.network, item.cell.changes): item.joined(of) for item in cells}
    data = cells[0].runs.experiment.data()

    def told(one_split: Callable[[], Estimate], scores: Callable[[], Floats], bound: float) -> Estimate:
        if study.splits == 1:
            return one_split()
        return over_splits(
            scores(),
            splits=study.splits,
            ratio=data.held_out / data.points,
            rows=data.held_out,
            bound=bound,
            least_spread=1 / data.held_out,
        )

    def paired(without: Bools, made: Bools) -> Estimate:
        scores = partial(alone_scores, np.stack([without, made], axis=1), 0)
        return told(partial(paired_difference, without, made), scores, 1.0)

    names = study.change_names
    alone: dict[Pair, Estimate] = {}
    last: dict[Pair, Estimate] = {}
    main: dict[Pair, Estimate] = {}
    both: dict[tuple[str, str, str], Estimate] = {}
    for network in study.network_names:
        baseline = solved.get((network, ()))
        for name in names:
            among = crossed_with(study, name)
            only, everything = solved.get((network, (name,))), solved.get((network, among))
            rest = solved.get((network, tuple(other for other in among if other != name)))
            if baseline is not None and only is not None:
                alone[network, name] = paired(baseline, only)
            if rest is not None and everything is not None:
                last[network, name] = paired(rest, everything)
            crossed = factorial(solved, network, among)
            if crossed is not None:
                place = among.index(name)
                main[network, name] = told(
                    partial(main_effect, crossed, place), partial(main_scores, crossed, place), 1.0
                )
        for first, second in combinations(names, 2):
            among = crossed_with(study, first, second)
            crossed = factorial(solved, network, among)
            if crossed is not None:
                pair = among.index(first), among.index(second)
                both[network, first, second] = told(
                    partial(interaction_effect, crossed, *pair),
                    partial(interaction_scores, crossed, *pair),
                    2.0,
                )
    interactions = tuple(
        Interaction(network=network, changes=(a, b), effect=effect)
        for (network, a, b), effect in read_family(both).items()
    )
    return effects_read(study, alone=alone, main=main, last=last), interactions


def effects_read(
    study: Study,
    *,
    alone: dict[Pair, Estimate],
    main: dict[Pair, Estimate],
    last: dict[Pair, Estimate],
) -> tuple[Effect, ...]:
    """Return the effects of each change on each network, as far as told; each kind is a family of its own."""
    read_alone, read_main, read_last = read_family(alone), read_family(main), read_family(last)
    return tuple(
        Effect(
            network=network,
            change=name,
            alone=read_alone.get(pair),
            main=read_main.get(pair),
            last=read_last.get(pair),
        )
        for network in study.network_names
        for name in study.change_names
        for pair in [(network, name)]
        if pair in read_alone or pair in read_main
    )


def over_splits(
    scores: Floats, *, splits: int, ratio: float, rows: int, bound: float, least_spread: float
) -> Estimate:
    """Return the mean of scores ``[splits · n]``, one a run: of each split first, then of the splits."""
    means = scores.reshape(splits, -1).mean(axis=1)
    return resampled_contrast(means, ratio=ratio, rows=rows, bound=bound, least_spread=least_spread)


def factorial(
    values: Mapping[tuple[str, tuple[str, ...]], npt.NDArray[T]], network: str, names: tuple[str, ...]
) -> npt.NDArray[T] | None:
    """Return ``[n, 2, …, 2]``, an axis for each change; None if a cell is missing or there are no changes."""
    cells: list[npt.NDArray[T]] = []
    for index in np.ndindex(*(2,) * len(names)):
        subset = tuple(name for name, made in zip(names, index, strict=True) if made)
        if (network, subset) not in values:
            return None
        cells.append(values[network, subset])
    return np.stack(cells, axis=1).reshape(-1, *(2,) * len(names)) if names else None
