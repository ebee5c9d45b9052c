"""One piece of work, laid out as arrays: what trainlab and every peer train from.

A peer is a function ``prepare(work)`` that returns a `Job`: calling it trains all of the steps from the
initial weights again, and returns the seconds of that alone. Examples are drawn beforehand: they cost a peer
nothing, while trainlab draws its own as it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.operations import batch_size
from trainlab.engine.layout import LayerLayout, initial_parameters, layers_of
from trainlab.engine.rng import batch_indices
from trainlab.spec import Experiment, Full, Single, name_of

Floats = npt.NDArray[np.float32]
Job = Callable[[], tuple[float, Floats]]
"""Trains, and returns seconds and the parameters ``[networks, P]`` in the order of `initial_parameters`."""

LOSSES = ("l1", "mse")
DRAWN = 1000
"""Networks beyond this many repeat the examples of the first ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """`networks` networks through `steps` steps of an experiment.

    ``inputs [points, features]``, ``targets [points, outputs]``, ``parameters [networks, P]``; ``chosen
    [steps, networks, batch]`` says which examples each step sees, and is None for the full batch.
    """

    experiment: Experiment
    networks: int
    steps: int
    inputs: Floats
    targets: Floats
    parameters: Floats
    chosen: npt.NDArray[np.int64] | None
    loss: str

    @property
    def layers(self) -> tuple[LayerLayout, ...]:
        """The layers, with their places in a row of parameters."""
        return layers_of(self.experiment.network)

    @property
    def batch(self) -> int:
        """How many examples a step sees."""
        return batch_size(self.experiment)


def lay_out(experiment: Experiment, *, networks: int, steps: int) -> Work:
    """Return the work as arrays, from the seeds 0 … networks − 1."""
    data = experiment.data()
    loss = name_of(experiment.loss)
    if loss not in LOSSES:
        raise ValueError(f"loss = {loss!r}: the peers have only {' and '.join(LOSSES)}")
    return Work(
        experiment=experiment,
        networks=networks,
        steps=steps,
        inputs=data.inputs.astype(np.float32),
        targets=data.targets.astype(np.float32),
        parameters=initial_parameters(experiment, range(networks)).astype(np.float32),
        chosen=_chosen(experiment, networks, steps, data.points),
        loss=loss,
    )


def _chosen(experiment: Experiment, networks: int, steps: int, points: int) -> npt.NDArray[np.int64] | None:
    if isinstance(experiment.sampling, Full):
        return None
    seeds = range(min(networks, DRAWN))
    if isinstance(experiment.sampling, Single):
        drawn = np.stack([batch_indices(seed, first=0, count=steps, points=points) for seed in seeds], axis=1)
        drawn = drawn[:, :, None]
    else:
        shape = (steps, len(seeds), batch_size(experiment))
        drawn = np.random.default_rng(0).integers(points, size=shape)
    return np.ascontiguousarray(drawn[:, np.arange(networks) % len(seeds)])
