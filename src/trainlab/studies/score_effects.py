"""What each change does to the measure of a study: accuracies in shares, losses as logarithms of their ratio.

Each is a `contrast` of one number a seed, as effects on the success rate are. Its guard stands at what
another seed might do, though none of these did: an accuracy may fall to the mere guess, or to the worst seen,
and rise to 1; a loss may be the guess's, or any seen. With a guard at the range of what was seen, where a
tenth of the seeds fall to the guess, 40 % of the intervals of 5 seeds held the truth, 64 % of 10, 90 % of 20.
Now it is 94 % or more from 5 seeds on, in all the cases tried; with 4 it is 92 %. A seed beyond that, as one
worse than the guess and all seen, isn't allowed for.

Over several splits of the rows it is the mean over the splits of the mean over the seeds, with the corrected
resampled t (`stats.contrast`): what another draw of the held-out rows does is then part of the interval.

A loss has no end, so no number of seeds shows that a change of it is small, and that is never said. A run
that diverged has no loss: where one did, no size is told, only how many did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, join
from trainlab.engine import Runs
from trainlab.spec import Study
from trainlab.stats import Estimate, ReadEstimate, contrast, main_scores, read_family
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import (
    Effect,
    Pair,
    changes_but_interventions,
    crossed_with,
    effects_read,
    factorial,
    over_splits,
)
from trainlab.studies.performance_measure import PerformanceMeasure

Floats = npt.NDArray[np.float64]
Values = Mapping[tuple[str, tuple[str, ...]], Floats]
"""A number a run, ``[splits · n]``, by network and changes."""
Table = Mapping[tuple[str, tuple[str, ...]], CellResult]
Sides = tuple[list[CellResult], list[CellResult]]
"""The cells without a change and those with it."""

LEAST_SEEDS = 5
"""On fewer nothing is told: their intervals hold the truth too seldom (`test_score_effects.py`)."""
LEAST_LOSS = 1e-12
"""Below this share of the best constant answer's, losses are called equal."""
LEAST_RATIO = 0.01
"""The least difference of losses, as a logarithm, that the guard allows for."""


def score_values(measure: PerformanceMeasure, cells: Sequence[CellResult]) -> Values:
    """Return a score a run, the higher the better: the accuracy, or minus the logarithm of the loss.

    Those of one split after those of the other, NaN for a run whose loss isn't finite.
    """
    found = {(item.cell.network, item.cell.changes): measure.of_all(item) for item in cells}
    return {key: _score(measure, values) for key, values in found.items()}


