"""The section on the way back, step by step."""

from __future__ import annotations

from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.steps import Step
from trainlab.explain.questions.chain_rule.words import exactly
from trainlab.page.section import Section, Table, paragraphs


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
