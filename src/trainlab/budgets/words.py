"""A budget in words: one sentence for the terminal, a small table for a notebook."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainlab.budgets.question import Budget


def sentence(budget: Budget, *, examples: int = 3) -> str:
    """Return the question, the count and the first few networks as a sentence."""
    count = budget.count()
    who = (
        f"{_number(count)} fully connected network{_plural(count)}" if count else "No fully connected network"
    )
    have = "has" if count < 2 else "have"
    told = f"{who} from {_ends(budget)} {have} exactly {_parameters(budget)} ({'; '.join(limits(budget))})"
    if not count:
        return f"{told}."
    lead = "for example" if count > examples else "namely"
    return f"{told}, {lead} {', '.join(map(str, islice(budget.list(), examples)))}."


def html_table(budget: Budget, *, examples: int = 10) -> str:
    """Return the count and the first few networks as an HTML table."""
    count = budget.count()
    caption = f"{_parameters(budget)}, {_ends(budget)}: {_number(count)} network{_plural(count)}"
    rows = [f"<tr><td>{network}</td></tr>" for network in islice(budget.list(), examples)]
    if count > examples:
        rows.append(f"<tr><td>… and {_number(count - examples)} more</td></tr>")
    head = f"<tr><th>{'; '.join(limits(budget))}</th></tr>"
    return f"<table><caption>{caption}</caption>{head}{''.join(rows)}</table>"


def limits(budget: Budget) -> list[str]:
    """Return what the question asks of biases, widths and depth, a phrase each."""
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


def _number(count: int) -> str:
    """Write up to 15 digits in full, more as a power of ten."""
    digits = str(count)
    if len(digits) <= 15:
        return f"{count:,}"
    return f"{digits[0]}.{digits[1:3]} × 10^{len(digits) - 1}"
