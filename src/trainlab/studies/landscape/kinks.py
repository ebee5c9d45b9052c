"""Losses with kinks: what the slope is worth where the loss is made of straight pieces.

|p − y| and the hinge have no second derivative where p = y, or at the margin, and a run that sits there has
a gradient that never fades. So the outputs are taken as linear in the parameters, but the loss as it is: how
much lower it gets within the reach is a linear program (J. V. Burke, "Descent methods for composite
nondifferentiable optimization problems", Mathematical Programming 33, 1985).
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from trainlab.spec import L1, Experiment, Hinge, Loss, SmoothL1
from trainlab.studies.landscape.place import Place


def has_kinks(loss: Loss) -> bool:
    """Return whether the loss is made of straight pieces: L1, the hinge, and what is one of them."""
    return isinstance(loss, L1 | Hinge) or (isinstance(loss, SmoothL1) and loss.beta == 0)


def gain_across_kinks(experiment: Experiment, place: Place, *, reach: float) -> float:
    """Return by how much the loss gets lower if no parameter moves farther than `reach`.

    To first order of the outputs, across the kinks of the loss. A penalty's slope is left out.
    """
    from scipy import optimize

    targets = experiment.data().targets
    jacobian = place.network.jacobian.reshape(len(place.parameters), -1).T
    points, count = jacobian.shape
    if isinstance(experiment.loss, Hinge):
        sign = (2.0 * targets - 1.0).ravel()
        errors, rows = 1.0 - sign * place.network.outputs.ravel(), -sign[:, None] * jacobian
        sides = [(rows, errors)]
        now = float(np.mean(np.maximum(errors, 0.0)))
    else:
        errors = (place.network.outputs - targets).ravel()
        sides = [(jacobian, errors), (-jacobian, -errors)]
        now = float(np.mean(np.abs(errors)))
    # One more unknown for each error, no less than its size: errors + J s ≤ u, on either side.
    found = cast("Any", optimize).linprog(
        np.concatenate([np.zeros(count), np.full(points, 1.0 / points)]),
        A_ub=np.vstack([np.hstack([rows, -np.eye(points)]) for rows, _ in sides]),
        b_ub=np.concatenate([-part for _, part in sides]),
        bounds=[(-reach, reach)] * count + [(0.0, None)] * points,
        method="highs",
    )
    return max(0.0, now - float(found.fun)) if found.success else np.inf
