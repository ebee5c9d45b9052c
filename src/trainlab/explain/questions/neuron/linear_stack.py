"""A stack of linear layers is one linear layer: its weights multiplied out, and how exact that is.

With z₁ = W₁x + b₁ and z₂ = W₂z₁ + b₂, z₂ = (W₂W₁)x + (W₂b₁ + b₂), and so on up: W = Wₙ…W₁, b = Wₙ(…) + bₙ.

Both sides are rounded. Each layer's sum of n products and a bias is exact to a factor γ = ku/(1 − ku) of
the sum of absolute values, k = n + 1 and u = 2⁻⁵³, in whatever order it is added up, and the factors of a
chain add their k (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, (3.5), (3.11)
and lemma 3.3). So |stack(x) − single(x)| ≤ 2γ (|Wₙ|…|W₁||x| + |Wₙ|…|W₂||b₁| + … + |bₙ|), k summed over
layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np

from trainlab.draw import Cell
from trainlab.engine.network_pass import Array, Layer
from trainlab.errors import ExplainError
from trainlab.explain.questions.neuron.plane import line_formula
from trainlab.page.section import Section, Table
from trainlab.plain import pick

Linear = tuple[Array, Array | None]

UNIT_ROUNDOFF = 2.0**-53
MOST_LISTED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The largest |stack(x) − single(x)| over some inputs; the same as a share of the largest |stack(x)|; and
    the largest that rounding could have made it.
    """

    absolute: float
    relative: float
    bound: float
    inputs: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Collapse:
    """The one layer that does what a stack of linear layers does: ``weight [out, in]``, ``bias [out]``.

    `bias` is None if no layer of the stack has one. `rank_at_most` is the narrowest place of the stack: the
    rank of `weight` can't exceed it.
    """

    stack: tuple[Linear, ...]
    weight: Array
    bias: Array | None
    rank_at_most: int

    @property
    def parameters_before(self) -> int:
        """Weights and biases of the stack."""
        return sum(weight.size + (0 if bias is None else bias.size) for weight, bias in self.stack)

    @property
    def parameters_after(self) -> int:
        """Weights and biases of the single layer."""
        return self.weight.size + (0 if self.bias is None else self.bias.size)

    def through_stack(self, inputs: Array) -> Array:
        """Return ``[…, out]`` for ``inputs […, in]``, layer by layer."""
        for weight, bias in self.stack:
            inputs = _applied(weight, bias, inputs)
        return inputs

    def through_single(self, inputs: Array) -> Array:
        """Return ``[…, out]`` for ``inputs […, in]``, by the single layer."""
        return _applied(self.weight, self.bias, inputs)

    def bound(self, inputs: Array) -> Array:
        """Return how far rounding can at most take the two apart at each of the outputs ``[…, out]``."""
        sizes = np.abs(inputs)
        for weight, bias in self.stack:
            sizes = _applied(np.abs(weight), None if bias is None else np.abs(bias), sizes)
        k = sum((1 if weight.ndim == 1 else weight.shape[1]) + 1 for weight, _ in self.stack)
        gamma = k * UNIT_ROUNDOFF / (1 - k * UNIT_ROUNDOFF)
        # `sizes` is rounded as well; its own factor covers that. Below the smallest normal number there is an
        # absolute error as well.
        return 2 * gamma * (1 + 2 * gamma) * sizes + k * np.finfo(np.float64).tiny

    def difference(self, inputs: Array) -> Difference:
        """Compare stack and single layer at ``inputs […, in]``."""
        stacked = self.through_stack(inputs)
        apart = np.abs(stacked - self.through_single(inputs))
        scale = float(np.abs(stacked).max(initial=0.0))
        largest = float(apart.max(initial=0.0))
        return Difference(
            absolute=largest,
            relative=largest / scale if scale > 0 else 0.0,
            bound=float(self.bound(inputs).max(initial=0.0)),
            inputs=int(np.prod(inputs.shape[:-1])),
        )


