"""One example on its way through a network, in the notation of the chain rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.draw import format_number
from trainlab.engine.network_pass import Array, Layer, LayerGradient, LayerPass, backward, forward
from trainlab.errors import ExplainError
from trainlab.explain.network import Objective
from trainlab.maths import ACTIVATIONS

# The notation of the chain rule: w2[1,3] is the weight of layer 2 to its unit 1 from unit 3 before it.
#
# Everything counts from 1. ``b2[1]`` is a bias; ``z2[1]`` and ``a2[1]`` are a unit's sum and output, ``x[1]``
# an input, ``L`` the loss. That is the order of PyTorch's ``weight[0, 2]``, which counts from 0; drawings
# often have the source first, w²₃₁. A shell may want w2[1,3] in quotes, so ``w2.1.3`` and ``b2.1`` mean the
# same.


_BRACKETS = re.compile(r"\s*([wb])\s*(\d{1,9})\s*\[\s*(\d{1,9})\s*(?:,\s*(\d{1,9})\s*)?\]\s*")
_DOTS = re.compile(r"\s*([wb])(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?\s*")
_RAISED, _LOWERED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_HOW = "write w2[1,3] (layer 2, to unit 1, from unit 3), b2[1] for a bias, or w2.1.3 and b2.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One weight, or with `source` None one bias; layer, unit and source count from 1."""

    layer: int
    unit: int
    source: int | None

    def __str__(self) -> str:
        if self.source is None:
            return f"b{self.layer}[{self.unit}]"
        return f"w{self.layer}[{self.unit},{self.source}]"

    @property
    def words(self) -> str:
        """What it is: ``the weight to unit 2 of layer 1 from input 1``."""
        unit = f"unit {self.unit} of layer {self.layer}"
        if self.source is None:
            return f"the bias of {unit}"
        origin = (
            f"input {self.source}" if self.layer == 1 else f"unit {self.source} of layer {self.layer - 1}"
        )
        return f"the weight to {unit} from {origin}"

    @property
    def elsewhere(self) -> str:
        """What PyTorch calls it, ``weight[1, 0]`` or ``bias[1]``, and a drawing, w¹₁₂, in sentences."""
        if self.source is None:
            return f"In PyTorch, which counts from 0, it is bias[{self.unit - 1}] of the layer's Linear."
        place = f"weight[{self.unit - 1}, {self.source - 1}]"
        torch = (
            f"In PyTorch, which counts from 0, it is {place} of the layer's Linear: to, then from, as here"
        )
        if max(self.unit, self.source) > 9:
            # Two numbers of two digits can't be told apart without a comma between them.
            return f"{torch}."
        layer = str(self.layer).translate(_RAISED)
        lowered = f"{self.source}{self.unit}".translate(_LOWERED)
        return f"{torch}. Drawings often name the source first: w{layer}{lowered}."


def parse_entry(text: str, layers: Sequence[Layer]) -> Entry:
    """Return the weight or bias that `text` names.

    Raises:
        ExplainError: if it isn't written so, or the network has no such weight.
    """
    match = _BRACKETS.fullmatch(text) or _DOTS.fullmatch(text)
    if match is None or (match[1] == "w") != (match[4] is not None):
        raise ExplainError(f"weight = {text[:60]!r}: is no weight's name; {_HOW}.")
    entry = Entry(layer=int(match[2]), unit=int(match[3]), source=None if match[4] is None else int(match[4]))
    _check(text.strip(), entry, layers)
    return entry


def entry_value(layers: Sequence[Layer], entry: Entry) -> float:
    """Return the number that stands there."""
    layer = layers[entry.layer - 1]
    if entry.source is None:
        return float(_bias(layer)[entry.unit - 1])
    return float(layer.weight[entry.unit - 1, entry.source - 1])


def with_entry(layers: Sequence[Layer], entry: Entry, value: float) -> list[Layer]:
    """Return the layers with another number there; the given ones stay as they are."""
    changed = list(layers)
    layer = layers[entry.layer - 1]
    if entry.source is None:
        bias = _bias(layer).copy()
        bias[entry.unit - 1] = value
        changed[entry.layer - 1] = Layer(weight=layer.weight, bias=bias, activation=layer.activation)
    else:
        weight = layer.weight.copy()
        weight[entry.unit - 1, entry.source - 1] = value
        changed[entry.layer - 1] = Layer(weight=weight, bias=layer.bias, activation=layer.activation)
    return changed


def source_name(layer: int, unit: int) -> str:
    """Return the name of what a layer's weights are multiplied by: ``x[1]`` or ``a2[1]``."""
    return f"x[{unit}]" if layer == 1 else f"a{layer - 1}[{unit}]"


def _bias(layer: Layer) -> Array:
    if layer.bias is None:
        raise ExplainError("weight: this layer has no biases; name one of its weights.")
    return layer.bias


