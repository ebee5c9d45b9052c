"""What is asked: which experiment, which weights, which example, which weight."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np

from trainlab.draw import counted, format_number, without_noise_by_column
from trainlab.engine.network_pass import Array, Layer, initial_layers
from trainlab.errors import ExplainError, shown
from trainlab.explain.network import Objective, first_telling, loss_name
from trainlab.explain.options import check_cell, check_place, check_seed
from trainlab.explain.questions.chain_rule.example_pass import Entry, ExamplePass, parse_entry, pass_example
from trainlab.maths import LOSSES
from trainlab.spec import (
    MSE,
    SGD,
    Experiment,
    Network,
    Parity,
    Study,
    Xor,
    any_study,
    named_cell,
    parse_widths,
)
from trainlab.spec.tasks import MAX_BITS
from trainlab.tasks import Task

DEFAULT = Experiment(
    network=Network(widths=(4, 3, 2, 1)),
    task=Parity(bits=4),
    loss=MSE(),
    optimizer=SGD(lr=0.1, momentum=0.9),
    epochs=300,
)
"""4-3-2-1 with tanh, as the assignment draws it, on XOR of four inputs: whether the number of ones is odd."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Question:
    """An experiment with the weights of a seed, one example on its way through, and the weight asked about.

    `default` says that neither an experiment nor a network was chosen.
    """

    experiment: Experiment
    seed: int
    point: str
    example: ExamplePass
    entry: Entry
    default: bool


def read_question(
    source: Experiment | Study | str | os.PathLike[str],
    *,
    cell: str | None,
    network: str | Sequence[int] | None,
    weight: str | None,
    point: int | None,
    inputs: Any,
    targets: Any,
    seed: int,
) -> Question:
    """Return the question; errors name the argument.

    Raises:
        ExplainError: if the point, seed or weight isn't one.
        SpecError: if the experiment can't be read, or the network doesn't fit its task.
    """
    widths = None if network is None else _widths(network)
    left_out = source is DEFAULT
    asked = _drawn(widths, inputs) if left_out else source
    experiment = named_cell(any_study(asked), check_cell(cell)).experiment
    if widths is not None and not left_out:
        wanted = msgspec.structs.replace(experiment.network, widths=widths)
        experiment = msgspec.structs.replace(experiment, network=wanted)
    check_seed(seed)
    x, y, words = _example(experiment, point, inputs, targets, last=left_out)
    layers = initial_layers(experiment, seed)
    example = pass_example(layers, Objective.of(experiment.loss), x, y)
    if weight is not None:
        entry = parse_entry(weight, layers)
    else:
        entry = _drawn_entry(example) if left_out else _default_entry(example)
    return Question(
        experiment=experiment,
        seed=seed,
        point=words,
        example=example,
        entry=entry,
        default=left_out and network is None,
    )


def question_at(
    experiment: Experiment, layers: Sequence[Layer], *, seed: int, point: int, weight: str | None
) -> Question:
    """Return what is asked of a training example with these layers, as a run has them at one of its steps.

    Raises:
        ExplainError: the point or weight isn't one, or a number on the way isn't finite.
    """
    x, y, words = _example(experiment, point, None, None, last=False)
    example = pass_example(layers, Objective.of(experiment.loss), x, y)
    entry = _default_entry(example) if weight is None else parse_entry(weight, layers)
    return Question(
        experiment=experiment, seed=seed, point=words, example=example, entry=entry, default=False
    )


def _drawn(widths: tuple[int, ...] | None, inputs: Any) -> Experiment:
    """Return what is explained where no experiment is named: a network that learns XOR of all its inputs.

    Without widths it is the assignment's drawing, with as many inputs as the point has.
    """
    if widths is None:
        widths = (_count(inputs) or DEFAULT.network.widths[0], *DEFAULT.network.widths[1:])
    network = msgspec.structs.replace(DEFAULT.network, widths=widths)
    bits = network.widths[0]
    if bits > MAX_BITS:
        raise ExplainError(
            f"network = {network.label!r}: has {bits:,} inputs, and where no experiment is named it learns "
            f"XOR of at most {MAX_BITS}; name the file of an experiment whose task has {bits:,}."
        )
    return msgspec.structs.replace(DEFAULT, network=network, task=Xor() if bits == 2 else Parity(bits=bits))


