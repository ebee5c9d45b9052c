"""An experiment's network: its layers, its loss over the examples, its optimizer, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import Array, Layer, LayerGradient, backward, forward
from trainlab.maths import (
    LOSSES,
    OPTIMIZERS,
    clip_norm,
    clip_value,
    equalise,
    initial_state,
    learning_rates,
    momenta,
    penalise,
    plateau_start,
    plateau_step,
    warmup_factors,
)
from trainlab.maths import Loss as Entry
from trainlab.maths.optimizers import State
from trainlab.spec import Custom, Experiment, Loss, Network, ReduceLROnPlateau, loss_entry, name_of

# What numbers say of a network, and which of its examples is looked at where none is chosen.


def network_numbers(experiment: Experiment) -> dict[str, Any]:
    """Return label, widths and number of parameters of an experiment's network, ready for JSON."""
    network = experiment.network
    return {"label": network.label, "widths": list(network.widths), "parameters": network.parameters}


def first_telling(points: Array) -> int:
    """Return the place, from 1, of the first example that isn't all zeros, where only biases count; 1 if all
    are.
    """
    telling = np.flatnonzero(points.reshape(len(points), -1).any(axis=1))
    return int(telling[0]) + 1 if telling.size else 1


def stacked_layers(network: Network, rows: Array) -> tuple[Layer, ...]:
    """Return the layers of n networks at once: ``weight [n, out, in]`` and ``bias [n, out]`` or None, of
    their parameters ``rows [n, P]``.
    """
    return tuple(
        Layer(
            weight=rows[:, each.weights].reshape(len(rows), each.fan_out, each.fan_in),
            bias=None if each.first_bias is None else rows[:, each.biases],
            activation=each.activation,
        )
        for each in layers_of(network)
    )


# A loss with its settings, and an experiment's own over all the examples that it is trained on.
#
# The latter without its penalty; dropout and noise, as in evaluation, do nothing.


def loss_name(loss: Loss) -> str:
    """Return the name of a loss; of one's own, that of the function."""
    return loss.function if isinstance(loss, Custom) else name_of(loss)


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """The loss `name` with `settings`, as a function of outputs and targets, both ``[examples, outputs]``.

    `entry` has its formulas; left out, those of trainlab.maths by that name.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    entry: Entry | None = None

    @classmethod
    def of(cls, loss: Loss) -> Objective:
        """Return the objective of an experiment's loss."""
        return cls(name=loss_name(loss), settings=msgspec.structs.asdict(loss), entry=loss_entry(loss))

    @property
    def formula(self) -> str:
        """The loss and its derivative."""
        return self._entry.formula

    def value(self, outputs: Array, targets: Array) -> float:
        """Return the loss."""
        return self._entry.value(outputs, targets, **self.settings)

    def gradient(self, outputs: Array, targets: Array) -> Array:
        """Return ∂L/∂outputs ``[examples, outputs]``."""
        return self._entry.gradient(outputs, targets, **self.settings)

    def kinks(self, outputs: Array, targets: Array) -> Array | None:
        """Return what is 0 at a kink of the loss, with a sign on each side; None where it has none."""
        return None if self._entry.kinks is None else self._entry.kinks(outputs, targets, **self.settings)

    def per_example(self, outputs: Array, targets: Array) -> Array:
        """Return ∂L/∂outputs ``[examples, outputs]`` where each example has a loss of its own."""
        return self.gradient(outputs, targets) * len(outputs)

    @property
    def _entry(self) -> Entry:
        return LOSSES[self.name] if self.entry is None else self.entry


def examples_loss(experiment: Experiment, layers: Sequence[Layer]) -> float:
    """Return the loss with these layers."""
    data = experiment.data()
    return Objective.of(experiment.loss).value(forward(layers, data.inputs)[-1].outputs, data.targets)


def examples_gradients(experiment: Experiment, layers: Sequence[Layer]) -> tuple[LayerGradient, ...]:
    """Return the gradients of that loss, first layer first."""
    data = experiment.data()
    passes = forward(layers, data.inputs)
    slopes = Objective.of(experiment.loss).gradient(passes[-1].outputs, data.targets)
    return backward(layers, passes, slopes)


# An experiment's optimizer in float64, step by step as every engine takes them.


class OwnOptimizer:
    """The experiment's optimizer with all that makes a step of a gradient, for parameters ``[P]``.

    That is its penalty, equalising, clipping, schedule and warm-up, and which layers are frozen. Amid a
    training `state` is what the optimizer then has, and `factor` what a plateau has lowered the rate to.
    """

    def __init__(
        self, experiment: Experiment, w: Array, *, state: State | None = None, factor: float = 1.0
    ) -> None:
        self._experiment = experiment
        self._settings: dict[str, Any] = msgspec.structs.asdict(experiment.optimizer)
        self._name = name_of(experiment.optimizer)
        self._state = initial_state(self._name, w.shape, **self._settings) if state is None else state
        self._settings.pop("initial_accumulator_value", None)
        self._weights, self._frozen = np.zeros(len(w), dtype=np.bool_), np.zeros(len(w), dtype=np.bool_)
        self._layers = [(layer.weights, layer.biases) for layer in layers_of(experiment.network)]
        self._sizes = np.zeros(len(self._layers))
        for number, (weights, biases) in enumerate(self._layers, 1):
            self._weights[weights] = True
            self._frozen[weights] = self._frozen[biases] = number in experiment.frozen
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
        self._plateau = plateau_start(factor * self._settings["lr"], 1)

    def step(self, w: Array, gradient: Array, step: int) -> Array:
        """Return the parameters after the step with this number, from 0; `gradient` is without penalty."""
        experiment, settings = self._experiment, dict(self._settings)
        penalty = msgspec.structs.asdict(experiment.penalty)
        gradient = np.where(self._frozen, 0.0, penalise(gradient, w, self._weights, **penalty))
        if experiment.gradient == "equalised":
            gradient, self._sizes = equalise(gradient, self._sizes, self._layers)
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
        return np.where(self._frozen, w, moved)

    def after_epoch(self, loss: float) -> None:
        """Tell a schedule that waits for a plateau the loss that it watches."""
        schedule = self._experiment.schedule
        if isinstance(schedule, ReduceLROnPlateau):
            settings = msgspec.structs.asdict(schedule)
            settings.pop("on")
            self._plateau = plateau_step(self._plateau, [loss], **settings)
