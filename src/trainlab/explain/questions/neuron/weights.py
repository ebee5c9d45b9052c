"""The weights of one seed of an experiment: as drawn, or after its training."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from trainlab.errors import ExplainError
from trainlab.execution import train_all
from trainlab.explain.common.populations import Populations
from trainlab.explain.subject.network import Layer, initial_layers, layers_from
from trainlab.spec import Experiment
from trainlab.store import Store


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
    options: dict[str, Any] = {"engine": how.engine, "workers": how.workers, "on_progress": how.on_progress}
    seeds = range(seed, seed + 1)
    if how.store is None:
        (runs,) = train_all([experiment], seeds, **options)
    else:
        with Store.open(how.store) as opened:
            (runs,) = train_all([experiment], seeds, store=opened, **options)
    parameters = np.asarray(runs.parameters[0], dtype=np.float64)
    if not np.isfinite(parameters).all():
        raise ExplainError(
            f"seed = {seed}: its training diverged and left no finite weights; take another seed, or its "
            "initial "
            "weights (--initial, trained=False)."
        )
    return layers_from(experiment.network, parameters), bool(runs.solved[0])