def _count(inputs: Any) -> int:
    """Return how many numbers a point has, 0 where that can't be told."""
    try:
        return 0 if inputs is None or isinstance(inputs, str) else int(np.size(inputs))
    except ValueError:
        return 0


def numbers_words(values: Array) -> str:
    """Return ``(0, 1)``, or a single number bare; of many the first six."""
    words = [format_number(float(value)) for value in values[:6]] + (["…"] if len(values) > 6 else [])
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def example_words(data: Task, place: int) -> str:
    """Return which example it is, counted from 0, with its inputs and targets."""
    examples = (without_noise_by_column(values) for values in (data.inputs, data.targets))
    x, y = (numbers_words(values[place]) for values in examples)
    return f"example {place + 1:,} of {data.points:,}, inputs {x}, target {y}"


def default_point(data: Task) -> int:
    """Return the first example, from 0, with an input that isn't 0: its weight has a gradient."""
    return first_telling(data.inputs) - 1


def _drawn_entry(example: ExamplePass) -> Entry:
    """Return the weight to the last unit of the first layer from the last input, which the drawing names."""
    return Entry(layer=1, unit=example.widths[1], source=example.widths[0])


def _default_entry(example: ExamplePass) -> Entry:
    """Return the weight to the first unit from the largest input."""
    return Entry(layer=1, unit=1, source=int(np.argmax(np.abs(example.inputs[0]))) + 1)


def _widths(network: object) -> tuple[int, ...]:
    if isinstance(network, str):
        return parse_widths(network)
    if not isinstance(network, list | tuple):
        raise ExplainError(f"network = {shown(network)}: must be widths, as in '2-8-8-1' or [2, 8, 8, 1].")
    return tuple(cast("Sequence[int]", network))


def _example(
    experiment: Experiment, point: int | None, inputs: Any, targets: Any, *, last: bool
) -> tuple[Array, Array, str]:
    """Return ``[1, features]``, ``[1, outputs]`` and which example it is, in words.

    Where none is chosen it is the `last` one, which of XOR has all inputs 1, or else the first that isn't all
    zeros.
    """
    data = experiment.data()
    if (inputs is None) != (targets is None):
        given, missing = ("inputs", "targets") if targets is None else ("targets", "inputs")
        raise ExplainError(f"{given}: is given without {missing}; give both, or neither and a point.")
    if inputs is None:
        usual = data.points - 1 if last else default_point(data)
        place = usual if point is None else check_place("point", point, data.points) - 1
        x, y = data.inputs[place : place + 1], data.targets[place : place + 1]
        return x, y, example_words(data, place)
    if point is not None:
        raise ExplainError(f"point = {point!r}: is given beside inputs; give one of the two.")
    x = _row(
        "inputs",
        inputs,
        data.features,
        f"{experiment.network.label} has {counted(data.features, 'input')}",
    )
    y = _row(
        "targets",
        targets,
        data.outputs,
        f"{experiment.network.label} has {counted(data.outputs, 'output')}",
    )
    loss = loss_name(experiment.loss)
    shares = loss in LOSSES and LOSSES[loss].targets == "shares"
    if shares and (y.min() < 0 or y.max() > 1):
        raise ExplainError(
            f"targets = {numbers_words(y[0])}: the loss {loss!r} needs targets from 0 to 1; give "
            "such, or an experiment with another loss."
        )
    return x, y, f"the point given, inputs {numbers_words(x[0])}, target {numbers_words(y[0])}"


def _row(name: str, values: Any, count: int, owner: str) -> Array:
    try:
        row = np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise ExplainError(f"{name} = {values!r}: must be numbers, {count} of them.") from None
    if len(row) != count:
        given = numbers_words(row) if len(row) else "()"
        raise ExplainError(
            f"{name} = {given}: has {counted(len(row), 'number')}, but {owner}; give one for each."
        )
    for place, value in enumerate(row.tolist(), start=1):
        if not math.isfinite(value):
            raise ExplainError(f"{name}: number {place} is {value}, not a finite number; give a finite one.")
    return row[None, :]
