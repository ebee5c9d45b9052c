"""A budget in words: one sentence for the terminal, a small table for a notebook."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trainlab.budgets.question import Budget

NEAR: Final = 300
"""Up to this many parameters, counting is quick enough to look for the nearest number that works."""
REACH: Final = 100
"""How far to look for it."""


def sentence(budget: Budget, *, examples: int = 3) -> str:
    """Return the question, the count and the first few networks as a sentence."""
    count = budget.count()
    who = (
        f"{number_words(count)} fully connected network{_plural(count)}"
        if count
        else "No fully connected network"
    )
    have = "has" if count < 2 else "have"
    told = f"{who} from {_ends(budget)} {have} exactly {_parameters(budget)} ({'; '.join(limits(budget))})"
    if not count:
        return f"{told}. {why_none(budget)}"
    lead = "for example" if count > examples else "namely"
    return f"{told}, {lead} {', '.join(map(str, islice(budget.list(), examples)))}."


def why_none(budget: Budget) -> str:
    """Return why no network has this number of parameters, or the nearest numbers that some have."""
    least, most = _smallest(budget), _largest(budget)
    if budget.parameters < least:
        return f"The smallest under these limits has {least:,}."
    if most is not None and budget.parameters > most:
        return f"The largest under these limits has {most:,}."
    near = [number for number in (_nearest(budget, -1), _nearest(budget, +1)) if number is not None]
    if near:
        return f"The nearest numbers that some have: {' and '.join(f'{number:,}' for number in near)}."
    return "Widths and depths within these limits don't add up to it; widen them."


def _smallest(budget: Budget) -> int:
    """Return the parameters of the smallest network: the narrowest, at the depth where that is least."""
    hidden, output = (int(rule == "yes") for rule in (budget.hidden_bias, budget.output_bias))
    deepest = budget.min_depth + 1 if budget.max_depth is None else budget.max_depth
    # From one hidden layer on, another one only adds parameters.
    depths = range(budget.min_depth, min(deepest, max(budget.min_depth, 1)) + 1)
    return min(_cost(budget, depth, budget.min_width, hidden, output) for depth in depths)


def _largest(budget: Budget) -> int | None:
    """Return the parameters of the largest network; None if there is no limit to width or depth."""
    if budget.max_depth is None or (budget.max_width is None and budget.max_depth > 0):
        return None
    hidden, output = (int(rule != "no") for rule in (budget.hidden_bias, budget.output_bias))
    depths = {budget.min_depth, budget.max_depth, min(budget.max_depth, max(budget.min_depth, 1))}
    return max(_cost(budget, depth, budget.max_width or 1, hidden, output) for depth in depths)


def _cost(budget: Budget, depth: int, width: int, hidden: int, output: int) -> int:
    """Return the parameters of a network whose hidden layers are all equally wide."""
    if depth == 0:
        return (budget.inputs + output) * budget.outputs
    return (
        (budget.inputs + hidden) * width
        + (depth - 1) * (width + hidden) * width
        + (width + output) * budget.outputs
    )


def _nearest(budget: Budget, step: int) -> int | None:
    """Return the nearest number of parameters by `step` that some network has; None if none is near."""
    if budget.parameters > NEAR:
        return None
    for number in range(budget.parameters + step, budget.parameters + step * (REACH + 1), step):
        if number >= 1 and replace(budget, parameters=number).count():
            return number
    return None


def html_table(budget: Budget, *, examples: int = 10) -> str:
    """Return the count and the first few networks as an HTML table."""
    count = budget.count()
    caption = f"{_parameters(budget)}, {_ends(budget)}: {number_words(count)} network{_plural(count)}"
    rows = [f"<tr><td>{network}</td></tr>" for network in islice(budget.list(), examples)]
    if count > examples:
        rows.append(f"<tr><td>… and {number_words(count - examples)} more</td></tr>")
    head = f"<tr><th>{'; '.join(limits(budget))}</th></tr>"
    return f"<table><caption>{caption}</caption>{head}{''.join(rows)}</table>"


def limits(budget: Budget) -> list[str]:
    """Return what the question asks of biases, widths and depth, as phrases."""
    return [
        f"hidden bias {budget.hidden_bias}",
        f"output bias {budget.output_bias}",
        f"hidden widths {_range(budget.min_width, budget.max_width)}",
        f"hidden layers {_range(budget.min_depth, budget.max_depth)}",
    ]


def _range(least: int, most: int | None) -> str:
    if most is None:
        return f"≥ {least}"
    return f"{least}" if most == least else f"{least} to {most}"


def _ends(budget: Budget) -> str:
    return (
        f"{budget.inputs} input{_plural(budget.inputs)} to {budget.outputs} output{_plural(budget.outputs)}"
    )


def _parameters(budget: Budget) -> str:
    return f"{budget.parameters:,} trainable parameter{_plural(budget.parameters)}"


def _plural(number: int) -> str:
    return "" if number == 1 else "s"


def number_words(count: int) -> str:
    """Write up to 15 digits in full, more as a power of ten."""
    digits = str(count)
    if len(digits) <= 15:
        return f"{count:,}"
    return f"{digits[0]}.{digits[1:3]} × 10^{len(digits) - 1}"
