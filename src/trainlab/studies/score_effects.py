"""What each change does to the measure of a study: accuracies in shares, losses as logarithms of their ratio.

Each is a `contrast` of one number a seed, as effects on the success rate are. Its guard stands at the largest
difference that the values seen could make, within the cells that are compared, and not at 1: accuracies that
spread over a few points would else need hundreds of seeds. Of values that are 0 or 1 it is the same guard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trainlab.spec import Study
from trainlab.stats import Estimate, ReadEstimate, contrast, main_scores, read_family
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import Effect
from trainlab.studies.measure import Measure

Floats = npt.NDArray[np.float64]
Values = Mapping[tuple[str, tuple[str, ...]], Floats]
"""A number a seed, ``[n]``, by network and changes."""

LEAST_LOSS = 1e-12
"""Below this share of the best constant answer's, losses are called equal."""
LEAST_RATIO = 0.01
"""The least difference of losses, as a logarithm, that the guard allows for."""


def score_values(measure: Measure, cells: Sequence[CellResult]) -> Values:
    """Return a score a run, the higher the better: the accuracy, or minus the logarithm of the loss.

    A run whose loss isn't finite has the worst of all cells', so that it is better than none.
    """
    found = {(item.cell.network, item.cell.changes): measure.of(item.runs) for item in cells}
    if measure.kind == "accuracy":
        return found
    finite = np.concatenate([values[np.isfinite(values)] for values in found.values()])
    worst = max(float(finite.max()) if len(finite) else measure.guess, measure.guess, LEAST_LOSS)
    least = LEAST_LOSS * (measure.guess or 1.0)
    return {
        key: -np.log(np.clip(np.where(np.isfinite(values), values, worst), least, None))
        for key, values in found.items()
    }


def score_effects(study: Study, measure: Measure, cells: Sequence[CellResult]) -> tuple[Effect, ...]:
    """Return every effect whose cells are there; alone and over the factorial they are two families."""
    values, names = score_values(measure, cells), study.change_names
    alone: dict[tuple[str, str], Estimate] = {}
    main: dict[tuple[str, str], Estimate] = {}
    for network in study.network_names:
        for index, name in enumerate(names):
            if (network, ()) in values and (network, (name,)) in values:
                pair = np.stack([values[network, ()], values[network, (name,)]], axis=1)
                alone[network, name] = _effect(pair, 0, measure)
            crossed = _factorial(values, network, names)
            if crossed is not None:
                main[network, name] = _effect(crossed, index, measure)
    read_alone, read_main = read_family(alone), read_family(main)
    return tuple(
        Effect(network=network, change=name, alone=read_alone.get(pair), main=read_main.get(pair))
        for network in study.network_names
        for name in names
        for pair in [(network, name)]
        if pair in read_alone or pair in read_main
    )


def score_together(
    study: Study, measure: Measure, cells: Sequence[CellResult]
) -> dict[str, tuple[ReadEstimate, Floats]]:
    """Return by network what all changes do to the baseline: the estimate, the difference a seed ``[n]``."""
    values, everything = score_values(measure, cells), study.change_names
    pairs = {
        network: np.stack([values[network, ()], values[network, everything]], axis=1)
        for network in study.network_names
        if (network, ()) in values and (network, everything) in values
    }
    read = read_family({network: _effect(pair, 0, measure) for network, pair in pairs.items()})
    return {network: (read[network], pair[:, 1] - pair[:, 0]) for network, pair in pairs.items()}


def _factorial(values: Values, network: str, names: tuple[str, ...]) -> Floats | None:
    """Return ``[n, 2, …, 2]``, an axis a change; None if a cell is missing."""
    cells: list[Floats] = []
    for index in np.ndindex(*(2,) * len(names)):
        made = tuple(name for name, with_it in zip(names, index, strict=True) if with_it)
        if (network, made) not in values:
            return None
        cells.append(values[network, made])
    return np.stack(cells, axis=1).reshape(-1, *(2,) * len(names))


def _effect(crossed: Floats, change: int, measure: Measure) -> Estimate:
    """Return the effect of a change over a factorial ``[n, 2, …, 2]``."""
    without, with_it = np.moveaxis(crossed, 1 + change, 0).reshape(2, len(crossed), -1)
    both = np.concatenate([without, with_it])
    span = float((both.max(axis=0) - both.min(axis=0)).mean())
    least = 1 / measure.rows if measure.kind == "accuracy" else LEAST_RATIO
    return contrast(main_scores(crossed, change), bound=max(span, least))
