"""One neuron taken apart: its sum, its activation, its line; and the same numbers by autograd.

z = Σ wᵢxᵢ + b and a = f(z); the slope f′(z) says how much of a small change of z reaches a, and the change
of a by a weight is ∂a/∂wᵢ = f′(z) xᵢ (Rumelhart, Hinton & Williams, Nature 323, 1986).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trainlab.draw import (
    Cell,
    Part,
    contributions,
    counted,
    format_number,
)
from trainlab.engine.network_pass import Array, Layer, LayerPass
from trainlab.explain.module_copy import torch_or_none
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import pick
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neuron:
    """A neuron at one input: ``inputs [n]``, ``weights [n]``, the bias or None, and what comes of them.

    `layer` and `unit` count from 1; `place` names the layer. `sources` name its inputs.
    """

    layer: int
    unit: int
    place: str
    activation: str
    formula: str
    sources: tuple[str, ...]
    inputs: Array
    weights: Array
    bias: float | None
    sum: float
    output: float
    slope: float

    @property
    def products(self) -> Array:
        """What each input adds to the sum, wᵢxᵢ ``[n]``."""
        return self.weights * self.inputs

    @property
    def gradient(self) -> Array:
        """How the output changes with each weight, ∂a/∂wᵢ = f′(z) xᵢ ``[n]``."""
        return self.slope * self.inputs

    def to_dict(self) -> dict[str, Any]:
        """Return the neuron ready for JSON."""
        arrays = (self.inputs, self.weights, self.products, self.gradient)
        contributions = zip(self.sources, *(each.tolist() for each in arrays), strict=True)
        return {
            **pick(self, "layer unit place activation formula"),
            "contributions": [
                dict(zip(("source", "input", "weight", "product", "gradient"), each, strict=True))
                for each in contributions
            ],
            **pick(self, "bias sum output slope"),
        }


def taken_apart(
    layers: Sequence[Layer], passes: Sequence[LayerPass], *, layer: int, unit: int, names: Sequence[str]
) -> Neuron:
    """Return unit `unit` of layer `layer`, both from 1, at the first example of the passes.

    `names` are those of the network's inputs.
    """
    at, passed = layers[layer - 1], passes[layer - 1]
    activation = ACTIVATIONS[at.activation]
    sums = passed.sums[:1]
    chosen = np.zeros_like(sums)
    chosen[0, unit - 1] = 1.0
    sources = names if layer == 1 else unit_names(layer - 1, at.weight.shape[1])
    return Neuron(
        layer=layer,
        unit=unit,
        place=f"layer {layer}",
        activation=at.activation,
        formula=activation.formula,
        sources=tuple(sources),
        inputs=passed.inputs[0].copy(),
        weights=at.weight[unit - 1].copy(),
        bias=None if at.bias is None else float(at.bias[unit - 1]),
        sum=float(sums[0, unit - 1]),
        output=float(passed.outputs[0, unit - 1]),
        slope=float(activation.backward(sums, chosen)[0, unit - 1]),
    )


def unit_names(layer: int, units: int) -> list[str]:
    """Return the names of a layer's units as inputs of the next."""
    return [f"unit {unit} of layer {layer}" for unit in range(1, units + 1)]


def input_names(features: int, given: Sequence[str]) -> list[str]:
    """Return the names of a task's inputs: its own, or x₁, x₂, …"""
    subscripts = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return list(given) or [f"x{str(place).translate(subscripts)}" for place in range(1, features + 1)]


def point_words(point: Array) -> str:
    """Return an input as ``(0, 1)``; of a long one the beginning."""
    shown = [format_number(float(value)) for value in point[:6]]
    return f"({', '.join(shown)}{', …' if len(point) > 6 else ''})"


def slope_words(neuron: Neuron) -> str:
    """Return what the slope means."""
    slope = neuron.slope
    if neuron.activation == "linear":
        return (
            "There is no activation: the sum is passed on unchanged, and so is every change of it (slope 1)."
        )
    number = format_number(slope)
    if slope == 0:
        return (
            "Its slope there is 0: no small change of a weight or input gets through, and nothing can be "
            "learnt from this point."
        )
    if abs(slope) < 0.05:
        return (
            f"Its slope there is {number}: the activation is nearly flat (saturated), and of a small "
            "change of the sum "
            f"only {format_number(100 * abs(slope))} % gets through."
        )
    if math.isclose(slope, 1.0, rel_tol=1e-3):
        return f"Its slope there is {number}: a small change of the sum gets through in full."
    return (
        f"Its slope there is {number}: a small change of the sum reaches the output {number} times as large."
    )


# The section on one neuron taken apart: its sum and its activation.


