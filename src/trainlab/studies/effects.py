"""What each change does to the success rate: alone, over the factorial, and together with another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.spec import Study
from trainlab.stats import (
    Estimate,
    alone_scores,
    interaction_effect,
    interaction_scores,
    main_effect,
    main_scores,
    paired_difference,
    read_family,
    resampled_contrast,
)
from trainlab.studies.cells import CellResult
from trainlab.studies.effect_table import Effect, Interaction
from trainlab.studies.interventions import crossed_with
from trainlab.studies.solved_when import looked_on_the_way, solved_ever

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


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
    alone: dict[tuple[str, str], Estimate] = {}
    last: dict[tuple[str, str], Estimate] = {}
    main: dict[tuple[str, str], Estimate] = {}
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
    read_alone, read_main, read_both = read_family(alone), read_family(main), read_family(both)
    read_last = read_family(last)
    return (
        tuple(
            Effect(
                network=network,
                change=name,
                alone=read_alone.get((network, name)),
                main=read_main.get((network, name)),
                last=read_last.get((network, name)),
            )
            for network in study.network_names
            for name in names
            if (network, name) in read_alone or (network, name) in read_main
        ),
        tuple(
            Interaction(network=network, changes=(a, b), effect=effect)
            for (network, a, b), effect in read_both.items()
        ),
    )


def over_splits(
    scores: Floats, *, splits: int, ratio: float, rows: int, bound: float, least_spread: float
) -> Estimate:
    """Return the mean of scores ``[splits · n]``, one a run: of each split first, then of the splits."""
    means = scores.reshape(splits, -1).mean(axis=1)
    return resampled_contrast(means, ratio=ratio, rows=rows, bound=bound, least_spread=least_spread)


def factorial(
    solved: dict[tuple[str, tuple[str, ...]], Bools], network: str, names: tuple[str, ...]
) -> Bools | None:
    """Return ``[n, 2, …, 2]``, an axis for each change; None if a cell is missing or there are no changes."""
    cells: list[Bools] = []
    for index in np.ndindex(*(2,) * len(names)):
        subset = tuple(name for name, made in zip(names, index, strict=True) if made)
        if (network, subset) not in solved:
            return None
        cells.append(solved[network, subset])
    return np.stack(cells, axis=1).reshape(-1, *(2,) * len(names)) if names else None
