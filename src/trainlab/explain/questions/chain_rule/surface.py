"""Downhill: the loss along the gradient, and on the plane of the gradient and a second direction.

The plane through two directions of parameter space: Goodfellow, Vinyals & Saxe, ICLR 2015; Li, Xu, Taylor,
Studer & Goldstein, NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.explain.questions.chain_rule.descent import Descent, training_gradient, training_loss
from trainlab.spec import Experiment

MARGIN = 0.25
_DOUBLINGS, _HALVINGS = 40, 1100
_ALONE = 1e-6
"""A displacement whose part beside the gradient is a smaller share than this has no direction of its own."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Line:
    """The loss L(w − α g) at each of ``rates`` α ``[k]``, rising from 0, in ``losses [k]``; `norm` is ‖g‖.

    ``best`` is the α of the least of them, 0 if none is below the start; ``back`` the first α beyond a lower
    loss at which it is again as high as at the start, None if there is none among them. It may fall again
    after that.
    """

    norm: float
    rates: Array
    losses: Array
    best: float
    back: float | None

    def predicted(self) -> Array:
        """Return L − α ‖g‖², what the gradient alone says, ``[k]``."""
        return self.losses[0] - self.rates * self.norm**2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plane:
    """``losses [k, k]``, row by row upwards, at ``across [k]`` along −g/‖g‖ and ``up [k]`` along the second.

    ``track [steps + 1, 2]`` are the optimizer's steps projected on it and ``below [steps + 1]`` the losses at
    those places, ``inside [steps]`` the share of each squared displacement from the start that lies in the
    plane. `second` says what the second direction is:
    the part of the optimizer's displacement that isn't along the gradient, or a random direction.
    """

    second: Literal["displacement", "random"]
    across: Array
    up: Array
    losses: Array
    track: Array
    below: Array
    inside: Array


def along_gradient(experiment: Experiment, start: Array, *, points: int) -> Line | None:
    """Return the loss along the negative gradient; None where the gradient is 0 or not finite.

    The line ends at the optimizer's learning rate, doubled until the loss there is above the start, 40 times
    at most; or, if it is so at once, halved while it still is at its middle, so that the fall is seen.
    """
    gradient = training_gradient(experiment, start)
    norm = float(np.linalg.norm(gradient))
    if not np.isfinite(norm) or norm == 0:
        return None
    first = training_loss(experiment, start)

    def above(rate: float) -> bool:
        return not training_loss(experiment, start - rate * gradient) <= first

    reach = _reach(experiment.optimizer.lr or 1e-3, above)
    rates = np.linspace(0.0, reach, points)
    losses = np.array([training_loss(experiment, start - rate * gradient) for rate in rates])
    known = np.where(np.isfinite(losses), losses, np.inf)
    below = np.flatnonzero(known < known[0])
    back = np.flatnonzero(known[below[0] :] >= known[0]) + below[0] if len(below) else below
    return Line(
        norm=norm,
        rates=rates,
        losses=losses,
        best=float(rates[int(np.argmin(known))]),
        back=float(rates[back[0]]) if len(back) else None,
    )


def _reach(lr: float, above: Callable[[float], bool]) -> float:
    """Return how far a line goes; see `along_gradient`."""
    reach = lr
    if above(reach):
        for _ in range(_HALVINGS):
            if not above(reach / 2.0):
                break
            reach /= 2.0
        return reach
    for _ in range(_DOUBLINGS):
        reach *= 2.0
        if above(reach):
            break
    return reach


def plane_of(experiment: Experiment, descent: Descent, seed: int, *, points: int) -> Plane | None:
    """Return the loss on the plane with the optimizer's steps; None where there is no gradient or no step."""
    start = descent.parameters[0]
    gradient = training_gradient(experiment, start)
    norm = float(np.linalg.norm(gradient))
    if not np.isfinite(norm) or norm == 0 or descent.steps == 0:
        return None
    down = -gradient / norm
    moved = descent.parameters - start
    beside, second = _orthogonal(moved[-1], down), "displacement"
    if np.linalg.norm(beside) <= _ALONE * np.linalg.norm(moved[-1]):
        beside, second = _orthogonal(np.random.default_rng(seed).standard_normal(len(start)), down), "random"
    length = float(np.linalg.norm(beside))
    other = beside / length if length > 0 else np.zeros_like(down)
    track = moved @ np.stack([down, other], axis=1)
    across, up = _window(track, points)
    losses = np.array([[training_loss(experiment, start + x * down + y * other) for x in across] for y in up])
    lengths = (moved[1:] ** 2).sum(axis=1)
    inside = np.divide((track[1:] ** 2).sum(axis=1), lengths, out=np.ones_like(lengths), where=lengths > 0)
    return Plane(
        second="random" if second == "random" else "displacement",
        across=across,
        up=up,
        losses=losses,
        track=track,
        below=np.array([training_loss(experiment, start + x * down + y * other) for x, y in track]),
        inside=np.minimum(inside, 1.0),
    )


def _orthogonal(vector: Array, unit: Array) -> Array:
    """Return the vector's part at right angles to the unit vector; done twice for the sake of rounding."""
    for _ in range(2):
        vector = vector - (vector @ unit) * unit
    return vector


def _window(track: Array, points: int) -> tuple[Array, Array]:
    """Return the values of both axes: all of the track, a margin, and no side much the longer."""
    low, high = track.min(axis=0), track.max(axis=0)
    size = np.maximum(high - low, 0.4 * float((high - low).max()))
    size = np.where(size > 0, size, 1.0)
    middle = (low + high) / 2
    ends = (middle - size * (0.5 + MARGIN), middle + size * (0.5 + MARGIN))
    sides = [np.linspace(float(ends[0][i]), float(ends[1][i]), points) for i in (0, 1)]
    return sides[0], sides[1]
