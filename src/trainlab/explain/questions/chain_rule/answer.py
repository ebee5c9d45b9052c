"""The answer in a sentence and a table: the paths of one weight, multiplied out."""

from __future__ import annotations

from typing import Final

from trainlab.draw import format_number
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.chain_rule.downhill_section import downhill_sentence
from trainlab.explain.questions.chain_rule.evidence import Evidence
from trainlab.explain.questions.chain_rule.layers_section import worst_sentence
from trainlab.explain.questions.chain_rule.number_words import apart, counted_paths, exactly
from trainlab.explain.questions.chain_rule.paths import Paths
from trainlab.explain.questions.chain_rule.point_autograd import Autograd
from trainlab.explain.questions.chain_rule.population_section import population_words
from trainlab.page.section import Table

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
        found = f"no path leads from {weight} to the loss, so {value}"
    elif count == 1:
        found = f"the one path from {weight} gives {value}"
    elif listed:
        found = f"the {counted_paths(count)} from {weight} give {value}"
    else:
        found = f"{counted_paths(count)} from {weight} give {value}, which the backward pass adds up unlisted"
    check = "" if autograd is None else f"; autograd differs by {apart(autograd, derivative)}"
    return ShortAnswer(sentence=f"{RULE}: {found}{check}.", table=table, shown_on=shown_on)


def paths_sentence(
    paths: Paths, derivative: float, autograd: Autograd | None, difference: float | None
) -> str:
    """Return the sum over the paths, for the verdict, and how far other ways to it are off."""
    listed = paths.total is not None
    value = exactly(derivative)
    found = (
        f"the products along {counted_paths(paths.count)} add up to ∂L/∂{paths.entry} = {value}"
        if listed and paths.count > 1
        else f"the product along the one path is ∂L/∂{paths.entry} = {value}"
        if listed
        else f"∂L/∂{paths.entry} = {value} is the sum over {counted_paths(paths.count)}, which the "
        "backward pass adds up without listing them"
    )
    total = derivative if paths.total is None else paths.total
    checks = [f"autograd differs by {apart(autograd.value, total)}"] if autograd else []
    differ = "central differences" if checks else "central differences differ"
    checks += [f"{differ} by {apart(difference, total)}"] if difference is not None else []
    tail = f"; {' and '.join(checks)}" if checks else ""
    return f"{found[0].upper()}{found[1:]}{tail}."


def verdict(evidence: Evidence) -> str:
    """Return the answer for an experiment, in a few sentences."""
    deep = evidence.trained_deep
    sentences = [
        paths_sentence(evidence.paths, evidence.derivative, evidence.autograd, evidence.difference.value),
        worst_sentence(deep),
        *population_words(deep)[:1],
        downhill_sentence(evidence.downhill),
    ]
    return " ".join(sentence for sentence in sentences if sentence)
