"""A pass forward and a pass backward as a list of small steps, in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.explain.questions.chain_rule.notation import source_name

Phase = Literal["forward", "loss", "backward", "by layer"]

MOST_PARAMETERS = 2_000
"""Of larger networks a step is a whole layer's, and its value a norm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One operation: its `result` is `value`, by `formula`, from `operands` (names with their numbers).

    `feeds` names the results that need it. `operation` is ``weighted sum``, ``activation``, ``loss``,
    ``loss gradient``, ``through activation``, ``weight gradient``, ``bias gradient`` or ``through weights``.
    """

    index: int
    phase: Phase
    layer: int
    operation: str
    result: str
    formula: str
    operands: tuple[tuple[str, float], ...]
    value: float
    feeds: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the step as plain data."""
        return {
            **asdict(self),
            "operands": [list(operand) for operand in self.operands],
            "feeds": list(self.feeds),
        }


class Writer:
    """Numbers the steps as they come."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(
        self,
        phase: Phase,
        layer: int,
        operation: str,
        result: str,
        formula: str,
        operands: list[tuple[str, float]],
        value: float,
        feeds: list[str],
    ) -> None:
        """Add a step; they count from 1."""
        self.steps.append(
            Step(
                index=len(self.steps) + 1,
                phase=phase,
                layer=layer,
                operation=operation,
                result=result,
                formula=formula,
                operands=tuple(operands),
                value=float(value),
                feeds=tuple(feeds),
            )
        )


def pass_steps(example: ExamplePass) -> tuple[Step, ...]:
    """Return the steps of both passes: unit by unit, or of a large network layer by layer."""
    size = sum(layer.weight.size + (0 if layer.bias is None else layer.bias.size) for layer in example.layers)
    writer = Writer()
    if size > MOST_PARAMETERS:
        write_layers(writer.add, example)
        return tuple(writer.steps)
    for layer in range(1, len(example.layers) + 1):
        _forward(writer, example, layer)
    _loss(writer, example)
    for layer in range(len(example.layers), 0, -1):
        _backward(writer, example, layer)
    return tuple(writer.steps)


def _forward(writer: Writer, example: ExamplePass, layer: int) -> None:
    part, passed = example.layers[layer - 1], example.passes[layer - 1]
    units, sources = part.weight.shape
    last, branching = layer == len(example.layers), layer == len(example.layers) and example.branches
    for unit in range(1, units + 1):
        operands: list[tuple[str, float]] = []
        terms: list[str] = []
        for source in range(1, sources + 1):
            name = source_name(layer, source)
            operands += [
                (f"w{layer}[{unit},{source}]", float(part.weight[unit - 1, source - 1])),
                (name, float(passed.inputs[0, source - 1])),
            ]
            terms.append(f"w{layer}[{unit},{source}]·{name}")
        if part.bias is not None:
            operands.append((f"b{layer}[{unit}]", float(part.bias[unit - 1])))
            terms.append(f"b{layer}[{unit}]")
        outs = range(1, units + 1) if branching else [unit]
        feeds = [f"a{layer}[{out}]" for out in outs] + [f"∂L/∂z{layer}[{unit}]"]
        formula = " + ".join(terms)
        z = f"z{layer}[{unit}]"
        writer.add("forward", layer, "weighted sum", z, formula, operands, passed.sums[0, unit - 1], feeds)
    for unit in range(1, units + 1):
        needed = range(1, units + 1) if branching else [unit]
        operands = [(f"z{layer}[{other}]", float(passed.sums[0, other - 1])) for other in needed]
        inside = f"z{layer}" if branching else f"z{layer}[{unit}]"
        formula = f"{part.activation}({inside})" + (f"[{unit}]" if branching else "")
        a = f"a{layer}[{unit}]"
        feeds = ["L", f"∂L/∂{a}"]
        if not last:
            after = example.layers[layer].weight.shape[0]
            feeds = [f"z{layer + 1}[{other}]" for other in range(1, after + 1)]
            feeds += [f"∂L/∂w{layer + 1}[{other},{unit}]" for other in range(1, after + 1)]
        writer.add("forward", layer, "activation", a, formula, operands, passed.outputs[0, unit - 1], feeds)


def _loss(writer: Writer, example: ExamplePass) -> None:
    last, units = len(example.layers), example.widths[-1]
    outputs = example.passes[-1].outputs[0]
    pairs = [
        [(f"a{last}[{unit}]", float(outputs[unit - 1])), (f"y[{unit}]", float(example.targets[0, unit - 1]))]
        for unit in range(1, units + 1)
    ]
    everything = [operand for pair in pairs for operand in pair]
    name = example.objective.name
    writer.add("loss", last, "loss", "L", f"{name}(a{last}, y)", everything, example.loss, [])
    # The softmax inside cross-entropy makes each derivative depend on every output.
    whole = name == "cross_entropy"
    for unit in range(1, units + 1):
        result = f"∂L/∂a{last}[{unit}]"
        operands = everything if whole else pairs[unit - 1]
        sums = range(1, units + 1) if example.branches else [unit]
        feeds = [f"∂L/∂z{last}[{other}]" for other in sums]
        value = example.grad_output[0, unit - 1]
        writer.add("loss", last, "loss gradient", result, f"{name}′(a{last}, y)", operands, value, feeds)


def _backward(writer: Writer, example: ExamplePass, layer: int) -> None:
    gradient, passed, part = (
        example.gradients[layer - 1],
        example.passes[layer - 1],
        example.layers[layer - 1],
    )
    units, sources = part.weight.shape
    for unit in range(1, units + 1):
        _through_activation(writer, example, layer, unit)
    for unit in range(1, units + 1):
        delta = (f"∂L/∂z{layer}[{unit}]", float(gradient.sums[0, unit - 1]))
        for source in range(1, sources + 1):
            met = (source_name(layer, source), float(passed.inputs[0, source - 1]))
            writer.add(
                "backward",
                layer,
                "weight gradient",
                f"∂L/∂w{layer}[{unit},{source}]",
                f"{delta[0]} · {met[0]}",
                [delta, met],
                gradient.weight[unit - 1, source - 1],
                [],
            )
        if gradient.bias is not None:
            result = f"∂L/∂b{layer}[{unit}]"
            value = gradient.bias[unit - 1]
            writer.add("backward", layer, "bias gradient", result, delta[0], [delta], value, [])
    for source in range(1, sources + 1) if layer > 1 else ():
        operands: list[tuple[str, float]] = []
        for unit in range(1, units + 1):
            operands += [
                (f"w{layer}[{unit},{source}]", float(part.weight[unit - 1, source - 1])),
                (f"∂L/∂z{layer}[{unit}]", float(gradient.sums[0, unit - 1])),
            ]
        formula = " + ".join(f"w{layer}[{u},{source}]·∂L/∂z{layer}[{u}]" for u in range(1, units + 1))
        result, feeds = f"∂L/∂a{layer - 1}[{source}]", [f"∂L/∂z{layer - 1}[{source}]"]
        value = gradient.inputs[0, source - 1]
        writer.add("backward", layer, "through weights", result, formula, operands, value, feeds)


def _through_activation(writer: Writer, example: ExamplePass, layer: int, unit: int) -> None:
    """Write δ = f′(z) ∂L/∂a; where outputs depend on every sum, Σ ∂a_k/∂z ∂L/∂a_k."""
    name, slope = example.layers[layer - 1].activation, example.slope(layer - 1)
    upstream = example.grad_output[0] if layer == len(example.layers) else example.gradients[layer].inputs[0]
    z, sources = f"z{layer}[{unit}]", example.layers[layer - 1].weight.shape[1]
    if slope.ndim == 1:
        operands = [
            (f"{name}′({z})", float(slope[unit - 1])),
            (f"∂L/∂a{layer}[{unit}]", float(upstream[unit - 1])),
        ]
        formula = f"{name}′({z})·∂L/∂a{layer}[{unit}]"
    else:
        operands, terms = list[tuple[str, float]](), list[str]()
        for out in range(1, len(upstream) + 1):
            local, after = f"∂a{layer}[{out}]/∂{z}", f"∂L/∂a{layer}[{out}]"
            operands += [(local, float(slope[out - 1, unit - 1])), (after, float(upstream[out - 1]))]
            terms.append(f"{local}·{after}")
        formula = " + ".join(terms)
    feeds = [f"∂L/∂w{layer}[{unit},{source}]" for source in range(1, sources + 1)]
    feeds += [f"∂L/∂b{layer}[{unit}]"] if example.layers[layer - 1].bias is not None else []
    feeds += [f"∂L/∂a{layer - 1}[{source}]" for source in range(1, sources + 1)] if layer > 1 else []
    value = example.gradients[layer - 1].sums[0, unit - 1]
    writer.add("backward", layer, "through activation", f"∂L/∂{z}", formula, operands, value, feeds)


Add = Callable[..., None]
"""Takes phase, layer, operation, result, formula, operands, value and feeds of a step, as `Writer.add`."""


def write_layers(add: Add, example: ExamplePass) -> None:
    """Write one step for each of a layer's vectors and matrices; values are Euclidean norms."""
    norm = np.linalg.norm
    last = len(example.layers)
    for layer, (part, passed) in enumerate(zip(example.layers, example.passes, strict=True), start=1):
        before = "x" if layer == 1 else f"a{layer - 1}"
        bias = "" if part.bias is None else f" + b{layer}"
        into = [(f"‖W{layer}‖", float(norm(part.weight))), (f"‖{before}‖", float(norm(passed.inputs)))]
        formula, value = f"W{layer} {before}{bias}", float(norm(passed.sums))
        add("by layer", layer, "weighted sum", f"z{layer}", formula, into, value, [f"a{layer}"])
        after = f"z{layer + 1}" if layer < last else "L"
        formula, value = f"{part.activation}(z{layer})", float(norm(passed.outputs))
        into = [(f"‖z{layer}‖", float(norm(passed.sums)))]
        add("by layer", layer, "activation", f"a{layer}", formula, into, value, [after])
    name, outputs = example.objective.name, [(f"‖a{last}‖", float(norm(example.passes[-1].outputs)))]
    add("by layer", last, "loss", "L", f"{name}(a{last}, y)", outputs, example.loss, [])
    result, value = f"∂L/∂a{last}", float(norm(example.grad_output))
    feeds = [f"∂L/∂z{last}"]
    add("by layer", last, "loss gradient", result, f"{name}′(a{last}, y)", outputs, value, feeds)
    for layer in range(last, 0, -1):
        _layer_backward(add, example, layer)


