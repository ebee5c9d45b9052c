"""Every path from a weight to the loss: how many, their products and the sum, and other ways to the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import can_show_values, format_number, value_graph
from trainlab.engine.network_pass import Array, Layer, LayerPass, forward
from trainlab.engine.reference.module import build_criterion, build_module
from trainlab.explain.module_copy import torch_or_none
from trainlab.explain.network import Objective
from trainlab.explain.questions.chain_rule.example_pass import (
    Entry,
    ExamplePass,
    apart,
    count_number,
    count_text,
    counted_paths,
    entry_value,
    exactly,
    source_name,
    with_entry,
)
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import Plain
from trainlab.spec import Experiment

# The derivative by a weight without any calculus: change the weight a little and look at the loss.
#
# Central differences of fourth order, (8 (L(w+h) − L(w−h)) − (L(w+2h) − L(w−2h))) / 12h, whose error is h⁴/30
# times the fifth derivative (Abramowitz & Stegun, 25.3.6), beside rounding of about 1.5 · 2⁻⁵³ L / h. Across
# a kink, where the derivative jumps, there is none.


STEP = 3e-4
"""h for a weight of 1 or less; larger ones take as large a share. Truncation and rounding are about equal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The quotient, and the `step` h; `value` is None where a kink lies within ±2h."""

    value: float | None
    step: float


def central_difference(
    layers: Sequence[Layer], objective: Objective, inputs: Array, targets: Array, entry: Entry
) -> Difference:
    """Return ∂L/∂w of the loss over these examples by central differences."""
    start = entry_value(layers, entry)
    step = STEP * max(1.0, abs(start))
    losses: dict[int, float] = {}
    sides: list[Array] = []
    for k in (-2, -1, 0, 1, 2):
        changed = with_entry(layers, entry, start + k * step)
        passes = forward(changed, inputs)
        losses[k] = objective.value(passes[-1].outputs, targets)
        sides.append(regions(changed, passes, objective, targets).astype(np.float64))
    if any((side != sides[0]).any() for side in sides) or (sides[0] == 0).any():
        return Difference(value=None, step=step)
    slope = (8.0 * (losses[1] - losses[-1]) - (losses[2] - losses[-2])) / (12.0 * step)
    return Difference(value=slope, step=step)


def difference_of(question: Question) -> Difference:
    """Return the central difference of the chosen weight at the point."""
    example = question.example
    return central_difference(
        example.layers, example.objective, example.inputs, example.targets, question.entry
    )


Codes = npt.NDArray[np.int64]


def regions(
    layers: Sequence[Layer], passes: Sequence[LayerPass], objective: Objective, targets: Array
) -> Codes:
    """Return on which side of every kink each sum and output is; two passes with the same have none between.

    What lies on a kink itself has a code of its own.
    """
    codes: list[Codes] = []
    for layer, passed in zip(layers, passes, strict=True):
        kinks = ACTIVATIONS[layer.activation].kinks
        codes += [np.sign(passed.sums - kink).astype(np.int64).ravel() for kink in kinks]
    gaps = objective.kinks(passes[-1].outputs, targets)
    if gaps is not None:
        codes.append(np.sign(gaps).astype(np.int64).ravel())
    return np.concatenate([np.empty(0, dtype=np.int64), *codes])


# The same derivatives by PyTorch's autograd in float64, where PyTorch is installed.


@dataclass(frozen=True, kw_only=True, slots=True)
class Autograd:
    """∂L/∂w by autograd, and `worst`: the largest difference of any weight's derivative to the backward
    pass's, as a share of the largest derivative (0 where all are 0).
    """

    value: float
    worst: float


def autograd_check(experiment: Experiment, seed: int, example: ExamplePass, entry: Entry) -> Autograd | None:
    """Return what autograd says of the same network and point; None without PyTorch."""
    torch = torch_or_none()
    if torch is None:
        return None
    parts = [
        each.ravel() for layer in example.layers for each in (layer.weight, layer.bias) if each is not None
    ]
    module = build_module(torch, experiment, seed, "float64", start=np.concatenate(parts))
    return compare(torch, module, build_criterion(torch, experiment.loss), example, entry)


def compare(torch: Any, module: Any, criterion: Any, example: ExamplePass, entry: Entry) -> Autograd:
    """Return autograd's derivatives of this module (Linear, activation, Linear, …) beside the example's."""
    inputs, targets = torch.from_numpy(example.inputs.copy()), torch.from_numpy(example.targets.copy())
    loss = criterion(module(inputs), targets)
    linears = list(module)[::2]
    parameters = [parameter for linear in linears for parameter in linear.parameters()]
    found = iter(torch.autograd.grad(loss, parameters))
    gaps, sizes, value = [0.0], [0.0], 0.0
    for place, gradient in enumerate(example.gradients, start=1):
        weight = next(found).numpy()
        pairs = [(weight, gradient.weight)]
        if gradient.bias is not None:
            pairs.append((next(found).numpy(), gradient.bias))
        gaps += [float(np.abs(theirs - ours).max()) for theirs, ours in pairs]
        sizes += [float(np.abs(theirs).max()) for theirs, _ in pairs]
        if place == entry.layer:
            chosen = (
                pairs[1][0][entry.unit - 1]
                if entry.source is None
                else weight[entry.unit - 1, entry.source - 1]
            )
            value = float(chosen)
    return Autograd(value=value, worst=max(gaps) / max(sizes) if max(sizes) > 0 else max(gaps))


# Every path from a weight to the loss: how many, what stands on each, their products and the sum.
#
# The chain rule sums, over all ways from a weight to the loss, the product of the derivatives on the way
# (Bauer, "Computational graphs and rounding error", SIAM Journal on Numerical Analysis 11, 1974).


MOST = 100_000
"""Paths that are still multiplied out one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Factor(Plain):
    """A local derivative: ``∂z2[1]/∂a1[2]``, what it is (``w2[1,2]``), and its value."""

    derivative: str
    formula: str
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Path(Plain):
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


