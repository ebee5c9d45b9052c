"""The answer in a sentence and a table: whether output and loss fit, and how often each pairing solves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trainlab.draw import Cell
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.loss.pairing import Pairing
from trainlab.explain.questions.loss.pairing_rates import PairRate
from trainlab.explain.questions.loss.pairing_section import pairing_table
from trainlab.page.section import Table
from trainlab.stats import percent_words

BAR: Final = 12

RULE: Final = "A loss says how far outputs are from targets, and its slope is what the network learns from"


def short_answer(found: Pairing, rates: Sequence[PairRate], *, what: str, task: str) -> ShortAnswer:
    """Return the answer for `what`, an experiment on `task`; the first rate is that of its own pairing."""
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
        shown_on=f"{what}; tested on {task} only, with one learning rate for all.",
    )


def module_short_answer(found: Pairing, name: str) -> ShortAnswer:
    """Return the answer for a module, which isn't trained."""
    return ShortAnswer(
        sentence=f"{RULE}: {found.sentence.removesuffix('.')}; what arrives at the last sum is "
        f"{found.gradient}.",
        table=pairing_table(found),
        shown_on=f"{name} with {found.loss}, one batch; nothing was trained.",
    )
