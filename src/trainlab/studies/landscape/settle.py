"""From where a run ended to the stationary point beside it.

Training by single points or with a large rate ends beside such a point, not on it: the last steps jitter. A
few hundredths of a weight away the Hessian may have negative eigenvalues that the point itself doesn't have.
So the square of the gradient's norm is made small, by the steps of Levenberg and Marquardt, which are drawn
to minima and saddles alike (J. J. Moré, Lecture Notes in Mathematics 630, 1978).
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.spec import Experiment
from trainlab.studies.landscape.place import Place, place_at

Array = npt.NDArray[np.float64]

SETTLED = 1e-4
"""A slope over the reach of so small a share of the loss counts as none."""

_STEPS = 40
_TRIES = 6


def reach_of(parameters: Array) -> float:
    """Return how far a move of the parameters is looked ahead: their root mean square, 1 if that is less.

    Activations bend over sums of the size of 1; and large weights need larger moves to matter.
    """
    return max(1.0, float(np.sqrt(np.mean(parameters * parameters))))


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Return the eigenvalues ``[n]`` of a symmetric matrix, lowest first, and as columns its eigenvectors."""
    from scipy import linalg

    values, vectors = cast("Any", linalg).eigh(matrix)
    return values, vectors


def slope_over_reach(place: Place) -> float:
    """Return by which share of the loss it would change if the slope held over the reach."""
    return float(np.linalg.norm(place.gradient)) * reach_of(place.parameters) / loss_scale(place)


def loss_scale(place: Place) -> float:
    """Return what changes of the loss are shares of: its size, 1 where it is 0."""
    return abs(place.loss) or 1.0


def settle(experiment: Experiment, start: Place) -> Place:
    """Return the place with the smallest gradient that some steps lead to; `start` if none is smaller."""
    here, damping = start, 1e-3
    for _ in range(_STEPS):
        if slope_over_reach(here) <= SETTLED:
            break
        values, vectors = eigen(here.hessian)
        largest = float(np.max(values * values))
        if largest == 0.0:
            break
        along, size = vectors.T @ here.gradient, float(np.linalg.norm(here.gradient))
        for _ in range(_TRIES):
            step = vectors @ (values * along / (values * values + damping * largest))
            there = place_at(experiment, here.parameters - step)
            if np.linalg.norm(there.gradient) < size:
                break
            damping *= 4.0
        else:
            break
        here, damping = there, max(damping / 5.0, 1e-16)
    return here
