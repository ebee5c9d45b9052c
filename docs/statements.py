"""The statements of the assignment's second part, each held against what was computed and trained."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from docs import stated_inits, stated_losses, stated_rates
from docs.explained import Explained
from docs.figures import table
from docs.stated import Outcome, Statement
from trainlab.draw import join

MAKERS = (*stated_rates.MAKERS, *stated_inits.MAKERS, *stated_losses.MAKERS)

PAGES = {
    "neuron": "What is a neuron?",
    "learning_rate": "What is the learning rate for?",
    "init": "How are weights initialised?",
    "loss": "What is a loss?",
    "chain_rule": "What is the chain rule?",
}


def judged(explained: Explained) -> list[Statement]:
    """Return every statement, in the assignment's order."""
    return [make(explained) for make in MAKERS]


def tally(explained: Explained) -> str:
    """How many statements fare how."""
    counts = Counter(each.outcome for each in judged(explained))
    told = [f"{counts[outcome]} {outcome}" for outcome in get_args(Outcome) if counts[outcome]]
    return f"Of {sum(counts.values())} statements: {join(told)}."


def statements(explained: Explained) -> str:
    """One row a statement, under its question."""
    parts: list[str] = []
    for page, question in PAGES.items():
        rows = [
            (each.said, f"**{each.outcome}**", each.numbers, each.seeds)
            for each in judged(explained)
            if each.page == page
        ]
        heads = ("statement", "", "numbers, with 95 % intervals", "seeds")
        parts.append(f"## {question}\n\nThe page: [{question}]({page}.md)\n\n{table(heads, rows)}")
    return "\n\n".join(parts)
