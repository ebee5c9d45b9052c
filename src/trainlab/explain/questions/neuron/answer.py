"""The answer: what a neuron adds up and what its activation makes of that; and a verdict in words."""

from __future__ import annotations

from typing import Final

from trainlab.draw import format_number
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.neuron.apart_section import apart_table
from trainlab.explain.questions.neuron.decompose import Neuron
from trainlab.explain.questions.neuron.evidence import Evidence
from trainlab.explain.questions.neuron.stack_depths import activation_of
from trainlab.explain.questions.neuron.stacks_section import (
    active_words,
    none_words,
)

ROWS: Final = 10
"""Of more inputs the table has those that add or take away most."""


def short_answer(one: Neuron, where: str, *, collapse: str = "") -> ShortAnswer:
    """Return the answer; `where` says which neuron, `collapse` what its stack is without activations."""
    bias = "and its bias" if one.bias is not None else "without a bias"
    total = format_number(one.sum)
    if one.follows:
        made = f"the sum here is {total}; what is done to it ({one.follows}) isn't looked through"
    elif one.activation == "linear":
        made = f"the sum here is {total}, and goes on as it is"
    else:
        made = f"the sum here is {total}, and {one.activation} makes {format_number(one.output)} of it"
    return ShortAnswer(
        sentence=f"A neuron adds up its weighted inputs {bias}, and its activation decides what passes on: "
        f"{made}.",
        table=apart_table(one, most=ROWS),
        shown_on=" ".join(part for part in (where, collapse) if part),
    )


def verdict(evidence: Evidence) -> str:
    """Return the answer for a neuron of an experiment, in a few sentences."""
    number = format_number
    experiment, task, one, single = evidence.experiment, evidence.task, evidence.neuron, evidence.stack
    rates, fits, where = evidence.rates, evidence.fits[evidence.hardest], evidence.where
    collapses = (
        f"Without activations its {len(single.stack)} layers are one (largest difference "
        f"{number(single.difference(task.inputs).absolute)}). "
        if len(single.stack) > 1
        else ""
    )
    largest = next((fit for fit in fits if fit.criterion == "largest"), None)
    cannot = ""
    if evidence.can_be_solved is False and largest is not None:
        least = str(largest.exact) if largest.exact is not None else number(largest.least)
        cannot = f"No single linear layer can bring every error below {least}. "
    name = activation_of(experiment.network)
    return (
        "A neuron adds up its weighted inputs and its bias, and its activation decides what passes on. "
        f"{where.removesuffix('.')}: the sum is {number(one.sum)}, its "
        "activation makes "
        f"{number(one.output)} of it, slope {number(one.slope)}. {collapses}{cannot}{none_words(rates)} "
        f"{active_words(rates, name)} Tested: {rates[0].linear.n:,} seeds, the task {task.name} only."
    )
