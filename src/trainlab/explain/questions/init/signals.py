"""Signals through random networks: sizes of activations and gradients, measured beside theory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of, numpy_draws
from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.network import Objective, stacked_layers
from trainlab.explain.questions.init.mean_field import RandomLayer, Theory, mean_field
from trainlab.explain.questions.init.schemes import Draw, Scheme, draw_weights, law_of, remembered_draws
from trainlab.maths import ACTIVATIONS
from trainlab.plain import Plain, pick
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Signals:
    """For each network and layer ``[n, layers]``, over units and examples: mean and mean square of the
    activations a, and the mean square of δ = ∂L/∂z.
    """

    mean: Array
    square: Array
    gradient_square: Array


def measure(layers: Sequence[Layer], inputs: Array, grad_output: Callable[[Array], Array]) -> Signals:
    """Send ``inputs [examples, in]`` through n networks and gradients back.

    Each layer has ``weight [n, out, in]`` and ``bias [n, out]`` or None.
    ``grad_output(outputs)`` gives ∂L/∂outputs ``[n, examples, out]`` for outputs of that shape.
    """
    values, sums = [np.broadcast_to(inputs, (len(layers[0].weight), *inputs.shape))], list[Array]()
    for layer in layers:
        z = values[-1] @ layer.weight.transpose(0, 2, 1)
        sums.append(z if layer.bias is None else z + layer.bias[:, None, :])
        values.append(ACTIVATIONS[layer.activation].value(sums[-1]))
    gradient, deltas = grad_output(values[-1]), list[Array]()
    for index in reversed(range(len(layers))):
        delta = ACTIVATIONS[layers[index].activation].backward(sums[index], gradient)
        deltas.append(delta)
        gradient = delta @ layers[index].weight
    return Signals(
        mean=_over(values[1:]), square=_over(values[1:], 2), gradient_square=_over(deltas[::-1], 2)
    )


def _over(layers: Sequence[Array], power: int = 1) -> Array:
    return np.stack([np.mean(each**power, axis=(1, 2)) for each in layers], axis=1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spread(Plain):
    """An estimate for each layer and its 95 % interval over networks, each ``[layers]``."""

    estimate: Array
    low: Array
    high: Array


def mean_of(values: Array) -> Spread:
    """Return the mean over networks ``[n, layers]`` with Student's interval; without one for n = 1.

    The products of many random factors have long tails: where networks are narrow, or signals fall by
    decades, the interval covers less often than it says.
    """
    n = len(values)
    estimate = values.mean(axis=0)
    half = (
        _quantile(n) * values.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full_like(estimate, np.nan)
    )
    return Spread(estimate=estimate, low=estimate - half, high=estimate + half)


def deviation_of(mean: Array, square: Array) -> Spread:
    """Return the standard deviation over networks, units and examples together, from each network's mean and
    mean square ``[n, layers]``; its interval by leaving out one network at a time (Tukey's jackknife).
    """
    n = len(mean)
    variance = square.mean(axis=0) - mean.mean(axis=0) ** 2
    # What rounding leaves of a difference that is 0.
    variance = np.where(variance < 1e-14 * square.mean(axis=0), 0.0, variance)
    if n == 1:
        nothing = np.full_like(variance, np.nan)
        return Spread(estimate=np.sqrt(variance), low=nothing, high=nothing)
    without_mean = (mean.sum(axis=0) - mean) / (n - 1)
    without_square = (square.sum(axis=0) - square) / (n - 1)
    parts = without_square - without_mean**2
    error = np.sqrt((n - 1) * parts.var(axis=0)) * (variance > 0)
    low, high = (np.maximum(variance + side * _quantile(n) * error, 0.0) for side in (-1, 1))
    return Spread(estimate=np.sqrt(variance), low=np.sqrt(low), high=np.sqrt(high))


def root_of(spread: Spread) -> Spread:
    """Return the root of a mean square and of its interval."""
    return Spread(
        estimate=np.sqrt(spread.estimate),
        low=np.sqrt(np.maximum(spread.low, 0.0)),
        high=np.sqrt(spread.high),
    )


def _quantile(n: int) -> float:
    """Return the 97.5 % quantile of Student's t with n − 1 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975))


# A stack of equal layers under a scheme: theory beside many random networks; and a network of one's own.


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
    root mean square of ∂L/∂z.
    """

    label: str
    networks: int
    widths: tuple[int, ...]
    activation: str
    theory: Theory
    activation_mean: Spread
    activation_std: Spread
    gradient: Spread

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
        return {
            **pick(self, "scheme=label networks widths activation"),
            "measured": pick(self, "activation_mean activation_std gradient_rms=gradient"),
            **pick(self, "theory gradient_ratio theory_gradient_ratio=theory_ratio"),
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
        Layer(
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
    theory = mean_field([random] * depth, inputs, last_square=float((gradient**2).mean()))
    return _layer_signals(scheme.label, (width,) * (depth + 1), activation, signals, theory)


@np.errstate(all="ignore")
def network_signals(label: str, experiment: Experiment, networks: int) -> LayerSignals:
    """Return the signals of an experiment's own network, init, loss and examples, before any training.

    Theory starts from the measured gradient by the last layer's sums.
    """
    network, data = experiment.network, experiment.data()
    networks = max(2, min(networks, DRAWN // network.parameters))
    inputs, targets = data.inputs[:MOST_EXAMPLES], data.targets[:MOST_EXAMPLES]
    layers = stacked_layers(network, initial_parameters(experiment, range(networks)))
    loss = Objective.of(experiment.loss)

    def grad_output(outputs: Array) -> Array:
        return np.stack([loss.gradient(each, targets) for each in outputs])

    signals = measure(layers, inputs, grad_output)
    theory = mean_field(
        random_layers(experiment),
        inputs,
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
    )
