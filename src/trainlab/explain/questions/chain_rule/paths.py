"""Every path from a weight to the loss: how many, what stands on each, their products and the sum.

The chain rule sums, over all ways from a weight to the loss, the product of the derivatives on the way
(Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical Analysis 11, 1974).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.explain.questions.chain_rule.notation import Entry, source_name

MOST = 100_000
"""Paths that are still multiplied out one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Factor:
    """A local derivative: ``∂z2[1]/∂a1[2]``, what it is (``w2[1,2]``), and its value."""

    derivative: str
    formula: str
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """One way to the loss: the quantities it goes through, its factors, and their product."""

    through: tuple[str, ...]
    factors: tuple[Factor, ...]
    product: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Paths:
    """`count` of them, exactly; `total`, the sum of all their products, and the `listed` ones, the largest
    first. Where they are too many, `total` is None and none is listed.
    """

    entry: Entry
    count: int
    total: float | None
    listed: tuple[Path, ...]


def count_paths(example: ExamplePass, entry: Entry) -> int:
    """Return how many paths there are: the product of the widths after the weight's layer."""
    count = math.prod(example.widths[entry.layer + 1 :])
    return count * example.widths[-1] if example.branches else count


def find_paths(example: ExamplePass, entry: Entry, *, listed: int, most: int = MOST) -> Paths:
    """Return the paths from a weight; those beyond `most` are counted only."""
    count = count_paths(example, entry)
    if count > most:
        return Paths(entry=entry, count=count, total=None, listed=())
    products = path_products(example, entry)
    flat = products.ravel()
    # Stable, so that equal ones stay in the order of their units.
    order = np.argsort(-np.abs(flat), kind="stable")[:listed]
    places = [np.unravel_index(int(index), products.shape) for index in order]
    return Paths(
        entry=entry,
        count=count,
        total=math.fsum(flat.tolist()),
        listed=tuple(
            _path(example, entry, tuple(int(unit) for unit in place), float(products[place]))
            for place in places
        ),
    )


def path_products(example: ExamplePass, entry: Entry) -> Array:
    """Return the product of each path, ``[units of the next layer, …, units of the last]``.

    Where the last activation branches, one more axis: ``[…, sums, outputs]``.
    """
    start, last = entry.layer - 1, len(example.layers) - 1
    products = np.array(_first(example, entry))
    for layer in range(start, last + 1):
        if layer > start:
            weight = example.layers[layer].weight
            came = weight[:, entry.unit - 1] if products.ndim == 0 else weight.T
            products = products[..., None] * came
        if layer < last or not example.branches:
            slope = example.slope(layer)
            products = products * (slope[entry.unit - 1] if products.ndim == 0 else slope)
    out = example.grad_output[0]
    if example.branches:
        each = (example.slope(last) * out[:, None]).T
        return products[..., None] * (each[entry.unit - 1] if products.ndim == 0 else each)
    return products * (out[entry.unit - 1] if products.ndim == 0 else out)


def _first(example: ExamplePass, entry: Entry) -> float:
    """Return ∂z/∂w: what the weight is multiplied by."""
    return 1.0 if entry.source is None else float(example.passes[entry.layer - 1].inputs[0, entry.source - 1])


def _path(example: ExamplePass, entry: Entry, place: tuple[int, ...], product: float) -> Path:
    """Return the path through these units (from 0) of the layers after the weight's."""
    last = len(example.layers)
    steps = last - entry.layer
    units = [entry.unit, *(unit + 1 for unit in place[:steps])]
    end = place[-1] + 1 if example.branches else units[-1]
    met = "1" if entry.source is None else source_name(entry.layer, entry.source)
    factors = [
        Factor(
            derivative=f"∂z{entry.layer}[{entry.unit}]/∂{entry}", formula=met, value=_first(example, entry)
        )
    ]
    through: list[str] = [str(entry)]
    for layer, unit in enumerate(units, start=entry.layer):
        z = f"z{layer}[{unit}]"
        if layer > entry.layer:
            before = units[layer - entry.layer - 1]
            factors.append(
                Factor(
                    derivative=f"∂{z}/∂a{layer - 1}[{before}]",
                    formula=f"w{layer}[{unit},{before}]",
                    value=float(example.layers[layer - 1].weight[unit - 1, before - 1]),
                )
            )
        out = end if layer == last else unit
        factors.append(_through_activation(example, layer, unit, out))
        through += [z, f"a{layer}[{out}]"]
    factors.append(
        Factor(
            derivative=f"∂L/∂a{last}[{end}]",
            formula=f"{example.objective.name}′",
            value=float(example.grad_output[0, end - 1]),
        )
    )
    return Path(through=(*through, "L"), factors=tuple(factors), product=product)


def _through_activation(example: ExamplePass, layer: int, unit: int, out: int) -> Factor:
    name = example.layers[layer - 1].activation
    slope = example.slope(layer - 1)
    if slope.ndim == 1:
        value, formula = float(slope[unit - 1]), f"{name}′(z{layer}[{unit}])"
    else:
        value, formula = float(slope[out - 1, unit - 1]), f"{name}[{out}] by z{layer}[{unit}]"
    return Factor(derivative=f"∂a{layer}[{out}]/∂z{layer}[{unit}]", formula=formula, value=value)
