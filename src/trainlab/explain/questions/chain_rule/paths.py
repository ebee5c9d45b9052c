"""Every path from a weight to the loss: how many, what stands on each, their products and the sum.

The chain rule sums, over all ways from a weight to the loss, the product of the derivatives on the way
(Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical Analysis 11, 1974).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.explain.questions.chain_rule.names import Entry, source_name
from trainlab.explain.questions.chain_rule.trace import Trace

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


def count_paths(trace: Trace, entry: Entry) -> int:
    """Return how many paths there are: the product of the widths after the weight's layer."""
    count = math.prod(trace.widths[entry.layer + 1 :])
    return count * trace.widths[-1] if trace.branches else count


def find_paths(trace: Trace, entry: Entry, *, listed: int, most: int = MOST) -> Paths:
    """Return the paths from a weight; those beyond `most` are counted only."""
    count = count_paths(trace, entry)
    if count > most:
        return Paths(entry=entry, count=count, total=None, listed=())
    products = path_products(trace, entry)
    flat = products.ravel()
    # Stable, so that equal ones stay in the order of their units.
    order = np.argsort(-np.abs(flat), kind="stable")[:listed]
    places = [np.unravel_index(int(index), products.shape) for index in order]
    return Paths(
        entry=entry,
        count=count,
        total=math.fsum(flat.tolist()),
        listed=tuple(
            _path(trace, entry, tuple(int(unit) for unit in place), float(products[place]))
            for place in places
        ),
    )


def path_products(trace: Trace, entry: Entry) -> Array:
    """Return the product of each path, ``[units of the next layer, …, units of the last]``.

    Where the last activation branches, one more axis: ``[…, sums, outputs]``.
    """
    start, last = entry.layer - 1, len(trace.layers) - 1
    products = np.array(_first(trace, entry))
    for layer in range(start, last + 1):
        if layer > start:
            weight = trace.layers[layer].weight
            came = weight[:, entry.unit - 1] if products.ndim == 0 else weight.T
            products = products[..., None] * came
        if layer < last or not trace.branches:
            slope = trace.slope(layer)
            products = products * (slope[entry.unit - 1] if products.ndim == 0 else slope)
    out = trace.grad_output[0]
    if trace.branches:
        each = (trace.slope(last) * out[:, None]).T
        return products[..., None] * (each[entry.unit - 1] if products.ndim == 0 else each)
    return products * (out[entry.unit - 1] if products.ndim == 0 else out)


def _first(trace: Trace, entry: Entry) -> float:
    """Return ∂z/∂w: what the weight is multiplied by."""
    return 1.0 if entry.source is None else float(trace.passes[entry.layer - 1].inputs[0, entry.source - 1])


def _path(trace: Trace, entry: Entry, place: tuple[int, ...], product: float) -> Path:
    """Return the path through these units (from 0) of the layers after the weight's."""
    last = len(trace.layers)
    steps = last - entry.layer
    units = [entry.unit, *(unit + 1 for unit in place[:steps])]
    end = place[-1] + 1 if trace.branches else units[-1]
    met = "1" if entry.source is None else source_name(entry.layer, entry.source)
    factors = [
        Factor(derivative=f"∂z{entry.layer}[{entry.unit}]/∂{entry}", formula=met, value=_first(trace, entry))
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
                    value=float(trace.layers[layer - 1].weight[unit - 1, before - 1]),
                )
            )
        out = end if layer == last else unit
        factors.append(_through_activation(trace, layer, unit, out))
        through += [z, f"a{layer}[{out}]"]
    factors.append(
        Factor(
            derivative=f"∂L/∂a{last}[{end}]",
            formula=f"{trace.objective.name}′",
            value=float(trace.grad_output[0, end - 1]),
        )
    )
    return Path(through=(*through, "L"), factors=tuple(factors), product=product)


def _through_activation(trace: Trace, layer: int, unit: int, out: int) -> Factor:
    name = trace.layers[layer - 1].activation
    slope = trace.slope(layer - 1)
    if slope.ndim == 1:
        value, formula = float(slope[unit - 1]), f"{name}′(z{layer}[{unit}])"
    else:
        value, formula = float(slope[out - 1, unit - 1]), f"{name}[{out}] by z{layer}[{unit}]"
    return Factor(derivative=f"∂a{layer}[{out}]/∂z{layer}[{unit}]", formula=formula, value=value)
