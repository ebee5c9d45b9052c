"""The section on a network without its activations: one layer, and the best that one layer can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from trainlab.draw import Cell
from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.questions.neuron.linear_stack import Collapse, collapse, few_numbers
from trainlab.explain.questions.neuron.plane import line_formula
from trainlab.page.section import Section, Table

RANDOM_INPUTS: Final = 1000


def stack_of(layers: Sequence[Layer]) -> Collapse:
    """Return the network's linear layers as one, as if it had no activations."""
    return collapse([(layer.weight, layer.bias) for layer in layers])


def random_inputs(features: int) -> Array:
    """Return the standard normal inputs at which a stack and its single layer are compared."""
    return np.random.default_rng(0).normal(size=(RANDOM_INPUTS, features))


def collapse_section(single: Collapse, points: Array, names: Sequence[str]) -> Section:
    """Return the network without activations, multiplied out and compared with the stack."""
    count = len(single.stack)
    data, drawn = single.difference(points), single.difference(random_inputs(points.shape[1]))
    chain = " ".join(f"W{place}" for place in range(count, 0, -1)).translate(
        str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    )
    formula = ""
    if points.shape[1] == 2 and single.weight.shape[0] == 1:
        written = line_formula(single.weight[0], _first(single.bias), (names[0], names[1]))
        formula = f" Here: output = {written.removesuffix(' = 0')}."
    before, after = single.parameters_before, single.parameters_after
    size = (
        f"{before:,} parameters say no more than {after:,} do."
        if after <= before
        else f"It has {after:,} parameters, more than the stack's {before:,}; but its rank is at most "
        f"{single.rank_at_most}, the stack's narrowest place."
    )
    told = (
        "The network is one linear layer already."
        if count == 1
        else f"Take the activations away and keep the weights: its {count} layers are one, with the weights "
        f"{chain} and one bias. {size}"
    )
    rows: list[list[Cell]] = [
        [words, each.inputs, each.absolute, each.relative, each.bound]
        for words, each in (("the data", data), ("random N(0, 1)", drawn))
    ]
    return Section(
        name="collapse",
        heading="Without activations: one layer",
        text=(f"{told}{formula}",),
        tables=(
            Table(
                title="Largest difference between the stack and the single layer, in float64",
                headers=["inputs", "how many", "difference", "relative", "at most, by rounding"],
                rows=rows,
            ),
        ),
    )


def stack_numbers(single: Collapse, points: Array) -> dict[str, Any]:
    """Return the network without activations, and how it compares with the stack, as plain data."""
    data, drawn = single.difference(points), single.difference(random_inputs(points.shape[1]))
    return {
        "layers": len(single.stack),
        "weight": few_numbers(single.weight),
        "bias": None if single.bias is None else few_numbers(single.bias),
        "parameters_before": single.parameters_before,
        "parameters_after": single.parameters_after,
        **{
            f"{key}_{name}": value
            for key, each in (("data", data), ("random", drawn))
            for name, value in (
                ("difference", each.absolute),
                ("relative", each.relative),
                ("bound", each.bound),
                ("inputs", each.inputs),
            )
        },
    }


def _first(bias: Array | None) -> float | None:
    return None if bias is None else float(bias[0])
