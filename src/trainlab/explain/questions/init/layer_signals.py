"""A stack of equal layers under a scheme: theory beside many random networks; and a network of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import initial_parameters, layers_of, numpy_draws
from trainlab.explain.questions.init.law import Draw, draw_weights, law_of, remembered_draws
from trainlab.explain.questions.init.meanfield import RandomLayer, Theory, mean_field
from trainlab.explain.questions.init.measured_signals import (
    Layers,
    Signals,
    Spread,
    deviation_of,
    mean_of,
    measure,
    root_of,
)
from trainlab.explain.questions.init.schemes import Scheme
from trainlab.maths import LOSSES
from trainlab.spec import Experiment

Array = npt.NDArray[np.float64]

EXAMPLES = 16
"""Examples sent through a stack."""

MOST_EXAMPLES = 64
"""Of one's own, only so many are sent through the networks."""

NETWORKS = 40
DRAWN = 3_000_000
"""The most weights of a layer stack that are drawn for one scheme; wide stacks have fewer networks."""

INPUT_SEED = 2**62
"""Inputs and gradients of the stack come from this seed, which no population reaches."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LayerSignals:
    """Signals of one scheme (`label`) through a network: `theory` and what `networks` of them measured.

    ``activation_mean`` and ``activation_std`` are over units, examples and networks; ``gradient`` is the
    root mean square of ∂L/∂z; ``weight_gradient`` the mean |∂L/∂w|, which has no theory here.
    """

    label: str
    networks: int
    widths: tuple[int, ...]
    activation: str
    theory: Theory
    activation_mean: Spread
    activation_std: Spread
    gradient: Spread
    weight_gradient: Spread

    @property
    def gradient_ratio(self) -> float:
        """The gradient of the first layer over that of the last, root mean squares; NaN without a last."""
        first, last = (float(self.gradient.estimate[place]) for place in (0, -1))
        return first / last if last else float("nan")

    @property
    def theory_ratio(self) -> float:
        """The same ratio by theory."""
        first, last = (float(self.theory.gradient_square[place]) for place in (0, -1))
        return (first / last) ** 0.5 if last else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Return the signals as plain data, lists with an entry a layer."""
        measured = {
            name: {
                "estimate": spread.estimate.tolist(),
                "low": spread.low.tolist(),
                "high": spread.high.tolist(),
            }
            for name, spread in (
                ("activation_mean", self.activation_mean),
                ("activation_std", self.activation_std),
                ("gradient_rms", self.gradient),
                ("mean_abs_weight_gradient", self.weight_gradient),
            )
        }
        theory = self.theory
        return {
            "scheme": self.label,
            "networks": self.networks,
            "widths": list(self.widths),
            "activation": self.activation,
            "measured": measured,
            "theory": {
                "sum_mean_square": theory.sum_square.tolist(),
                "activation_mean": theory.mean.tolist(),
                "activation_std": np.sqrt(theory.variance).tolist(),
                "slope_mean_square": theory.slope.tolist(),
                "gradient_factor": theory.factor.tolist(),
                "gradient_rms": np.sqrt(theory.gradient_square).tolist(),
            },
            "gradient_ratio": self.gradient_ratio,
            "theory_gradient_ratio": self.theory_ratio,
        }


