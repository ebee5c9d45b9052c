"""The sections on one example's way forward and back, and what is known of it as plain data."""

from __future__ import annotations

import re
from typing import Any

from trainlab.draw import can_show_values, value_graph
from trainlab.explain.explanation import Section, Table, paragraphs
from trainlab.explain.questions.chain_rule.asked import Question
from trainlab.explain.questions.chain_rule.differences import Difference, central_difference
from trainlab.explain.questions.chain_rule.names import entry_value
from trainlab.explain.questions.chain_rule.paths import Paths
from trainlab.explain.questions.chain_rule.paths_section import paths_numbers
from trainlab.explain.questions.chain_rule.point_autograd import Autograd
from trainlab.explain.questions.chain_rule.steps import MOST_PARAMETERS, Step
from trainlab.explain.questions.chain_rule.trace import Trace
from trainlab.explain.questions.chain_rule.words import exactly, plain


def forward_section(question: Question) -> Section:
    """Return every sum and output, in the order in which they are computed."""
    traced = question.trace
    rows: list[list[Any]] = []
    for layer, passed in enumerate(traced.passes, start=1):
        for unit in range(passed.sums.shape[1]):
            z, a = float(passed.sums[0, unit]), float(passed.outputs[0, unit])
            rows.append([layer, unit + 1, exactly(z), traced.layers[layer - 1].activation, exactly(a)])
    widths = "-".join(map(str, traced.widths))
    return Section(
        name="forward",
        heading="Forward: from the inputs to the loss",
        text=paragraphs(
            f"{widths}, weights of seed {question.seed}; {question.point}. Each unit adds up its weighted "
            "inputs, z = Σ w·a + b, and passes on a = f(z).",
            f"Loss: {traced.objective.name} = {exactly(traced.loss)}. {traced.objective.formula}.",
            "p is the prediction, often written ŷ, and y the target."
            if re.search(r"\bp\b", traced.objective.formula)
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
        pictures=_forward_picture(traced),
    )


def _forward_picture(traced: Trace) -> tuple[Any, ...]:
    if not can_show_values(traced.widths):
        return ()
    columns = [[[("x", value)] for value in traced.inputs[0].tolist()]]
    columns += [
        [[("z", z), ("a", a)] for z, a in zip(part.sums[0].tolist(), part.outputs[0].tolist(), strict=True)]
        for part in traced.passes
    ]
    weights = [layer.weight for layer in traced.layers]
    return (value_graph(traced.widths, weights, columns, title="Forward: sum z and output a of each unit"),)


def backward_section(question: Question, steps: tuple[Step, ...]) -> Section:
    """Return the steps of the way back, in order."""
    back = [step for step in steps if step.phase != "forward"]
    if steps and steps[0].phase == "by layer":
        first = next(place for place, step in enumerate(steps) if step.operation == "loss")
        back = list(steps[first:])
    branching = question.trace.branches
    activation = question.trace.layers[-1].activation
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


def point_numbers(
    question: Question,
    paths: Paths,
    autograd: Autograd | None,
    difference: Difference,
    steps: tuple[Step, ...],
) -> dict[str, Any]:
    """Return what these sections say as plain data."""
    traced, entry = question.trace, question.entry
    small = question.experiment.network.parameters <= MOST_PARAMETERS
    return {
        "seed": question.seed,
        "activations": [layer.activation for layer in traced.layers],
        "loss": traced.objective.name,
        "point": question.point,
        "inputs": plain(traced.inputs[0]),
        "targets": plain(traced.targets[0]),
        "outputs": plain(traced.passes[-1].outputs[0]),
        "loss_value": traced.loss,
        "weight": str(entry),
        "weight_value": entry_value(traced.layers, entry),
        "derivative": traced.derivative(entry),
        "paths": paths_numbers(paths.count, paths.total, paths.listed),
        "checks": {
            "paths": paths.total,
            "backward": traced.derivative(entry),
            "autograd": autograd.value if autograd else None,
            "autograd_all_weights": autograd.worst if autograd else None,
            "autograd_note": "" if autograd else "PyTorch is not installed",
            "central_difference": difference.value,
            "difference_step": difference.step,
        },
        "forward": [{"z": plain(part.sums[0]), "a": plain(part.outputs[0])} for part in traced.passes],
        "backward": [
            {
                "delta": plain(part.sums[0]),
                "weight": plain(part.weight) if small else None,
                "bias": None if part.bias is None or not small else plain(part.bias),
            }
            for part in traced.gradients
        ],
        "steps": [step.to_dict() for step in steps],
    }


def difference_of(question: Question) -> Difference:
    """Return the central difference of the chosen weight at the point."""
    traced = question.trace
    return central_difference(traced.layers, traced.objective, traced.inputs, traced.targets, question.entry)