def _check(text: str, entry: Entry, layers: Sequence[Layer]) -> None:
    if not 1 <= entry.layer <= len(layers):
        raise ExplainError(
            f"weight = {text!r}: there is no layer {entry.layer}; the network has layers 1 to {len(layers)}."
        )
    layer = layers[entry.layer - 1]
    units, sources = layer.weight.shape
    if entry.source is None and layer.bias is None:
        raise ExplainError(
            f"weight = {text!r}: layer {entry.layer} has no biases; name one of its weights, such as "
            f"w{entry.layer}[1,1]."
        )
    if not 1 <= entry.unit <= units or (entry.source is not None and not 1 <= entry.source <= sources):
        of = "" if entry.source is None else f" and are from units 1 to {sources:,}"
        kind = "biases belong" if entry.source is None else "weights go"
        raise ExplainError(
            f"weight = {text!r}: there is no such one; in layer {entry.layer} {kind} to units 1 to "
            f"{units:,}{of}."
        )


# Numbers in sentences: exact counts however long, and differences beside what they are of.


_LONGEST = 4_000
"""Digits that Python still writes without being asked twice."""


def count_text(count: int) -> str:
    """Return a count with all its digits; beyond 30 digits its size as well."""
    digits = int(count.bit_length() * 0.30103) + 1
    if digits > _LONGEST:
        return f"more than 10^{digits - 2:,}"
    exact = f"{count:,}"
    return exact if digits <= 30 else f"{exact} (about 10^{len(str(count)) - 1})"


def count_number(count: int) -> int | None:
    """Return the count for JSON; None where it has more digits than JSON's readers take."""
    return count if count.bit_length() * 0.30103 < _LONGEST else None


def counted_paths(count: int) -> str:
    """Return ``1 path`` or ``1,024 paths``."""
    return f"{count_text(count)} path{'' if count == 1 else 's'}"


def exactly(value: float | None) -> str:
    """Return a number with six digits."""
    return format_number(value, digits=6)


def apart(value: float | None, reference: float) -> str:
    """Return how far a number is from another, in words."""
    if value is None:
        return "–"
    difference = abs(value - reference)
    return "0" if difference == 0 else format_number(difference, digits=2)


def share_text(value: float | None) -> str:
    """Return a share in percent, large ones as factors."""
    if value is None:
        return "nothing"
    return f"{format_number(100 * value, digits=2)} %" if value < 10 else f"{format_number(value)} times"


# One example on its way through a network: every sum, every output, the loss, and every derivative.
#
# For one example δ_l = ∂L/∂z_l, ∂L/∂W_l = δ_l a_{l−1}ᵀ and ∂L/∂a_{l−1} = W_lᵀ δ_l (Rumelhart, Hinton &
# Williams, Nature 323, 1986).


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExamplePass:
    """``inputs [1, features]`` and ``targets [1, outputs]`` with all that follows; ``grad_output`` is ∂L/∂a
    of the last layer, ``[1, outputs]``.
    """

    layers: tuple[Layer, ...]
    objective: Objective
    inputs: Array
    targets: Array
    passes: tuple[LayerPass, ...]
    loss: float
    grad_output: Array
    gradients: tuple[LayerGradient, ...]

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, units of each layer."""
        return (self.inputs.shape[1], *(layer.weight.shape[0] for layer in self.layers))

    @property
    def branches(self) -> bool:
        """Whether each output depends on every sum of the last layer, as with softmax."""
        return not ACTIVATIONS[self.layers[-1].activation].elementwise

    def derivative(self, entry: Entry) -> float:
        """Return ∂L/∂w, by the backward pass."""
        gradient = self.gradients[entry.layer - 1]
        if entry.source is not None:
            return float(gradient.weight[entry.unit - 1, entry.source - 1])
        if gradient.bias is None:
            raise ExplainError(f"weight = '{entry}': the layer has no biases; name one of its weights.")
        return float(gradient.bias[entry.unit - 1])

    def slope(self, layer: int) -> Array:
        """Return ∂a/∂z of a layer (from 0): ``[units]``, or ``[units out, units in]`` where it branches."""
        activation = ACTIVATIONS[self.layers[layer].activation]
        sums = self.passes[layer].sums
        if activation.derivative is not None:
            return activation.derivative(sums)[0]
        # Row k is ∂a_k/∂z: the vector-Jacobian product with the k-th unit vector.
        units = sums.shape[1]
        return activation.backward(np.repeat(sums, units, axis=0), np.eye(units))


def pass_example(layers: Sequence[Layer], objective: Objective, inputs: Array, targets: Array) -> ExamplePass:
    """Return the passes of one example, ``inputs [1, features]``.

    Raises:
        ExplainError: if a number on the way isn't finite.
    """
    with np.errstate(all="ignore"):
        passes = forward(layers, inputs)
        loss = objective.value(passes[-1].outputs, targets)
        grad_output = objective.gradient(passes[-1].outputs, targets)
        gradients = backward(layers, passes, grad_output)
    for place, passed in enumerate(passes, start=1):
        if not (np.isfinite(passed.sums).all() and np.isfinite(passed.outputs).all()):
            raise ExplainError(
                f"network: the numbers of layer {place} are not finite for this point, so no derivative is; "
                "take smaller weights (init), smaller inputs, or another seed."
            )
    if not (np.isfinite(loss) and all(np.isfinite(part.weight).all() for part in gradients)):
        raise ExplainError(
            f"loss = {objective.name!r}: the loss, or its gradient, is not finite for this point; take "
            "smaller weights (init), another point, or another seed."
        )
    return ExamplePass(
        layers=tuple(layers),
        objective=objective,
        inputs=inputs,
        targets=targets,
        passes=passes,
        loss=loss,
        grad_output=grad_output,
        gradients=gradients,
    )
