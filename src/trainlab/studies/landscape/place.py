"""The training loss of an experiment about a row of parameters: value, slope and curvature, in float64.

Of all the examples trained on, its penalty included; dropout and noise, as in evaluation, do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import forward, layers_from
from trainlab.maths import penalise, penalty_value
from trainlab.maths.hessian import Affine, Derivatives, network_derivatives
from trainlab.spec import Experiment, loss_entry

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Place:
    """What the loss is about a row of parameters ``[P]``: ``gradient [P]``, ``hessian [P, P]``.

    Where the loss has a kink these are of the smooth piece that PyTorch's gradients are of. `network` is what
    they were made of.
    """

    parameters: Array
    loss: float
    gradient: Array
    hessian: Array
    network: Derivatives


def place_at(experiment: Experiment, row: npt.NDArray[np.floating]) -> Place:
    """Return what the loss of an experiment is about a row of finite parameters ``[P]``."""
    parameters = np.asarray(row, dtype=np.float64)
    data, entry = experiment.data(), loss_entry(experiment.loss)
    settings = msgspec.structs.asdict(experiment.loss)
    tangent, penalty = entry.tangent, experiment.penalty
    assert tangent is not None, "a loss without a second derivative is refused before it is trained"
    found = network_derivatives(
        affine_layers(experiment, parameters),
        data.inputs,
        gradient=lambda p: entry.gradient(p, data.targets, **settings),
        tangent=lambda p, dp: tangent(p, dp, data.targets, **settings),
    )
    weights = weight_columns(experiment)
    held = penalty_value(parameters, weights, l1=penalty.l1, l2=penalty.l2)
    return Place(
        parameters=parameters,
        loss=entry.value(found.outputs, data.targets, **settings) + float(held),
        gradient=penalise(found.gradient, parameters, weights, l1=penalty.l1, l2=penalty.l2),
        hessian=found.hessian + np.diag(2.0 * penalty.l2 * weights),
        network=found,
    )


def loss_at(experiment: Experiment, parameters: Array) -> float:
    """Return the loss alone, at a row of parameters ``[P]``."""
    data, penalty = experiment.data(), experiment.penalty
    values = forward(layers_from(experiment.network, parameters), data.inputs)[-1].outputs
    settings = msgspec.structs.asdict(experiment.loss)
    held = penalty_value(parameters, weight_columns(experiment), l1=penalty.l1, l2=penalty.l2)
    return loss_entry(experiment.loss).value(values, data.targets, **settings) + float(held)


def affine_layers(experiment: Experiment, parameters: Array) -> tuple[Affine, ...]:
    """Return the network's layers with these parameters ``[P]``."""
    return tuple(
        Affine(
            weight=parameters[each.weights].reshape(each.fan_out, each.fan_in),
            bias=None if each.first_bias is None else parameters[each.biases],
            activation=each.activation,
            weights=each.weights,
            biases=each.biases,
        )
        for each in layers_of(experiment.network)
    )


def weight_columns(experiment: Experiment) -> npt.NDArray[np.bool_]:
    """Return which parameters ``[P]`` are weights, and no biases."""
    weights = np.zeros(experiment.network.parameters, dtype=np.bool_)
    for layer in layers_of(experiment.network):
        weights[layer.weights] = True
    return weights
