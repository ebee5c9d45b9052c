"""The optimizer's first steps in float64, step by step as every engine takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.reference.steps import Steps
from trainlab.explain.chains.objective import Objective
from trainlab.explain.network_pass import Array, forward, layers_from
from trainlab.maths import (
    ACTIVATIONS,
    OPTIMIZERS,
    clip_norm,
    clip_value,
    initial_state,
    learning_rates,
    momenta,
    penalise,
    plateau_start,
    plateau_step,
    warmup_factors,
)
from trainlab.spec import Experiment, ReduceLROnPlateau, name_of


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
    data = experiment.data()
    with np.errstate(all="ignore"):
        outputs = forward(layers_from(experiment.network, parameters), data.inputs)[-1].outputs
        return Objective.of(experiment.loss).value(outputs, data.targets)


def training_gradient(experiment: Experiment, parameters: Array) -> Array:
    """Return the gradient ``[P]`` of that loss."""
    data = experiment.data()
    return _gradient(experiment, parameters, data.inputs, data.targets, ())


def descend(experiment: Experiment, seed: int, steps: int) -> Descent:
    """Take up to `steps` training steps; stopping rules are left out."""
    w = initial_parameters(experiment, range(seed, seed + 1))[0]
    optimizer = _Optimizer(experiment, w)
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
        if place == per_epoch - 1:
            optimizer.after_epoch(w)
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


class _Optimizer:
    """The experiment's optimizer with penalty, clipping, schedule and warm-up."""

    def __init__(self, experiment: Experiment, w: Array) -> None:
        self._experiment = experiment
        self._settings: dict[str, Any] = msgspec.structs.asdict(experiment.optimizer)
        self._name = name_of(experiment.optimizer)
        self._state = initial_state(self._name, w.shape, **self._settings)
        self._settings.pop("initial_accumulator_value", None)
        self._weights = np.zeros(len(w), dtype=np.bool_)
        for layer in layers_of(experiment.network):
            self._weights[layer.weights] = True
        # A constant rate needs no table, which could be as long as the longest training.
        epochs = experiment.epochs if experiment.scheduled else 1
        length = {"epochs": epochs, "steps_per_epoch": experiment.steps_per_epoch}
        schedule, warmup = (
            msgspec.structs.asdict(experiment.schedule),
            msgspec.structs.asdict(experiment.warmup),
        )
        schedule.pop("on", None)
        kind = name_of(experiment.schedule)
        self._rates = learning_rates(kind, lr=self._settings["lr"], **length, warmup=warmup, **schedule)
        self._warmup = warmup_factors(**length, **warmup)
        self._momenta = momenta(kind, **length, **schedule)
        self._plateau = plateau_start(self._settings["lr"], 1)

    def step(self, w: Array, gradient: Array, step: int) -> Array:
        """Return the parameters after the step with this number, from 0."""
        experiment, settings = self._experiment, dict(self._settings)
        penalty = msgspec.structs.asdict(experiment.penalty)
        gradient = penalise(gradient, w, self._weights, **penalty)
        if experiment.clip.norm is not None:
            gradient = clip_norm(gradient, experiment.clip.norm)
        if experiment.clip.value is not None:
            gradient = clip_value(gradient, experiment.clip.value)
        if experiment.scheduled:
            settings["lr"] = self._rates[step]
        if isinstance(experiment.schedule, ReduceLROnPlateau):
            settings["lr"] = self._plateau.rate[0] * self._warmup[step]
        if self._momenta is not None and "betas" in settings:
            settings["betas"] = (self._momenta[step], settings["betas"][1])
        elif self._momenta is not None:
            settings["momentum"] = self._momenta[step]
        rule = OPTIMIZERS[self._name].step
        moved, self._state = rule(w, gradient, self._state, step + 1, **settings)
        return moved

    def after_epoch(self, w: Array) -> None:
        """Tell a schedule that waits for a plateau the loss."""
        schedule = self._experiment.schedule
        if isinstance(schedule, ReduceLROnPlateau):
            settings = msgspec.structs.asdict(schedule)
            on = settings.pop("on")
            data = self._experiment.data()
            loss = training_loss(self._experiment, w)
            if on == "held_out":
                outputs = forward(layers_from(self._experiment.network, w), data.held_out_inputs)[-1].outputs
                loss = Objective.of(self._experiment.loss).value(outputs, data.held_out_targets)
            self._plateau = plateau_step(self._plateau, [loss], **settings)
