"""From where a run ended to the stationary point beside it; and from there down, if there is a way.

Training by single points or with a large rate ends beside such a point, not on it: the last steps jitter. A
few hundredths of a weight away the Hessian may have negative eigenvalues that the point itself doesn't have.
So the square of the gradient's norm is made small, by the steps of Levenberg and Marquardt, which are drawn
to minima and saddles alike (J. J. Moré, Lecture Notes in Mathematics 630, 1978).

Where no curvature leads down clearly, many directions are flat, and some may still lead down further off. So
a point is nudged and left by the steps of Y. Dauphin, R. Pascanu, C. Gulcehre, K. Cho, S. Ganguli and Y.
Bengio, "Identifying and attacking the saddle point problem in high-dimensional non-convex optimization",
NeurIPS 2014: Newton's with |λ| for λ, which leave a saddle however small its λ; short ones, and downhill.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.spec import Experiment
from trainlab.studies.landscape.place import Place, loss_at, place_at

Array = npt.NDArray[np.float64]

SETTLED = 1e-4
"""A slope over the reach of so small a share of the loss counts as none."""

_NUDGE = 0.1
"""Of the reach: how far a point is nudged, and the longest step from there."""

_STEPS = 40
_TRIES = 6
_DAMPING = 1e-9


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


def way_down(experiment: Experiment, point: Place, *, enough: float) -> float:
    """Return by which share of the loss it falls, at most, on the way down from a nudged point.

    A nudge to either side, the same for every run.
    """
    nudge = np.random.default_rng(0).normal(size=len(point.parameters))
    nudge *= _NUDGE * reach_of(point.parameters) / float(np.linalg.norm(nudge))
    return max(
        fall_from(experiment, place_at(experiment, point.parameters + side), point, enough=enough)
        for side in (nudge, -nudge)
    )


def fall_from(experiment: Experiment, start: Place, point: Place, *, enough: float) -> float:
    """Return by which share of a point's loss downhill steps from a start get below it.

    They end after 40 steps, or once that is more than `enough`.
    """
    here, fall = start, 0.0
    for _ in range(_STEPS):
        there = _lower(experiment, here, longest=_NUDGE * reach_of(point.parameters))
        if there is None:
            break
        here = there
        fall = (point.loss - here.loss) / loss_scale(point)
        if fall > enough:
            break
    return max(0.0, fall)


def _lower(experiment: Experiment, here: Place, *, longest: float) -> Place | None:
    """Return the place a step down, None if none of some halved steps leads down."""
    values, vectors = eigen(here.hessian)
    bend = np.abs(values)
    largest = float(bend.max())
    if largest == 0.0:
        return None
    step = -vectors @ ((vectors.T @ here.gradient) / (bend + _DAMPING * largest))
    step *= min(1.0, longest / (float(np.linalg.norm(step)) or 1.0))
    for _ in range(_TRIES):
        if loss_at(experiment, here.parameters + step) < here.loss:
            return place_at(experiment, here.parameters + step)
        step = 0.5 * step
    return None
