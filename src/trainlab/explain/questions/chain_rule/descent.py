"""The optimizer's first steps in float64, step by step as every engine takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.network_pass import Array, forward, layers_from
from trainlab.engine.reference.draws import Steps
from trainlab.explain.subject.loss import Objective, examples_loss
from trainlab.explain.subject.optimizer import OwnOptimizer
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, ReduceLROnPlateau


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