# The section on the paths of one weight: each with its factors, their sum, and how it compares.


def paths_section(
    question: Question, paths: Paths, autograd: Autograd | None, difference: Difference
) -> Section:
    """Return the paths of the chosen weight, their sum, and how it compares."""
    example, entry = question.example, question.entry
    derivative = example.derivative(entry)
    return Section(
        name="paths",
        heading=f"Every path from {entry} to the loss",
        text=paragraphs(
            f"{entry} is {entry.words}; it is {exactly(entry_value(example.layers, entry))}. "
            f"{entry.elsewhere}",
            f"{counted_paths(paths.count)} lead{'s' if paths.count == 1 else ''} from it to the loss: "
            f"{_count_words(example, entry)}.",
            _sum_words(paths, derivative),
            _kink_words(difference),
            "" if autograd else "PyTorch is not installed, so there is no autograd to compare with.",
        ),
        tables=tuple(_tables(paths, _compared(paths, derivative, autograd, difference))),
        pictures=_paths_picture(example, entry),
    )


def _count_words(example: ExamplePass, entry: Entry) -> str:
    widths = list(example.widths[entry.layer + 1 :])
    ends = f", and {example.widths[-1]} outputs from each sum of the last" if example.branches else ""
    if not widths:
        return f"its unit is in the last layer{ends}"
    shown = " · ".join(map(str, widths)) if len(widths) <= 12 else f"the product of {len(widths)} widths"
    return f"{shown}, the units of the layers after it{ends}"


def _sum_words(paths: Paths, derivative: float) -> str:
    if paths.total is None:
        return (
            f"That is too many to list (at most {MOST:,}), and there is no need: the backward pass "
            f"below adds them up layer by layer. Their sum is ∂L/∂{paths.entry} = {exactly(derivative)}."
        )
    products = (
        "The product along it" if paths.count == 1 else "Multiplied out along each and added up, the paths"
    )
    verb = "is" if paths.count == 1 else "give"
    return f"{products} {verb} ∂L/∂{paths.entry} = {exactly(paths.total)}."


