"""How much work an experiment is, whoever does it."""

from __future__ import annotations

from trainlab.spec import Batch, Experiment, Single


def examples_of_a_step(experiment: Experiment) -> int:
    """Return how many examples a training step sees: 1, the batch, or all of them."""
    points, sampling = experiment.data().points, experiment.sampling
    if isinstance(sampling, Single):
        return 1
    return min(sampling.batch_size, points) if isinstance(sampling, Batch) else points
