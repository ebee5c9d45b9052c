"""A second reading of the semantics, in NumPy at float64: training by the oracles of ``maths``."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from trainlab.engine import rng
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.maths import (
    ACTIVATIONS,
    LOSSES,
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
from trainlab.spec import Batch, Experiment, Full, ReduceLROnPlateau, name_of


def settings_of(part: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(part)


def words_at(seed: int, stream: int, step: int, slot: int, unit: int, units: int) -> int:
    """Return one word of a step, straight from the generator."""
    counter = [(slot // 4) * units + unit, step, stream, 0]
    return int(rng.philox4x32(counter, [seed & 0xFFFFFFFF, seed >> 32])[slot % 4])


def order_of(seed: int, epoch: int, points: int) -> list[int]:
    """Return the shuffled order of an epoch, straight from the generator."""
    order = list(range(points))
    for taken, i in enumerate(range(points - 1, 0, -1)):
        counter = [taken // 4, epoch, 5, 0]
        word = int(rng.philox4x32(counter, [seed & 0xFFFFFFFF, seed >> 32])[taken % 4])
        j = word * (i + 1) // 2**32
        order[i], order[j] = order[j], order[i]
    return order


def examples_of(experiment: Experiment, seed: int, step: int) -> list[int]:
    """Return the examples that a step sees."""
    points, per_epoch = experiment.data().points, experiment.steps_per_epoch
    sampling = experiment.sampling
    if isinstance(sampling, Full):
        return list(range(points))
    if isinstance(sampling, Batch) and not sampling.replacement:
        size = sampling.batch_size
        order = order_of(seed, step // per_epoch, points)
        return order[step % per_epoch * size : (step % per_epoch + 1) * size]
    size = sampling.batch_size if isinstance(sampling, Batch) else 1
    found: list[int] = []
    for index in range(step * size, (step + 1) * size):
        counter = [index // 4, 0, 2, 0]
        word = int(rng.philox4x32(counter, [seed & 0xFFFFFFFF, seed >> 32])[index % 4])
        found.append(word * points // 2**32)
    return found


class NumpyTrainer:
    """One network of one seed."""

    def __init__(self, experiment: Experiment, seed: int) -> None:
        self.experiment, self.seed = experiment, seed
        self.layers = layers_of(experiment.network)
        self.w = initial_parameters(experiment, range(seed, seed + 1))[0]
        self.is_weight = np.zeros(len(self.w), dtype=np.bool_)
        for layer in self.layers:
            self.is_weight[layer.weights] = True
        self.loss = LOSSES[name_of(experiment.loss)]
        self.loss_settings = settings_of(experiment.loss)
        name, optimizer = name_of(experiment.optimizer), settings_of(experiment.optimizer)
        self.state = initial_state(name, self.w.shape, **optimizer)
        self.plateau = plateau_start(optimizer["lr"], 1)
        length = {"epochs": experiment.epochs, "steps_per_epoch": experiment.steps_per_epoch}
        schedule, warm = settings_of(experiment.schedule), settings_of(experiment.warmup)
        schedule.pop("on", None)
        kind = name_of(experiment.schedule)
        self.rates = learning_rates(kind, lr=optimizer["lr"], **length, warmup=warm, **schedule)
        self.warm = warmup_factors(**length, **warm)
        self.momenta = momenta(kind, **length, **schedule)

    def forward(self, x: Any, masks: list[Any] | None = None) -> tuple[Any, list[Any]]:
        """Return the outputs, and each layer's inputs and sums."""
        kept: list[Any] = []
        for index, layer in enumerate(self.layers):
            weights = self.w[layer.weights].reshape(layer.fan_out, layer.fan_in)
            sums = x @ weights.T + (0.0 if layer.first_bias is None else self.w[layer.biases])
            kept.append((x, sums))
            x = ACTIVATIONS[layer.activation].value(sums)
            if masks is not None and index < len(self.layers) - 1:
                x = x * masks[index]
        return x, kept

    def gradient(self, x: Any, y: Any, masks: list[Any] | None = None) -> Any:
        """Return dL/dw ``[P]`` of the loss over these examples."""
        outputs, kept = self.forward(x, masks)
        delta = self.loss.gradient(outputs, y, **self.loss_settings)
        gradient = np.zeros_like(self.w)
        for index in range(len(self.layers) - 1, -1, -1):
            layer, (inputs, sums) = self.layers[index], kept[index]
            if masks is not None and index < len(self.layers) - 1:
                delta = delta * masks[index]
            delta = ACTIVATIONS[layer.activation].backward(sums, delta)
            gradient[layer.weights] = (delta.T @ inputs).ravel()
            if layer.first_bias is not None:
                gradient[layer.biases] = delta.sum(axis=0)
            delta = delta @ self.w[layer.weights].reshape(layer.fan_out, layer.fan_in)
        return gradient

    def loss_on(self, part: str) -> float:
        data = self.experiment.data()
        x, y = (
            (data.inputs, data.targets) if part == "train" else (data.held_out_inputs, data.held_out_targets)
        )
        return self.loss.value(self.forward(x)[0], y, **self.loss_settings)

    def noisy(self, x: Any, step: int) -> Any:
        std, features = self.experiment.noise.std, x.shape[1]
        if not std:
            return x
        drawn = [
            [words_at(self.seed, 3, step, slot, unit, features) for unit in range(features)]
            for slot in range(len(x))
        ]
        return x + std * rng.normals(np.array(drawn, dtype=np.uint32))

    def masks(self, step: int, slots: int) -> list[Any]:
        network = self.experiment.network
        layers = list(zip(network.widths[1:-1], network.dropouts, strict=True))
        units = sum(width for width, p in layers if p)
        masks, first = [], 0
        for width, p in layers:
            mask = np.ones((slots, width))
            for slot in range(slots if p else 0):
                for unit in range(width):
                    word = words_at(self.seed, 4, step, slot, first + unit, units)
                    mask[slot, unit] = 1 / (1 - p) if word >= math.ceil(p * 2**32 - 0.5) else 0.0
            masks.append(mask)
            first += width if p else 0
        return masks

    def step(self, step: int) -> None:
        experiment, data = self.experiment, self.experiment.data()
        chosen = examples_of(experiment, self.seed, step)
        x, y = self.noisy(data.inputs[chosen], step), data.targets[chosen]
        gradient = self.gradient(x, y, self.masks(step, len(chosen)))
        penalty = settings_of(experiment.penalty)
        gradient = penalise(gradient, self.w, self.is_weight, **penalty)
        if experiment.clip.norm is not None:
            gradient = clip_norm(gradient, experiment.clip.norm)
        if experiment.clip.value is not None:
            gradient = clip_value(gradient, experiment.clip.value)
        settings = settings_of(experiment.optimizer)
        settings["lr"] = self.rates[step]
        if isinstance(experiment.schedule, ReduceLROnPlateau):
            settings["lr"] = self.plateau.rate[0] * self.warm[step]
        if self.momenta is not None and "betas" in settings:
            settings["betas"] = (self.momenta[step], settings["betas"][1])
        elif self.momenta is not None:
            settings["momentum"] = self.momenta[step]
        rule = OPTIMIZERS[name_of(experiment.optimizer)]
        settings.pop("initial_accumulator_value", None)
        self.w, self.state = rule.step(self.w, gradient, self.state, step + 1, **settings)

    def train(self) -> Any:
        """Return the parameters after every epoch, ``[epochs, P]``."""
        rows = []
        per_epoch = self.experiment.steps_per_epoch
        for epoch in range(self.experiment.epochs):
            for step in range(epoch * per_epoch, (epoch + 1) * per_epoch):
                self.step(step)
            schedule = self.experiment.schedule
            if isinstance(schedule, ReduceLROnPlateau):
                settings = settings_of(schedule)
                loss = self.loss_on(settings.pop("on"))
                self.plateau = plateau_step(self.plateau, [loss], **settings)
            rows.append(self.w.copy())
        return np.array(rows)
