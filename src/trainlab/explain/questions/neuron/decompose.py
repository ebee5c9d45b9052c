"""A neuron taken apart: what each input adds to its sum, and what its activation does to that.

z = Σ wᵢxᵢ + b and a = f(z); the slope f′(z) says how much of a small change of z reaches a, and the change of
a by a weight is ∂a/∂wᵢ = f′(z) xᵢ (Rumelhart, Hinton & Williams, Nature 323, 1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trainlab.draw import format_number
from trainlab.engine.network_pass import Array, Layer, LayerPass
from trainlab.maths import ACTIVATIONS

CURVE_POINTS: Final = 161


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Neuron:
    """A neuron at one input: ``inputs [n]``, ``weights [n]``, the bias or None, and what comes of them.

    `layer` and `unit` count from 1; `place` names the layer. `sources` name its inputs. ``curve`` holds sums
    ``[k]`` and the activation's outputs there ``[k]``, the other units of the layer staying as they are.
    `follows` says what becomes of the sum that isn't traced further, and so isn't in the output; empty if all
    of it is.
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
    curve: tuple[Array, Array]
    follows: str = ""

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
        return {
            "layer": self.layer,
            "unit": self.unit,
            "place": self.place,
            "activation": self.activation,
            "formula": self.formula,
            "contributions": [
                {"source": source, "input": x, "weight": w, "product": w * x, "gradient": self.slope * x}
                for source, x, w in zip(
                    self.sources, self.inputs.tolist(), self.weights.tolist(), strict=True
                )
            ],
            "bias": self.bias,
            "sum": self.sum,
            "output": self.output,
            "slope": self.slope,
            "follows": self.follows or None,
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
        curve=response(activation.value, sums[0], unit - 1),
    )


def response(value: Callable[[Array], Array], sums: Array, unit: int) -> tuple[Array, Array]:
    """Return sums around that of a unit, and what `value` of a layer's ``sums [units]`` gives it there."""
    reach = max(4.0, 1.25 * abs(float(sums[unit])))
    # A sum far out is drawn to scale: rather flat than off the page.
    grid = np.linspace(-reach, reach, CURVE_POINTS)
    rows = np.repeat(sums[None, :], CURVE_POINTS, axis=0)
    rows[:, unit] = grid
    return grid, value(rows)[:, unit]


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


def output_words(neuron: Neuron) -> str:
    """Return what becomes of the sum."""
    if neuron.follows:
        told = "Its sums are" if neuron.follows.startswith("used ") else "What follows is"
        return f"{told} {neuron.follows}; that isn't traced further: the output here is the sum itself."
    return f"Its activation, {neuron.formula}, turns that into {format_number(neuron.output)}."


def slope_words(neuron: Neuron) -> str:
    """Return what the slope means."""
    slope = neuron.slope
    if neuron.follows:
        return ""
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
