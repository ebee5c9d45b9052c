"""Verdicts on cells: are sizes alike, are predictions right, is it solved?"""

from __future__ import annotations

from collections.abc import Mapping

from trainlab.spec import Solved, solved_words
from trainlab.stats import Rate, Side, Verdict, almost_always, share_words
from trainlab.studies.verdicts.rules import Bools, after_words, opposite_of, rate_of


def judge_parameters(counts: dict[str, int]) -> Verdict:
    """Do all of several networks, changed ones included, have the same number of trainable parameters?"""
    numbers = sorted(set(counts.values()))
    same = len(numbers) == 1
    each = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
    return Verdict(
        topic="parameters",
        statement="The networks have one and the same number of trainable parameters.",
        outcome="upheld" if same else "refuted",
        sentence=f"Every network has exactly {numbers[0]:,} trainable parameters."
        if same
        else f"The networks differ in trainable parameters: {each}.",
    )


def judge_predictions(
    network: str, where: str, right: Bools, values: str, *, others: Mapping[str, Bools] | None = None
) -> Verdict:
    """Does the network predict right after rounding? Upheld from 90 % of the seeds, refuted below half.

    `where` names the cell, as in "with A and B", or is empty; `right` is bool [n]; `values` are the targets,
    one by one; `others` are the same at other distances from the targets, by their words.
    """
    share = rate_of(right)
    outcome = almost_always(share)
    return Verdict(
        topic="predictions",
        statement=f"{network} predicts {values}{after_words(where)}.",
        outcome=outcome,
        sentence=f"{network}'s predictions{after_words(where)} round to {values} {_how_often(share)}: "
        f"{share_words(share)}.",
        opposite=opposite_of(right, outcome),
        share=share,
        sides=tuple(
            Side(words=words, outcome=almost_always(rate_of(near))) for words, near in (others or {}).items()
        ),
    )


def judge_solved(network: str, where: str, solved: Bools, rule: Solved) -> Verdict:
    """Is the network solved, by the experiment's own rule? Upheld from 90 % of the seeds, refuted below half.

    `where` as in `judge_predictions`; `solved` is bool [n].
    """
    share = rate_of(solved)
    outcome = almost_always(share)
    return Verdict(
        topic="solved",
        statement=f"{network} is solved{after_words(where)}.",
        outcome=outcome,
        sentence=f"{network} is solved{after_words(where)} {_how_often(share)}: {share_words(share)}. "
        f"A run is solved {solved_words(rule)}.",
        opposite=opposite_of(solved, outcome),
        share=share,
    )


def _how_often(share: Rate) -> str:
    seldom = "on a minority of seeds" if share.k else "on no seed"
    words = {"upheld": "almost always", "refuted": seldom, "mixed": _some(share)}
    return words[almost_always(share)]


def _some(share: Rate) -> str:
    if share.k == share.n:
        return "on every seed tried, but these are too few to call it reliable"
    if share.k == 0:
        return "on no seed tried, but these are too few to call it rare"
    return "on some seeds and not on others"
