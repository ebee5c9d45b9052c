"""What is asked of a neuron: at which input, and under the weights of which seed."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from trainlab.engine.network_pass import Array, Layer, initial_layers, layers_from
from trainlab.errors import ExplainError
from trainlab.explain.common.options import check_place
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.neuron.stack import array
from trainlab.explain.subject.network import first_telling
from trainlab.spec import Experiment


def layers_of_seed(
    experiment: Experiment, seed: int, *, trained: bool, how: Populations
) -> tuple[tuple[Layer, ...], bool | None]:
    """Return the layers, and whether the seed's training solved the task; None if it wasn't trained.

    Raises:
        ExplainError: its training diverged and left no finite weights.
    """
    if not trained:
        return initial_layers(experiment, seed), None
    if not experiment.record.parameters:
        experiment = msgspec.structs.replace(
            experiment, record=msgspec.structs.replace(experiment.record, parameters=True)
        )
    (runs,) = how.train_seeds([experiment], range(seed, seed + 1))
    parameters = np.asarray(runs.parameters[0], dtype=np.float64)
    if not np.isfinite(parameters).all():
        raise ExplainError(
            f"seed = {seed}: its training diverged and left no finite weights; take another seed, or its "
            "initial "
            "weights (--initial, trained=False)."
        )
    return layers_from(experiment.network, parameters), bool(runs.solved[0])


def chosen_input(given: Any, point: int | None, points: Array) -> tuple[Array, int | None]:
    """Return the input ``[features]`` looked at, and its place, from 1, among ``points [n, features]``.

    Without `given` and `point` it is the first data point that isn't all zeros, where only a bias counts.

    Raises:
        ExplainError: both are given, the input has other than as many numbers, or no point is there.
    """
    if given is None:
        place = first_telling(points) if point is None else check_place("point", point, len(points))
        return points[place - 1], place
    if point is not None:
        raise ExplainError(f"point = {point!r}: input is given as well; give only one of the two.")
    values = array("input", given)
    if values.shape != points.shape[1:]:
        raise ExplainError(
            f"input: has shape {list(values.shape)}, but the network takes {points.shape[1]:,} inputs; "
            "give as "
            f"many numbers, as in {','.join('0' for _ in range(min(points.shape[1], 4)))}."
        )
    same = np.flatnonzero((points == values).all(axis=1))
    return values, int(same[0]) + 1 if same.size else None
