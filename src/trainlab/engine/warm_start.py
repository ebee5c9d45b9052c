"""A training that goes on from another: it starts from that one's weights, and draws examples of its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.engine.layout import initial_parameters
from trainlab.engine.protocol import Engine
from trainlab.engine.rng import phase_seeds
from trainlab.engine.runs import FloatArray
from trainlab.spec import Experiment


def trained_start(
    engine: Engine, experiment: Experiment, seeds: range, *, threads: int = 1
) -> FloatArray | None:
    """Return the weights ``[n, P]`` that the seeds go on from, trained by this engine.

    None if the training begins from scratch.
    """
    before = experiment.after
    if before is None:
        return None
    # How often it is evaluated changes no weight, unless the training stops once it is found solved.
    record = replace(before.record, parameters=True, predictions=0, curves=0, loss_every=0, gradient_every=0)
    return engine.train(replace(before, record=record), seeds, threads=threads)[0].parameters


def starting_parameters(engine: Engine, experiment: Experiment, seeds: range) -> npt.NDArray[np.floating]:
    """Return the weights ``[n, P]`` from which an engine trains these seeds: drawn, or trained before."""
    trained = trained_start(engine, experiment, seeds)
    return initial_parameters(experiment, seeds) if trained is None else trained


def drawing_seeds(experiment: Experiment, seeds: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the seeds ``[n]`` that examples, noise and dropout of this training are drawn from."""
    return phase_seeds(seeds, phase=len(experiment.phases) - 1)
