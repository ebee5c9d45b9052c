"""The answer in a sentence and a table: whether output and loss fit, and how often each pairing solves it."""

from __future__ import annotations

from typing import Final

from trainlab.draw import Cell
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.loss.evidence import Evidence
from trainlab.explain.questions.loss.outliers_section import outliers_sentence
from trainlab.explain.questions.loss.pairing import Pairing
from trainlab.explain.questions.loss.pairing_sections import pairing_table
from trainlab.explain.questions.loss.population_section import population_sentence
from trainlab.page.section import Table
from trainlab.spec import name_of
from trainlab.stats import percent_words

BAR: Final = 12

RULE: Final = "A loss says how far outputs are from targets, and its slope is what the network learns from"


def short_answer(evidence: Evidence) -> ShortAnswer:
    """Return the answer for an experiment; the first rate is that of its own pairing."""
    found, rates = evidence.pairing, evidence.rates
    own, n = rates[0], rates[0].solved.n
    best = max(rates, key=lambda each: each.solved.k)
    counts = f"{own.label} solves {percent_words(own.solved)} of {n:,} seeds"
    if best is not own:
        counts += f", {best.label} {percent_words(best.solved)}"
    rows: list[list[Cell]] = [
        [
            each.label,
            each.verdict,
            percent_words(each.solved),
            "▇" * round(BAR * each.solved.estimate),
            "yours" if each.difference is None else str(each.difference.value).replace(" points", ""),
        ]
        for each in rates
    ]
    return ShortAnswer(
        sentence=f"{RULE}: {found.sentence.removesuffix('.')} ({counts}).",
        table=Table(
            title=f"Solved, of {n:,} seeds, and points more or less than yours (95 % interval)",
            headers=("Output + loss", "Pairing", "Solved", "", "Points"),
            rows=rows,
        ),
        shown_on=f"{evidence.what}; tested on {name_of(evidence.experiment.task)} only, with one learning "
        "rate for all.",
    )


def module_short_answer(found: Pairing, name: str) -> ShortAnswer:
    """Return the answer for a module, which isn't trained."""
    return ShortAnswer(
        sentence=f"{RULE}: {found.sentence.removesuffix('.')}; what arrives at the last sum is "
        f"{found.gradient}.",
        table=pairing_table(found),
        shown_on=f"{name} with {found.loss}, one batch; nothing was trained.",
    )


def verdict(evidence: Evidence) -> str:
    """Return the answer for an experiment, in a few sentences."""
    pairing = evidence.pairing.sentence
    return f"{pairing} {population_sentence(evidence.rates)} {outliers_sentence(evidence.outliers)}"


def module_verdict(found: Pairing) -> str:
    """Return the answer for a module, in a few sentences."""
    return f"{found} What arrives at the last sum is {found.gradient}."