def collapse(stack: Sequence[tuple[Any, Any]]) -> Collapse:
    """Return the single layer equal to a stack of linear layers, first layer first, in float64.

    Each layer is ``(weight [out, in], bias [out] or None)``, arrays or tensors. A weight of one dimension
    ``[n]`` is a diagonal, as of a batch-norm in evaluation.

    >>> one = collapse([([[1, 2], [3, 4]], [1, 0]), ([[1, 1]], None)])
    >>> one.weight.tolist(), one.bias.tolist(), one.parameters_before, one.parameters_after
    ([[4.0, 6.0]], [1.0], 8, 3)

    Raises:
        ExplainError: no layer, shapes that don't follow each other, or a number that isn't finite.
    """
    layers = _checked(stack)
    with np.errstate(over="ignore", invalid="ignore"):
        product, offset = _multiplied(layers)
    narrowest = min(min(weight.shape) for weight, _ in layers)
    whole = np.diag(product) if product.ndim == 1 else product
    if not np.isfinite(whole).all() or (offset is not None and not np.isfinite(offset).all()):
        raise ExplainError(
            f"stack: the product of its {len(layers)} weights overflows; scale the weights down."
        )
    return Collapse(stack=layers, weight=whole, bias=offset, rank_at_most=narrowest)


def _multiplied(layers: Sequence[Linear]) -> Linear:
    product, offset = layers[0]
    for weight, bias in layers[1:]:
        if weight.ndim == 2 and product.ndim == 2:
            product = weight @ product
        elif weight.ndim == 1 and product.ndim == 2:
            product = weight[:, None] * product
        else:
            product = weight * product
        offset = bias if offset is None else _applied(weight, bias, offset)
    return product, offset


def array(name: str, given: Any) -> Array:
    """Return numbers, or a tensor's, as a float64 array.

    Raises:
        ExplainError: what is given isn't numbers, or one isn't finite.
    """
    try:
        held = given.detach().cpu() if hasattr(given, "detach") else given
        values = np.asarray(held.double() if hasattr(held, "double") else held, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ExplainError(f"{name}: is not an array of numbers; give numbers only.") from None
    wrong = np.argwhere(~np.isfinite(values))
    if wrong.size:
        place = cast("list[int]", wrong[0].tolist())
        value = float(values[tuple(place)])
        raise ExplainError(f"{name}: holds {value} at {place}; every number must be finite.")
    return values


def few_numbers(values: Array | None) -> list[Any] | None:
    """Return an array as lists, for JSON; None for one of more than `MOST_LISTED` numbers."""
    return None if values is None or values.size > MOST_LISTED else values.tolist()


def _checked(stack: Sequence[Any]) -> tuple[Linear, ...]:
    layers: list[Linear] = []
    for place, given in enumerate(stack, start=1):
        pair = cast("Sequence[Any]", given if isinstance(given, tuple | list) else ())
        if len(pair) != 2:
            raise ExplainError(
                f"stack: layer {place} is not a pair; give (weight, bias), bias None for none."
            )
        weight = array(f"stack: weight {place}", pair[0])
        bias = None if pair[1] is None else array(f"stack: bias {place}", pair[1])
        if weight.ndim not in (1, 2) or 0 in weight.shape:
            raise ExplainError(
                f"stack: weight {place} has shape {list(weight.shape)}; give [out, in], or [n] for a "
                "diagonal."
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ExplainError(
                f"stack: bias {place} has shape {list(bias.shape)}, but weight {place} has "
                f"{weight.shape[0]} outputs; give one bias for each, or None."
            )
        if layers and layers[-1][0].shape[0] != weight.shape[-1]:
            raise ExplainError(
                f"stack: layer {place} takes {weight.shape[-1]} inputs, but layer {place - 1} has "
                f"{layers[-1][0].shape[0]} outputs; they must be as many."
            )
        layers.append((weight, bias))
    if not layers:
        raise ExplainError("stack: has no layer; give at least one (weight, bias).")
    return tuple(layers)


def _applied(weight: Array, bias: Array | None, inputs: Array) -> Array:
    sums = inputs * weight if weight.ndim == 1 else inputs @ weight.T
    return sums if bias is None else sums + bias


# The section on a network without its activations: one layer, and the best that one layer can do.


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
        "bias": few_numbers(single.bias),
        "parameters_before": single.parameters_before,
        "parameters_after": single.parameters_after,
        **{
            f"{key}_{name}": value
            for key, each in (("data", data), ("random", drawn))
            for name, value in pick(each, "difference=absolute relative bound inputs").items()
        },
    }


def _first(bias: Array | None) -> float | None:
    return None if bias is None else float(bias[0])
