"""Experiments made from the user's: other networks and other starts, with the same training."""

from __future__ import annotations

import msgspec

from trainlab.spec import BCE, Default, Experiment, Init, InitScheme, Network, Record
from trainlab.spec.network import OVER_OUTPUTS


def without_curves(experiment: Experiment, *, parameters: bool = False) -> Experiment:
    """Return the experiment with nothing recorded that isn't needed here."""
    record = Record(
        loss_every=0,
        gradient_every=0,
        solved_every=experiment.record.solved_every,
        curves=0,
        predictions=0,
        parameters=parameters,
    )
    return msgspec.structs.replace(experiment, record=record)


def with_weights(experiment: Experiment, init: InitScheme) -> Experiment:
    """Return the experiment with other initial weights in every layer; biases start as before."""
    return without_curves(
        msgspec.structs.replace(experiment, init=msgspec.structs.replace(experiment.init, weight=init))
    )


def stack_output(experiment: Experiment) -> str:
    """Return the activation of the output layer of a stack that is trained as the experiment is."""
    last = experiment.network.activations[-1]
    return last if last in OVER_OUTPUTS or isinstance(experiment.loss, BCE) else "linear"


def with_stack(
    experiment: Experiment, *, init: InitScheme, activation: str, depth: int, width: int
) -> Experiment:
    """Return the experiment with `depth` hidden layers of `width` units instead of its own.

    The output layer is linear, unless the loss needs what the experiment has there.
    """
    network = Network(
        widths=(experiment.network.widths[0], *((width,) * depth), experiment.network.widths[-1]),
        activation=activation,
        output_activation=stack_output(experiment),
    )
    bias = Default() if isinstance(experiment.init.bias, tuple) else experiment.init.bias
    return without_curves(
        msgspec.structs.replace(experiment, network=network, init=Init(weight=init, bias=bias))
    )