def _score(measure: PerformanceMeasure, values: npt.ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if measure.kind == "accuracy":
        return numbers
    least = LEAST_LOSS * (measure.guess or 1.0)
    return np.asarray(-np.log(np.clip(np.where(np.isfinite(numbers), numbers, np.nan), least, None)))


def score_effects(
    study: Study, measure: PerformanceMeasure, cells: Sequence[CellResult]
) -> tuple[Effect, ...]:
    """Return every effect that can be told: alone, over the factorial, after the others, each a family.

    Left out are those whose cells are missing, and those that `score_untold` names.
    """
    values, names, table = score_values(measure, cells), study.change_names, _table(cells)
    alone: dict[Pair, Estimate] = {}
    last: dict[Pair, Estimate] = {}
    main: dict[Pair, Estimate] = {}
    for network in study.network_names:
        for name in names:
            among = crossed_with(study, name)
            sides = _sides(table, network, (name,), alone=True)
            if sides is not None and not _why_untold(measure, *sides):
                pair = np.stack([values[network, ()], values[network, (name,)]], axis=1)
                alone[network, name] = _effect(pair, 0, measure)
            rest = tuple(other for other in among if other != name)
            ends = table.get((network, rest)), table.get((network, among))
            if ends[0] and ends[1] and not _why_untold(measure, [ends[0]], [ends[1]]):
                pair = np.stack([values[network, rest], values[network, among]], axis=1)
                last[network, name] = _effect(pair, 0, measure)
            crossed, sides = factorial(values, network, among), _sides(table, network, (name,), among)
            if crossed is not None and sides is not None and not _why_untold(measure, *sides):
                main[network, name] = _effect(crossed, among.index(name), measure)
    return effects_read(study, alone=alone, main=main, last=last)


def score_together(
    study: Study, measure: PerformanceMeasure, cells: Sequence[CellResult]
) -> dict[str, tuple[ReadEstimate, Floats]]:
    """Return by network what all changes do to the baseline: the estimate, the difference a run ``[n]``.

    Networks are left out as effects are in `score_effects`.
    """
    values, table = score_values(measure, cells), _table(cells)
    everything = changes_but_interventions(study)
    pairs: dict[str, Floats] = {}
    for network in study.network_names:
        sides = _sides(table, network, everything, alone=True)
        if sides is not None and not _why_untold(measure, *sides):
            pairs[network] = np.stack([values[network, ()], values[network, everything]], axis=1)
    read = read_family({network: _effect(pair, 0, measure) for network, pair in pairs.items()})
    return {network: (read[network], pair[:, 1] - pair[:, 0]) for network, pair in pairs.items()}


def score_untold(
    study: Study, measure: PerformanceMeasure, cells: Sequence[CellResult]
) -> dict[tuple[str, tuple[str, ...]], str]:
    """Return why a difference isn't told though its cells are there, by network and changes.

    The changes are one, over all combinations of the others, or all together against the baseline.
    """
    table, everything = _table(cells), changes_but_interventions(study)
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    for network in study.network_names:
        together = [everything] if len(everything) > 1 else []
        for changes in [*((name,) for name in study.change_names), *together]:
            among = crossed_with(study, *changes)
            sides = _sides(table, network, changes, among, alone=len(changes) > 1)
            sides = sides or _sides(table, network, changes, alone=True)
            why = _why_untold(measure, *sides, join(changes)) if sides else ""
            if why:
                found[network, changes] = why
    return found


def few_seeds(seeds: int) -> str:
    """Say that so many seeds are too few; empty if they aren't."""
    if seeds >= LEAST_SEEDS:
        return ""
    return (
        f"{counted(seeds, 'seed')} {'is' if seeds == 1 else 'are'} too few to tell; {LEAST_SEEDS} are needed"
    )


def _why_untold(
    measure: PerformanceMeasure, without: list[CellResult], with_it: list[CellResult], changes: str = "it"
) -> str:
    """Say why a difference isn't told: too few seeds, or runs that diverged; empty if it is.

    An accuracy is 0 where a run diverged, so there it is enough if some run didn't.
    """
    few = few_seeds(len(without[0].runs.solved))
    if few and measure.splits == 1:
        return few
    (k, n), (k_with, n_with) = (
        (sum(item.diverged.k for item in side), sum(item.diverged.n for item in side))
        for side in (without, with_it)
    )
    lost = k + k_with
    if not lost or (measure.kind == "accuracy" and lost < n + n_with):
        return ""
    return f"{k_with:,} of {n_with:,} runs diverged with {changes}, {k:,} of {n:,} without"


def _table(cells: Sequence[CellResult]) -> Table:
    return {(item.cell.network, item.cell.changes): item for item in cells}


def _sides(
    table: Table,
    network: str,
    changes: tuple[str, ...],
    among: tuple[str, ...] = (),
    *,
    alone: bool = False,
) -> Sides | None:
    """Return the cells of a network without these changes and with them; None if one is missing.

    `alone`: the baseline and these changes made alone; else all combinations of the changes `among` them.
    """
    if alone:
        ends = table.get((network, ())), table.get((network, changes))
        return ([ends[0]], [ends[1]]) if ends[0] and ends[1] else None
    changed = frozenset(changes)
    mine = {
        frozenset(made): item
        for (name, made), item in table.items()
        if name == network and {*made} <= {*among}
    }
    pairs = [(made, made | changed) for made in map(frozenset, mine) if not made & changed]
    if not pairs or any(made not in mine for pair in pairs for made in pair):
        return None
    return [mine[made] for made, _ in pairs], [mine[made] for _, made in pairs]


def _effect(crossed: Floats, change: int, measure: PerformanceMeasure) -> Estimate:
    """Return the effect of a change over a factorial ``[n, 2, …, 2]``, or ``[splits · n, 2, …, 2]``."""
    if measure.splits > 1:
        return score_over_splits(measure, main_scores(crossed, change))
    without, with_it = np.moveaxis(crossed, 1 + change, 0).reshape(2, len(crossed), -1)
    both = np.concatenate([without, with_it])
    guess = float(_score(measure, measure.guess))
    worst = np.minimum(both.min(axis=0), guess)
    scores = main_scores(crossed, change)
    if measure.kind == "accuracy":
        return contrast(scores, bound=1.0, guard=max(float((1.0 - worst).mean()), 1 / measure.rows))
    span = float((np.maximum(both.max(axis=0), guess) - worst).mean())
    # No number of seeds bounds the loss of one that wasn't seen, so none shows that a change is small.
    return replace(contrast(scores, bound=np.inf, guard=max(span, LEAST_RATIO)), p_small=1.0)


def score_over_splits(measure: PerformanceMeasure, scores: Floats) -> Estimate:
    """Return the mean of differences of scores ``[splits · n]``; that one of losses is small isn't shown."""
    accuracy = measure.kind == "accuracy"
    found = over_splits(
        scores,
        splits=measure.splits,
        ratio=measure.ratio,
        rows=measure.rows,
        bound=1.0 if accuracy else np.inf,
        least_spread=1 / measure.rows if accuracy else LEAST_RATIO,
    )
    return found if accuracy else replace(found, p_small=1.0)


def score_lead(measure: PerformanceMeasure, splits: Sequence[Runs]) -> Estimate | None:
    """Return by how much runs on several splits beat the guess of their split.

    None if a loss isn't finite.
    """
    values = np.concatenate([_score(measure, measure.of(runs)) for runs in splits])
    if not np.isfinite(values).all():
        return None
    guesses = _score(measure, measure.guesses)
    return score_over_splits(measure, values - np.repeat(guesses, len(values) // len(guesses)))
