"""Downhill: the optimizer's first steps, and the loss along the gradient and on a plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.network_pass import Array, forward, layers_from
from trainlab.engine.reference.loop import Steps
from trainlab.explain.network import Objective, OwnOptimizer, examples_loss
from trainlab.maths import ACTIVATIONS
from trainlab.plain import Plain
from trainlab.spec import Experiment, ReduceLROnPlateau

# The optimizer's first steps in float64, step by step as every engine takes them.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Descent:
    """``parameters [steps + 1, P]``, the first row before any step, and the loss over all training examples
    at each, ``losses [steps + 1]``. It ends early where a number isn't finite.
    """

    parameters: Array
    losses: Array

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.parameters) - 1


def training_loss(experiment: Experiment, parameters: Array) -> float:
    """Return the loss over all examples trained on, for one row of parameters ``[P]``."""
    with np.errstate(all="ignore"):
        return examples_loss(experiment, layers_from(experiment.network, parameters))


def training_gradient(experiment: Experiment, parameters: Array) -> Array:
    """Return the gradient ``[P]`` of that loss."""
    data = experiment.data()
    return _gradient(experiment, parameters, data.inputs, data.targets, ())


def descend(experiment: Experiment, seed: int, steps: int) -> Descent:
    """Take up to `steps` training steps; stopping rules are left out."""
    w = initial_parameters(experiment, range(seed, seed + 1))[0]
    optimizer = OwnOptimizer(experiment, w)
    draws = Steps(experiment=experiment, seed=seed, dtype="float64")
    data, per_epoch = experiment.data(), experiment.steps_per_epoch
    rows, losses = [w], [training_loss(experiment, w)]
    examples = draws.examples(0)
    for step in range(min(steps, experiment.epochs * per_epoch)):
        epoch, place = divmod(step, per_epoch)
        if place == 0 and epoch:
            examples = draws.examples(epoch)
        chosen = examples[place]
        x, y = (data.inputs, data.targets) if chosen is None else (data.inputs[chosen], data.targets[chosen])
        noise = draws.noise(step, len(x))
        x = x if noise is None else x + noise
        with np.errstate(all="ignore"):
            w = optimizer.step(w, _gradient(experiment, w, x, y, draws.masks(step, len(x))), step)
        loss = training_loss(experiment, w)
        if not (np.isfinite(w).all() and np.isfinite(loss)):
            break
        rows.append(w)
        losses.append(loss)
        if place == per_epoch - 1 and isinstance(experiment.schedule, ReduceLROnPlateau):
            optimizer.after_epoch(_watched_loss(experiment, experiment.schedule, w))
    return Descent(parameters=np.array(rows), losses=np.array(losses))


def _gradient(experiment: Experiment, w: Array, x: Array, y: Array, masks: Any) -> Array:
    """Return the gradient of the loss over these examples, with dropout's masks on the hidden layers."""
    layers, values = layers_from(experiment.network, w), x
    kept: list[tuple[Array, Array]] = []
    for index, layer in enumerate(layers):
        sums = values @ layer.weight.T + (0.0 if layer.bias is None else layer.bias)
        kept.append((values, sums))
        values = ACTIVATIONS[layer.activation].value(sums)
        if index < len(masks) and masks[index] is not None:
            values = values * masks[index]
    delta = Objective.of(experiment.loss).gradient(values, y)
    gradient = np.empty_like(w)
    places = layers_of(experiment.network)
    for index in range(len(layers) - 1, -1, -1):
        inputs, sums = kept[index]
        if index < len(masks) and masks[index] is not None:
            delta = delta * masks[index]
        delta = ACTIVATIONS[layers[index].activation].backward(sums, delta)
        gradient[places[index].weights] = (delta.T @ inputs).ravel()
        if places[index].first_bias is not None:
            gradient[places[index].biases] = delta.sum(axis=0)
        delta = delta @ layers[index].weight
    return gradient


def _watched_loss(experiment: Experiment, schedule: ReduceLROnPlateau, w: Array) -> float:
    """Return the loss whose plateau the schedule waits for."""
    if schedule.on == "train":
        return training_loss(experiment, w)
    data = experiment.data()
    outputs = forward(layers_from(experiment.network, w), data.held_out_inputs)[-1].outputs
    return Objective.of(experiment.loss).value(outputs, data.held_out_targets)


# Downhill: the loss along the gradient, and on the plane of the gradient and a second direction.
#
# The plane through two directions of parameter space: Goodfellow, Vinyals & Saxe, ICLR 2015; Li, Xu, Taylor,
# Studer & Goldstein, NeurIPS 2018.


MARGIN = 0.25
_DOUBLINGS, _HALVINGS = 40, 1100
_ALONE = 1e-6
"""A displacement whose part beside the gradient is a smaller share than this has no direction of its own."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Line(Plain):
    """The loss L(w − α g) at each of ``rates`` α ``[k]``, rising from 0, in ``losses [k]``; `norm` is ‖g‖.

    ``best`` is the α of the least of them, 0 if none is below the start; ``back`` the first α beyond a lower
    loss at which it is again as high as at the start, None if there is none among them. It may fall again
    after that.
    """

    _written = "norm rates losses predicted best back"

    norm: float
    rates: Array
    losses: Array
    best: float
    back: float | None

    @property
    def predicted(self) -> Array:
        """Return L − α ‖g‖², what the gradient alone says, ``[k]``."""
        return self.losses[0] - self.rates * self.norm**2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plane(Plain):
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