def _layer_backward(add: Add, example: ExamplePass, layer: int) -> None:
    norm, gradient = np.linalg.norm, example.gradients[layer - 1]
    upstream = example.grad_output if layer == len(example.layers) else example.gradients[layer].inputs
    name, delta = example.layers[layer - 1].activation, (f"‖∂L/∂z{layer}‖", float(norm(gradient.sums)))
    feeds = [f"∂L/∂W{layer}", *([f"∂L/∂b{layer}"] if gradient.bias is not None else [])]
    feeds += [f"∂L/∂a{layer - 1}"] if layer > 1 else []
    formula, into = f"{name}′(z{layer}) by ∂L/∂a{layer}", [(f"‖∂L/∂a{layer}‖", float(norm(upstream)))]
    add("by layer", layer, "through activation", f"∂L/∂z{layer}", formula, into, delta[1], feeds)
    before = "x" if layer == 1 else f"a{layer - 1}"
    operands = [delta, (f"‖{before}‖", float(norm(example.passes[layer - 1].inputs)))]
    formula, value = f"∂L/∂z{layer} {before}ᵀ", float(norm(gradient.weight))
    add("by layer", layer, "weight gradient", f"∂L/∂W{layer}", formula, operands, value, [])
    if gradient.bias is not None:
        result, formula = f"∂L/∂b{layer}", f"∂L/∂z{layer}"
        add("by layer", layer, "bias gradient", result, formula, [delta], float(norm(gradient.bias)), [])
    if layer > 1:
        result, formula = f"∂L/∂a{layer - 1}", f"W{layer}ᵀ ∂L/∂z{layer}"
        value, feeds = float(norm(gradient.inputs)), [f"∂L/∂z{layer - 1}"]
        add("by layer", layer, "through weights", result, formula, [delta], value, feeds)
