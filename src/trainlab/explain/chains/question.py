"""What is asked: which experiment, which weights, which example, which weight."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np

from trainlab.draw import counted, format_number
from trainlab.errors import ExplainError, shown
from trainlab.explain.chains.names import Entry, parse_entry
from trainlab.explain.chains.objective import Objective
from trainlab.explain.chains.trace import Trace, trace
from trainlab.explain.checks import check_cell, check_place, check_seed
from trainlab.explain.network_pass import Array, initial_layers
from trainlab.explain.points import first_telling
from trainlab.spec import MSE, SGD, Experiment, Network, Study, any_study, named_cell, parse_widths
from trainlab.tasks import Task

DEFAULT = Experiment(
    network=Network(widths=(2, 3, 2, 1)), loss=MSE(), optimizer=SGD(lr=0.1, momentum=0.9), epochs=300
)
"""2-3-2-1 with tanh, as the assignment draws it, on XOR."""

_SHARES = ("bce", "bce_with_logits", "cross_entropy", "nll", "hinge")
"""The losses whose targets go from 0 to 1."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Question:
    """An experiment with the weights of a seed, one example on its way through, and the weight asked about.

    `default` says that neither an experiment nor a network was chosen.
    """

    experiment: Experiment
    seed: int
    point: str
    trace: Trace
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
    experiment = named_cell(any_study(source), check_cell(cell)).experiment
    if network is not None:
        widths = _widths(network)
        wanted = msgspec.structs.replace(experiment.network, widths=widths)
        experiment = msgspec.structs.replace(experiment, network=wanted)
    check_seed(seed)
    x, y, words = _example(experiment, point, inputs, targets)
    layers = initial_layers(experiment, seed)
    traced = trace(layers, Objective.of(experiment.loss), x, y)
    entry = _default_entry(traced) if weight is None else parse_entry(weight, layers)
    return Question(
        experiment=experiment,
        seed=seed,
        point=words,
        trace=traced,
        entry=entry,
        default=source is DEFAULT and network is None,
    )


def numbers_words(values: Array) -> str:
    """Return ``(0, 1)``, or a single number bare; of many the first six."""
    words = [format_number(float(value)) for value in values[:6]] + (["…"] if len(values) > 6 else [])
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def default_point(data: Task) -> int:
    """Return the first example, from 0, with an input that isn't 0: its weight has a gradient."""
    return first_telling(data.inputs) - 1


def _default_entry(traced: Trace) -> Entry:
    """Return the weight to the first unit from the largest input."""
    return Entry(layer=1, unit=1, source=int(np.argmax(np.abs(traced.inputs[0]))) + 1)


def _widths(network: object) -> tuple[int, ...]:
    if isinstance(network, str):
        return parse_widths(network)
    if not isinstance(network, list | tuple):
        raise ExplainError(f"network = {shown(network)}: must be widths, as in '2-8-8-1' or [2, 8, 8, 1].")
    return tuple(cast("Sequence[int]", network))


def _example(
    experiment: Experiment, point: int | None, inputs: Any, targets: Any
) -> tuple[Array, Array, str]:
    """Return ``[1, features]``, ``[1, outputs]`` and which example it is, in words."""
    data = experiment.data()
    if (inputs is None) != (targets is None):
        given, missing = ("inputs", "targets") if targets is None else ("targets", "inputs")
        raise ExplainError(f"{given}: is given without {missing}; give both, or neither and a point.")
    if inputs is None:
        place = default_point(data) if point is None else check_place("point", point, data.points) - 1
        x, y = data.inputs[place : place + 1], data.targets[place : place + 1]
        which = f"example {place + 1:,} of {data.points:,}"
    else:
        if point is not None:
            raise ExplainError(f"point = {point!r}: is given beside inputs; give one of the two.")
        x = _row("inputs", inputs, data.features)
        y = _row("targets", targets, data.outputs)
        if loss_name(experiment) in _SHARES and (y.min() < 0 or y.max() > 1):
            raise ExplainError(
                f"targets = {numbers_words(y[0])}: the loss {loss_name(experiment)!r} needs targets from "
                "0 to 1; give such, or an experiment with another loss."
            )
        which = "the point given"
    return x, y, f"{which}, inputs {numbers_words(x[0])}, target {numbers_words(y[0])}"


def loss_name(experiment: Experiment) -> str:
    """Return the name of an experiment's loss."""
    return Objective.of(experiment.loss).name


def _row(name: str, values: Any, count: int) -> Array:
    try:
        row = np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise ExplainError(f"{name} = {values!r}: must be numbers, {count} of them.") from None
    if len(row) != count:
        given = numbers_words(row) if len(row) else "()"
        raise ExplainError(
            f"{name} = {given}: has {counted(len(row), 'number')}, but the task needs {count}; give one "
            "for each."
        )
    for place, value in enumerate(row.tolist(), start=1):
        if not math.isfinite(value):
            raise ExplainError(f"{name}: number {place} is {value}, not a finite number; give a finite one.")
    return row[None, :]
