"""The answer in a sentence and a table: the paths of one weight, multiplied out."""

from __future__ import annotations

from typing import Final

from trainlab.draw import format_number
from trainlab.explain.explanation import ShortAnswer, Table
from trainlab.explain.questions.chain_rule.words import apart, counted_paths

RULE: Final = "Multiply the local derivatives along each path from a weight to the loss, and add up the paths"


def short_answer(
    *,
    weight: str,
    derivative: float,
    count: int,
    listed: bool,
    autograd: float | None,
    table: Table,
    shown_on: str,
) -> ShortAnswer:
    """Return the answer for a weight; `count` paths lead from it to the loss, all `listed` or too many."""
    value = f"∂L/∂{weight} = {format_number(derivative)}"
    if count == 0:
        found = f"no path leads from {weight} to the loss, so that {value}"
    elif count == 1:
        found = f"the one path from {weight} gives {value}"
    elif listed:
        found = f"the {counted_paths(count)} from {weight} give {value}"
    else:
        found = f"{counted_paths(count)} from {weight} give {value}, which the backward pass adds up unlisted"
    check = "" if autograd is None else f"; autograd differs by {apart(autograd, derivative)}"
    return ShortAnswer(sentence=f"{RULE}: {found}{check}.", table=table, shown_on=shown_on)
