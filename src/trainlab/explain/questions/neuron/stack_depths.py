"""The same training for stacks of several depths, with and without their activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from trainlab.errors import SpecError
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, Network
from trainlab.spec.losses import BCE, NLL, BCEWithLogits, CrossEntropy

DEPTHS: Final = (1, 2, 4, 8)
"""Linear layers of the stacks, beside as many as the network itself has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """A stack of so many layers, as it is `linear`, and as it is with its activations, `active`."""

    layers: int
    own: bool
    linear: Experiment
    active: Experiment

    @property
    def label(self) -> str:
        """Its widths, ``2-5-4-1``; of a deep one ``2-5×7-1``."""
        widths = self.active.network.widths
        hidden = widths[1:-1]
        if len(hidden) > 3 and len(set(hidden)) == 1:
            return f"{widths[0]}-({hidden[0]}×{len(hidden)})-{widths[-1]}"
        return self.active.network.label


def activation_of(network: Network) -> str:
    """Return the activation that stacks get: the network's first that isn't linear, tanh if all are."""
    found = [name for name in network.activations if name != "linear" and ACTIVATIONS[name].elementwise]
    return found[0] if found else "tanh"


def depths_of(experiment: Experiment) -> tuple[Depth, ...]:
    """Return the stacks in order of depth, the experiment's own network among them.

    The others are as wide as its first hidden layer; all else stays as it is.
    """
    own = experiment.network.layers
    return tuple(_depth(experiment, layers, own=layers == own) for layers in sorted({*DEPTHS, own}))


def _depth(experiment: Experiment, layers: int, *, own: bool) -> Depth:
    network = experiment.network
    name = activation_of(network)
    if own and any(each != "linear" for each in network.activations):
        active = experiment
    else:
        active = _with_network(experiment, network if own else _widened(network, layers), name)
    return Depth(layers=layers, own=own, linear=without_activations(active), active=active)


def without_activations(experiment: Experiment) -> Experiment:
    """Return the experiment with every activation linear.

    A loss that needs probabilities is exchanged for the one of the same value that takes logits.
    """
    network = msgspec.structs.replace(experiment.network, activation="linear", output_activation=None)
    loss = experiment.loss
    if isinstance(loss, BCE):
        loss = BCEWithLogits()
    elif isinstance(loss, NLL):
        loss = CrossEntropy()
    return msgspec.structs.replace(experiment, network=network, loss=loss)


def _widened(network: Network, layers: int) -> Network:
    width = network.widths[1] if network.layers > 1 else max(4, *network.widths)
    return Network(
        widths=(network.widths[0], *[width] * (layers - 1), network.widths[-1]),
        bias=True,
        output_bias=network.biases[-1],
        output_activation=network.activations[-1],
        dropout=network.dropouts[0] if network.dropouts else 0.0,
    )


def _with_network(experiment: Experiment, network: Network, activation: str) -> Experiment:
    """Return the experiment with a network whose hidden activations are `activation`."""
    init = experiment.init
    changed = msgspec.structs.replace(
        network,
        activation=activation,
        output_activation=network.activations[-1],
    )
    try:
        return msgspec.structs.replace(
            experiment,
            network=changed,
            init=msgspec.structs.replace(
                init,
                weight=init.weight[0] if isinstance(init.weight, tuple) else init.weight,
                bias=init.bias[0] if isinstance(init.bias, tuple) else init.bias,
            ),
        )
    except SpecError as error:
        raise SpecError(f"stack {changed.label}: {error}") from None
