"""Both passes as small steps in the order in which they are computed, and the sections on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trainlab.draw import can_show_values, value_graph
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, exactly, source_name
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import Plain

Phase = Literal["forward", "loss", "backward"]

MOST_PARAMETERS = 2_000
"""Of larger networks the steps aren't listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step(Plain):
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
    """Return the steps of both passes, unit by unit; none of a large network."""
    size = sum(layer.weight.size + (0 if layer.bias is None else layer.bias.size) for layer in example.layers)
    if size > MOST_PARAMETERS:
        return ()
    writer = Writer()
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


# The sections on both passes: every sum and output on the way to the loss, and each step of the way back.


def forward_section(question: Question) -> Section:
    """Return every sum and output, in the order in which they are computed."""
    example = question.example
    rows: list[list[Any]] = []
    for layer, passed in enumerate(example.passes, start=1):
        for unit in range(passed.sums.shape[1]):
            z, a = float(passed.sums[0, unit]), float(passed.outputs[0, unit])
            rows.append([layer, unit + 1, exactly(z), example.layers[layer - 1].activation, exactly(a)])
    widths = "-".join(map(str, example.widths))
    return Section(
        name="forward",
        heading="Forward: from the inputs to the loss",
        text=paragraphs(
            f"{widths}, weights of seed {question.seed}; {question.point}. Each unit adds up its weighted "
            "inputs, z = Σ w·a + b, and passes on a = f(z).",
            f"Loss: {example.objective.name} = {exactly(example.loss)}. {example.objective.formula}.",
            "p is the prediction, often written ŷ, and y the target."
            if re.search(r"\bp\b", example.objective.formula)
            else "",
        ),
        tables=(
            Table(
                title="Forward, unit by unit",
                headers=["Layer", "Unit", "z", "f", "a = f(z)"],
                rows=rows,
                shown=20,
            ),
        ),
        pictures=_forward_picture(example),
    )


def _forward_picture(example: ExamplePass) -> tuple[Any, ...]:
    if not can_show_values(example.widths):
        return ()
    columns = [[[("x", value)] for value in example.inputs[0].tolist()]]
    columns += [
        [[("z", z), ("a", a)] for z, a in zip(part.sums[0].tolist(), part.outputs[0].tolist(), strict=True)]
        for part in example.passes
    ]
    weights = [layer.weight for layer in example.layers]
    return (value_graph(example.widths, weights, columns, title="Forward: sum z and output a of each unit"),)


def backward_section(question: Question, steps: tuple[Step, ...]) -> Section:
    """Return the steps of the way back, in order."""
    back = [step for step in steps if step.phase != "forward"]
    branching = question.example.branches
    activation = question.example.layers[-1].activation
    return Section(
        name="backward",
        heading="Backward: the same products, each computed once",
        text=paragraphs(
            f"{_count_words(steps, back)} δ = ∂L/∂z; "
            "∂L/∂w = δ · what the weight was multiplied by; ∂L/∂a of the layer before = Σ w · δ.",
            f"{activation} lets every output depend on every sum, so its δ adds up over the outputs."
            if branching
            else "",
            "All steps, forward ones too, with their numbers and what they feed are in result.steps "
            "and the JSON."
            if steps
            else "",
        ),
        tables=()
        if not steps
        else (
            Table(
                title="The backward pass, step by step",
                headers=["Step", "Result", "Formula", "Value"],
                rows=[[step.index, step.result, _cut(step.formula), exactly(step.value)] for step in back],
                shown=24,
            ),
        ),
    )


def _count_words(steps: Sequence[Step], back: Sequence[Step]) -> str:
    if not steps:
        return (
            f"Of a network with more than {MOST_PARAMETERS:,} parameters the steps aren't listed one by one."
        )
    return f"{len(steps):,} steps in all, {len(back):,} of them from the loss back."


def _cut(formula: str) -> str:
    return formula if len(formula) <= 64 else f"{formula[:63]}…"