def networks_of(depth: int, width: int) -> int:
    """Return how many stacks are measured for one scheme, at least 8."""
    return max(8, min(NETWORKS, DRAWN // (depth * width * width)))


def stack_signals(
    schemes: Sequence[Scheme], *, depth: int, width: int, activation: str
) -> list[LayerSignals]:
    """Return the signals of each scheme through `depth` layers of `width` units without biases.

    The inputs are normal draws scaled to a mean square of 1 an example; the gradient by the last layer's
    activations is standard normal draws. All schemes have the same inputs, gradients and underlying draws.
    """
    networks, draw = networks_of(depth, width), remembered_draws()
    shape = (EXAMPLES, width)
    seeds = range(INPUT_SEED, INPUT_SEED + 2)
    drawn = numpy_draws(seeds, stream=0, layer=0, count=EXAMPLES * width, normal=True)
    inputs, gradient = drawn[0].reshape(shape), drawn[1].reshape(shape)
    inputs = inputs / np.sqrt((inputs**2).mean(axis=1, keepdims=True))
    # Signals that explode overflow, which is what there is to see.
    with np.errstate(all="ignore"):
        return [
            _one_stack(scheme, inputs, gradient, networks, depth=depth, activation=activation, draw=draw)
            for scheme in schemes
        ]


def _one_stack(
    scheme: Scheme,
    inputs: Array,
    gradient: Array,
    networks: int,
    *,
    depth: int,
    activation: str,
    draw: Draw,
) -> LayerSignals:
    width, law = inputs.shape[1], law_of(scheme.init, inputs.shape[1], inputs.shape[1])
    layers = [
        Layers(
            weight=draw_weights(
                scheme.init, seeds=range(networks), layer=layer, fan_in=width, fan_out=width, draw=draw
            ),
            bias=None,
            activation=activation,
        )
        for layer in range(depth)
    ]
    signals = measure(layers, inputs, lambda outputs: np.broadcast_to(gradient, outputs.shape))
    random = RandomLayer(fan_in=width, fan_out=width, weight=law, bias=None, activation=activation)
    theory = mean_field(
        [random] * depth,
        inputs,
        last_mean=float(gradient.mean()),
        last_square=float((gradient**2).mean()),
        last_pair=_mean_pair(gradient),
    )
    return _layer_signals(scheme.label, (width,) * (depth + 1), activation, signals, theory)


def _mean_pair(rows: Array) -> float:
    """Return the mean product of two different numbers of a row ``[rows, k]``; 0 if there is only one."""
    pairs = rows.shape[1] * (rows.shape[1] - 1)
    return float((rows.sum(axis=1) ** 2 - (rows**2).sum(axis=1)).mean()) / max(pairs, 1)


@np.errstate(all="ignore")
def network_signals(label: str, experiment: Experiment, networks: int) -> LayerSignals:
    """Return the signals of an experiment's own network, init, loss and examples, before any training.

    Theory starts from the measured gradient by the last layer's sums.
    """
    network, data = experiment.network, experiment.data()
    networks = max(2, min(networks, DRAWN // network.parameters))
    inputs, targets = data.inputs[:MOST_EXAMPLES], data.targets[:MOST_EXAMPLES]
    rows = initial_parameters(experiment, range(networks))
    layers = [
        Layers(
            weight=rows[:, each.weights].reshape(networks, each.fan_out, each.fan_in),
            bias=None if each.first_bias is None else rows[:, each.biases],
            activation=each.activation,
        )
        for each in layers_of(network)
    ]
    settings = msgspec.to_builtins(experiment.loss)
    loss = LOSSES[settings.pop("name")]

    def grad_output(outputs: Array) -> Array:
        return np.stack([loss.gradient(each, targets, **settings) for each in outputs])

    signals = measure(layers, inputs, grad_output)
    theory = mean_field(
        random_layers(experiment),
        inputs,
        last_mean=float(signals.gradient_mean[:, -1].mean()),
        last_square=float(signals.gradient_square[:, -1].mean()),
        at_sums=True,
    )
    return _layer_signals(
        label, network.widths, ", ".join(dict.fromkeys(network.activations)), signals, theory
    )


def random_layers(experiment: Experiment) -> tuple[RandomLayer, ...]:
    """Return an experiment's layers as distributions."""
    layers = layers_of(experiment.network)
    schemes = zip(
        experiment.init.weights_of(len(layers)), experiment.init.biases_of(len(layers)), strict=True
    )
    return tuple(
        RandomLayer(
            fan_in=layer.fan_in,
            fan_out=layer.fan_out,
            weight=law_of(weight, layer.fan_in, layer.fan_out),
            bias=None if layer.first_bias is None else law_of(bias, layer.fan_in, layer.fan_out),
            activation=layer.activation,
        )
        for layer, (weight, bias) in zip(layers, schemes, strict=True)
    )


def _layer_signals(
    label: str, widths: tuple[int, ...], activation: str, signals: Signals, theory: Theory
) -> LayerSignals:
    return LayerSignals(
        label=label,
        networks=len(signals.mean),
        widths=widths,
        activation=activation,
        theory=theory,
        activation_mean=mean_of(signals.mean),
        activation_std=deviation_of(signals.mean, signals.square),
        gradient=root_of(mean_of(signals.gradient_square)),
        weight_gradient=mean_of(signals.weight_gradient),
    )
