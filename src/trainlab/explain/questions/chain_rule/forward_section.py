"""The section on one example's way forward: every sum and output."""

from __future__ import annotations

import re
from typing import Any

from trainlab.draw import can_show_values, value_graph
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.trace import Trace
from trainlab.explain.questions.chain_rule.words import exactly
from trainlab.page.section import Section, Table, paragraphs


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
