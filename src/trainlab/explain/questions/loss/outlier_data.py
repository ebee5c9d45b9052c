"""Regression data of which a share of the training targets is shifted, beside clean data to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.spec import Curve, Experiment, Scaling, Split
from trainlab.tasks import build
from trainlab.tasks.random_numbers import shuffled, uniforms

Array = npt.NDArray[np.float64]

SHARE = 0.2
"""The share of the training targets that is shifted."""
SHIFT = 4.0
"""By how many standard deviations of the clean targets, always upwards."""
POINTS = 64
NOISE = 0.1
CLEAN_POINTS = 200
HELD_OUT = 0.25

# A stream of the task's draws that no task uses.
_OUTLIERS = 16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OutlierData:
    """``inputs [points, features]`` with clean and shifted ``[points, outputs]`` targets, and clean examples
    that are never trained on; ``shifted [points]`` says which are.
    """

    inputs: Array
    clean: Array
    dirty: Array
    shifted: npt.NDArray[np.bool_]
    judged_inputs: Array
    judged_targets: Array


def outlier_data(experiment: Experiment | None, draw: int) -> OutlierData:
    """Return draw number `draw` of the data: of a sine with noise, or of an experiment's own examples."""
    if experiment is None:
        noisy = build(Curve(points=POINTS, noise=NOISE, seed=draw), Split(), Scaling())
        # An even number of places between −1 and 1, none of them a training example.
        x = (np.arange(CLEAN_POINTS, dtype=np.float64) + 0.5)[:, None] * (2.0 / CLEAN_POINTS) - 1.0
        sine: Array = np.sin(np.pi * x)
        return _shifted(noisy.inputs, noisy.targets, x, sine, draw)
    data = experiment.data()
    inputs = np.concatenate([data.inputs, data.held_out_inputs])
    targets = np.concatenate([data.targets, data.held_out_targets])
    # Every draw parts the examples anew: the same ones twenty times would be one data set, not twenty.
    order = shuffled(draw, len(inputs))
    held = data.held_out or max(1, round(HELD_OUT * len(inputs)))
    judged, trained = order[:held], np.sort(order[held:])
    return _shifted(inputs[trained], targets[trained], inputs[judged], targets[judged], draw)


def _shifted(inputs: Array, targets: Array, judged: Array, judged_targets: Array, draw: int) -> OutlierData:
    count = max(1, round(SHARE * len(targets)))
    order = np.argsort(uniforms(draw, _OUTLIERS, (len(targets),)), kind="stable")
    shifted = np.zeros(len(targets), dtype=np.bool_)
    shifted[order[:count]] = True
    size = SHIFT * float(np.std(targets))
    return OutlierData(
        inputs=inputs,
        clean=targets,
        dirty=targets + np.where(shifted[:, None], size, 0.0),
        shifted=shifted,
        judged_inputs=judged,
        judged_targets=judged_targets,
    )