MOST_ROWS: Final = 24
"""Of a neuron with more inputs the table has the largest parts; `numbers` has all."""


def apart_section(neuron: Neuron, *, where: str) -> Section:
    """Return the neuron as a table and a picture; `where` says which network, weights and input."""
    number = format_number
    triples = _triples(neuron)
    parts = [
        Part(label=source, value=product, how=f"{number(w)} × {number(x)}")
        for source, w, x, product in triples
    ]
    parts += [] if neuron.bias is None else [Part(label="bias", value=neuron.bias)]
    return Section(
        name="apart",
        heading="The neuron taken apart",
        text=paragraphs(
            f"{where} It adds up weight × input over {counted(len(triples), 'input')}"
            f"{' and its bias' if neuron.bias is not None else ', without a bias'}: z = "
            f"{number(neuron.sum)}. Its activation, {neuron.formula}, turns that into "
            f"{number(neuron.output)}.",
            slope_words(neuron),
        ),
        pictures=(
            contributions(
                parts,
                total=neuron.sum,
                total_label="sum z",
                x_label="sum so far",
                title=f"What adds up to z in unit {neuron.unit} of {neuron.place}",
            ),
        ),
        tables=(apart_table(neuron, most=MOST_ROWS),),
    )


def apart_table(neuron: Neuron, *, most: int) -> Table:
    """Return what each input adds to the sum, the bias, the sum and the output; at most so many inputs."""
    rows: list[list[Cell]] = [
        [source, w, x, product, float(g)]
        for (source, w, x, product), g in zip(_triples(neuron), neuron.gradient, strict=True)
    ]
    ends: list[list[Cell]] = (
        [["bias", neuron.bias, 1, neuron.bias, neuron.slope]] if neuron.bias is not None else []
    )
    ends.append(["sum z", None, None, neuron.sum, None])
    ends.append([f"output {_function(neuron)}", None, None, neuron.output, None])
    few = len(rows) <= most
    return Table(
        title=f"Unit {neuron.unit} of {neuron.place}"
        f"{'' if few else f': the {most} largest of {len(rows):,} parts'}",
        headers=["from", "weight", "input", "weight × input", "change of output by weight"],
        rows=[*(rows if few else sorted(rows, key=lambda row: -abs(float(row[3] or 0.0)))[:most]), *ends],
        shown=most + 3,
    )


def _triples(neuron: Neuron) -> list[tuple[str, float, float, float]]:
    """Return source, weight, input and product of each input."""
    products = neuron.products.tolist()
    return list(zip(neuron.sources, neuron.weights.tolist(), neuron.inputs.tolist(), products, strict=True))


def _function(neuron: Neuron) -> str:
    return "z" if neuron.activation == "linear" else f"{neuron.activation}(z)"


# A neuron's numbers held against those of torch's autograd, in float64, and the section that says so.


def autograd_difference(
    experiment: Experiment, layers: Sequence[Layer], point: Array, neuron: Neuron
) -> float | None:
    """Return the largest difference of sum, output, slope and ∂a/∂w to autograd's; None without torch."""
    torch = torch_or_none()
    if torch is None:
        return None
    from trainlab.engine.reference import build_module

    module = build_module(torch, experiment, 0, "float64")
    linears = list(module)[::2]
    with torch.no_grad():
        for linear, layer in zip(linears, layers, strict=True):
            linear.weight.copy_(torch.from_numpy(layer.weight))
            if layer.bias is not None:
                linear.bias.copy_(torch.from_numpy(layer.bias))
    values = torch.from_numpy(point.copy())[None]
    parts = list(module)[: 2 * neuron.layer]
    for part in parts[:-1]:
        values = part(values)
    values.retain_grad()
    output = parts[-1](values)[0, neuron.unit - 1]
    output.backward()
    chosen = neuron.unit - 1
    slope, gradient = values.grad, linears[neuron.layer - 1].weight.grad
    assert slope is not None
    assert gradient is not None
    return max(
        abs(float(values[0, chosen].detach()) - neuron.sum),
        abs(float(output.detach()) - neuron.output),
        abs(float(slope[0, chosen]) - neuron.slope),
        float(np.abs(gradient[chosen].numpy() - neuron.gradient).max()),
    )


def check_section(difference: float | None) -> Section:
    """Return how far the neuron's numbers are from autograd's."""
    words = (
        "torch isn't installed, so these numbers weren't compared with autograd."
        if difference is None
        else "Sum, output, slope and the change by each weight, computed again by torch's autograd in "
        f"float64: the largest difference is {format_number(difference)}."
    )
    return Section(name="check", heading="Checked against autograd", text=(words,))