def _kink_words(difference: Difference) -> str:
    if difference.value is not None:
        return ""
    return (
        f"There is no central difference: within ±{format_number(2 * difference.step)} of this weight a unit "
        "or the loss passes a kink, where the derivative jumps."
    )


def _compared(paths: Paths, derivative: float, autograd: Autograd | None, difference: Difference) -> Table:
    step = format_number(difference.step)
    found: list[tuple[str, float | None]] = [
        ("Sum over all paths", paths.total),
        ("Backward pass", derivative),
        ("Autograd (PyTorch)", autograd.value if autograd else None),
        (f"Central differences, h = {step}", difference.value),
    ]
    reference = derivative
    return Table(
        title=f"∂L/∂{paths.entry}, four ways, in float64",
        headers=["By", "Value", "Off the backward pass"],
        rows=[[words, format_number(value, digits=12), apart(value, reference)] for words, value in found],
    )


def _tables(paths: Paths, compared: Table) -> list[Table]:
    if not paths.listed:
        return [compared]
    listed = Table(
        title=f"Paths, the largest first{_of(paths)}",
        headers=["Path", "Local derivatives, multiplied", "Product"],
        rows=[
            [_way(path), " · ".join(format_number(f.value) for f in path.factors), exactly(path.product)]
            for path in paths.listed
        ],
        shown=10,
    )
    first = paths.listed[0]
    factors = Table(
        title=f"The largest path, factor by factor: {_way(first)}",
        headers=["Local derivative", "What it is", "Value", "Product so far"],
        rows=_factor_rows(first),
    )
    return [listed, factors, compared]


def _way(path: Path) -> str:
    """Return the sums that a path goes through: each stands for its unit."""
    return " → ".join(name for name in path.through if name[0] != "a")


def _of(paths: Paths) -> str:
    return "" if len(paths.listed) == paths.count else f" ({len(paths.listed):,} of {paths.count:,})"


def _factor_rows(path: Path) -> list[list[Any]]:
    rows: list[list[Any]] = []
    product = 1.0
    for factor in path.factors:
        product *= factor.value
        rows.append([factor.derivative, factor.formula, exactly(factor.value), exactly(product)])
    return rows


def _paths_picture(example: ExamplePass, entry: Entry) -> tuple[Any, ...]:
    """Return the network with δ in its units, and all links that lie on the weight's paths marked."""
    if not can_show_values(example.widths):
        return ()
    last = len(example.layers) - 1
    columns = [[[("x", value)] for value in example.inputs[0].tolist()]]
    columns += [
        [[("a", a), ("δ", d)] for a, d in zip(part.outputs[0].tolist(), back.sums[0].tolist(), strict=True)]
        for part, back in zip(example.passes, example.gradients, strict=True)
    ]
    marked = set[tuple[int, int, int]]()
    if entry.source is not None:
        marked.add((entry.layer - 1, entry.unit - 1, entry.source - 1))
    reached = {entry.unit - 1}
    for layer in range(entry.layer, last + 1):
        units = range(example.widths[layer + 1])
        marked |= {(layer, out, into) for out in units for into in reached}
        reached = set(units)
    return (
        value_graph(
            example.widths,
            [layer.weight for layer in example.layers],
            columns,
            title=f"Backward: output a and δ = ∂L/∂z of each unit; the paths of {entry}",
            marked=marked,
            marked_label=f"on a path from {entry}",
        ),
    )


def listed_paths(count: int, total: float | None, listed: tuple[Path, ...]) -> dict[str, Any]:
    """Return count, sum and the listed paths as plain data."""
    return {
        "count": count_number(count),
        "count_text": count_text(count),
        "sum": total,
        "listed": listed,
    }
