"""The sections on both passes: every sum and output on the way to the loss, and each step of the way back."""

from __future__ import annotations

import re
from typing import Any

from trainlab.draw import can_show_values, value_graph
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.explain.questions.chain_rule.number_words import exactly
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.steps import Step
from trainlab.page.section import Section, Table, paragraphs


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
    if steps and steps[0].phase == "by layer":
        first = next(place for place, step in enumerate(steps) if step.operation == "loss")
        back = list(steps[first:])
    branching = question.example.branches
    activation = question.example.layers[-1].activation
    return Section(
        name="backward",
        heading="Backward: the same products, each computed once",
        text=paragraphs(
            f"{len(steps):,} steps in all, {len(back):,} of them from the loss back. δ = ∂L/∂z; "
            "∂L/∂w = δ · what the weight was multiplied by; ∂L/∂a of the layer before = Σ w · δ.",
            f"{activation} lets every output depend on every sum, so its δ adds up over the outputs."
            if branching
            else "",
            "All steps, forward ones too, with their numbers and what they feed are in result.steps "
            "and the JSON.",
        ),
        tables=(
            Table(
                title="The backward pass, step by step",
                headers=["Step", "Result", "Formula", "Value"],
                rows=[[step.index, step.result, _cut(step.formula), exactly(step.value)] for step in back],
                shown=24,
            ),
        ),
    )


def _cut(formula: str) -> str:
    return formula if len(formula) <= 64 else f"{formula[:63]}…"
