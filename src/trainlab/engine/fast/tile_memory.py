"""How a tile's memory is laid out: which rows hold what, and the examples that stand there from the start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.engine.kernel import tables
from trainlab.engine.kernel.tables import Plan, Rows
from trainlab.maths import OPTIMIZERS
from trainlab.spec import Experiment, name_of
from trainlab.tasks import Task


def rows_of(experiment: Experiment, plan: Plan, *, samples: int) -> Rows:
    """Return where everything that a tile needs stands, one after the other."""
    units = sum(experiment.network.widths[1:])
    parameters = plan.parameters
    padded = -(-plan.points // samples) * samples if plan.resident else 0
    states = OPTIMIZERS[name_of(experiment.optimizer)].state_size
    sizes = {
        "parameters": parameters,
        "first_state": parameters,
        "second_state": parameters if states > 1 else 0,
        "third_state": parameters if states > 2 or plan.amsgrad else 0,
        "gradient": parameters,
        "layer_sizes": plan.layers if plan.equalised else 0,
        "frozen": parameters if plan.stopping != tables.NEVER_STOPS else 0,
        "points": padded * plan.features,
        "point_targets": padded * plan.outputs,
        "point_weights": padded,
        "inputs": plan.features * samples,
        "targets": plan.outputs * samples,
        "weights": samples,
        "share": 1,
        "values": units * samples,
        "slopes": units * samples,
        "deltas": units * samples,
        "predictions": plan.outputs * samples,
        "loss": 1,
        "missed": 1,
        "wrong": 1,
        "broken": 1,
        "rate_factor": 1,
        "best": 1,
        "waited": 1,
        "cooldown": 1,
        "plateau_best": 1,
        "plateau_bad": 1,
    }
    starts: dict[str, int] = {}
    total = 0
    for name, size in sizes.items():
        starts[name] = total
        total += size
    return Rows(**starts, total=total)


def resident_examples(data: Task, plan: Plan, samples: int) -> npt.NDArray[np.float64]:
    """Return inputs, targets and shares in the mean, block by block: ``[unit, sample]`` within a block.

    The last block is filled up with its last example, which has no share in loss or gradient there.
    """
    blocks = -(-data.points // samples)
    order = np.minimum(np.arange(blocks * samples), data.points - 1)
    share = 1.0 / (data.points if plan.over_examples else data.points * data.outputs)
    shares = np.where(np.arange(blocks * samples) < data.points, share, 0.0)
    inputs = data.inputs[order].reshape(blocks, samples, data.features).transpose(0, 2, 1)
    targets = data.targets[order].reshape(blocks, samples, data.outputs).transpose(0, 2, 1)
    return np.concatenate([inputs.ravel(), targets.ravel(), shares])
