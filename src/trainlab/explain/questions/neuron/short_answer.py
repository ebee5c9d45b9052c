"""The answer in a sentence and a table: what a neuron adds up, and what its activation makes of that."""

from __future__ import annotations

from typing import Final

from trainlab.draw import format_number
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.neuron.apart import Neuron
from trainlab.explain.questions.neuron.apart_section import apart_table

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
