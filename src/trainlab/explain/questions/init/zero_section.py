"""The section on zeros: which gradients are exactly zero where every parameter is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec

from trainlab.draw import join
from trainlab.draw.table import Cell
from trainlab.engine.network_pass import initial_layers
from trainlab.explain.subject.loss import examples_gradients
from trainlab.page.section import Section, Table
from trainlab.spec import Constant, Experiment, Init

HIDDEN_ACTIVATIONS = ("tanh", "relu", "sigmoid")


def zero_gradients(experiment: Experiment) -> list[tuple[str, list[tuple[bool, bool | None]]]]:
    """Return for each hidden activation, and each layer from all-zero parameters, whether ∂L/∂W and ∂L/∂b
    (None without biases) are exactly 0.
    """
    network, nothing = experiment.network, Constant(val=0.0)
    found: list[tuple[str, list[tuple[bool, bool | None]]]] = []
    for name in dict.fromkeys([*network.activations[:-1], *HIDDEN_ACTIVATIONS]):
        changed = msgspec.structs.replace(
            network,
            activation=(*((name,) * (network.layers - 1)), network.activations[-1]),
            output_activation=None,
        )
        made = msgspec.structs.replace(experiment, network=changed, init=Init(weight=nothing, bias=nothing))
        gradients = examples_gradients(made, initial_layers(made, 0))
        found.append(
            (
                name,
                [
                    (not each.weight.any(), None if each.bias is None else not each.bias.any())
                    for each in gradients
                ],
            )
        )
    return found


def zero_section(network: str, zeros: Sequence[tuple[str, list[tuple[bool, bool | None]]]]) -> Section:
    """Return which gradients are exactly zero where every parameter is."""
    rows: list[tuple[Cell, ...]] = []
    for name, layers in zeros:
        told = [
            (_zero(weights), "no bias" if biases is None else _zero(biases)) for weights, biases in layers
        ]
        for alike, members in groupby(enumerate(told[:-1], start=1), key=lambda each: each[1]):
            first, *_, last = [index for index, _ in members] * 2
            rows.append((name, str(first) if first == last else f"{first} to {last}", *alike))
        rows.append((name, "output", *told[-1]))
    sentences = [f"{name}: {_what_moves(layers)}." for name, layers in zeros]
    return Section(
        name="zero",
        heading="All zero: which gradients are exactly zero",
        text=(
            f"{network}, every weight and bias 0, its own loss over all its examples, hidden activations "
            "exchanged. A weight's gradient is δ of its neuron times its input; δ of a hidden neuron comes "
            "back through weights that are 0, and so is 0. With tanh(0) = 0 the inputs of later layers are 0 "
            "as well; with sigmoid(0) = ½ they aren't.",
            *sentences,
        ),
        tables=(
            Table(
                title="At the start, from zero",
                headers=("Hidden activation", "Layer", "∂L/∂W", "∂L/∂b"),
                rows=rows,
                shown=40,
            ),
        ),
    )


def _zero(zero: bool) -> str:
    return "exactly 0" if zero else "not 0"


def _what_moves(layers: Sequence[tuple[bool, bool | None]]) -> str:
    moving: list[str] = []
    for index, (weights, biases) in enumerate(layers):
        where = "of the output layer" if index == len(layers) - 1 else f"of layer {index + 1}"
        if not weights:
            moving.append(f"the weights {where}")
        if biases is False:
            moving.append(f"the bias{'' if index == len(layers) - 1 else 'es'} {where}")
    if not moving:
        return "every gradient is exactly 0, so that training never moves"
    single = len(moving) == 1 and moving[0].startswith("the bias of")
    return f"only {join(moving)} {'has' if single else 'have'} a gradient; all others are exactly 0"
