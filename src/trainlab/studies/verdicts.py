"""Verdicts: sentences made from numbers by rules that can come out either way.

Each rule is a function of plain counts, so that made-up numbers can flip it. What is *upheld* must hold with
its whole interval; what is *refuted* must fail with its whole interval; the rest is *mixed*, and said so.
Here are those on parameters, single changes, predictions and what is solved; two have files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from trainlab.spec import Solved, solved_words
from trainlab.stats import (
    Outcome,
    Rate,
    ReadEstimate,
    Reading,
    Side,
    Verdict,
    almost_always,
    disagreement,
    passed_over,
    rate,
    share_words,
)
from trainlab.studies.effect_table import Effect

Bools = npt.NDArray[np.bool_]
OUTCOMES: dict[Reading, Outcome] = {
    "helps": "upheld",
    "hurts": "refuted",
    "shown to be small": "refuted",
    "no difference seen": "mixed",
}
_ORDER = {
    "together": 0,
    "change": 1,
    "vanishing": 2,
    "cause": 2,
    "predictions": 4,
    "solved": 4,
    "parameters": 5,
}
_ELSE = 3


def most_telling_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts with what was found out before what was only checked; else in their order.

    All changes together, each change, what failures are, the answers, and last that sizes are equal.
    """
    return tuple(sorted(verdicts, key=lambda verdict: _ORDER.get(verdict.topic, _ELSE)))


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


def judge_change(
    effect: Effect,
    label: str,
    solved_with: Bools,
    solved_without: Bools,
    *,
    others: bool = True,
    ever: Effect | None = None,
) -> Verdict:
    """Does one change help, over all combinations of the others? It helps, hurts, or can't be told apart.

    `solved_with` and `solved_without` are bool [n]: one pair of runs a seed, that differ in this change only,
    at combinations of the others that take turns. `others` says whether the study has other changes, and
    `ever` what the change does to being solved at some time, if that is known. A pair
    says "helps" when only the run with the change is solved, "hurts" when only the other is, and else that
    there is no difference; `opposite` counts the seeds whose pair says otherwise than the verdict.
    """
    main = effect.main
    if main is None:
        raise ValueError("a change is judged by its main effect")
    averaged = ", averaged over all combinations of the other changes" if others else ""
    named = f"Change {effect.change} ({label})" if label else f"Change {effect.change}"
    return Verdict(
        topic="change",
        statement=f"{named} helps {effect.network}.",
        outcome=OUTCOMES[main.reading],
        sentence=f"{change_claim(effect.change, effect.network, main)}: "
        f"{main.value} in the success rate{averaged}."
        f"{_holm_note(main)}{_ever_note(main, ever and ever.main)}"
        f"{_alone_note(effect) + _last_note(effect, ever) if others else ''}",
        opposite=_pairs_that_differ(main.reading, solved_with, solved_without),
        about=(effect.network, effect.change),
        difference=main.value,
    )


def _pairs_that_differ(reading: Reading, solved_with: Bools, solved_without: Bools) -> Rate | None:
    said = {
        "helps": solved_with & ~solved_without,
        "hurts": ~solved_with & solved_without,
        "shown to be small": solved_with == solved_without,
    }
    return disagreement(said[reading], True) if reading in said else None


def change_claim(
    subject: str, network: str, read: ReadEstimate, *, little: str = "2 points", one: bool = True
) -> str:
    """Say what one or several changes do to a network, as an estimate reads; `little` counts as small."""
    s, are = ("s", "is") if one else ("", "are")
    claims: dict[Reading, str] = {
        "helps": f"{subject} help{s} {network}",
        "hurts": f"{subject} hurt{s} {network}",
        "shown to be small": f"{subject} {are} shown to change {network} by less than {little}",
        "no difference seen": f"{subject} can't be told apart from nothing for {network}",
    }
    return claims[read.reading]


def _holm_note(main: ReadEstimate) -> str:
    """Say where Holm's correction doesn't let pass what the interval by itself would show."""
    note = passed_over(main)
    return f" Its interval {note}." if note else ""


def _alone_note(effect: Effect) -> str:
    """Say what the change does alone where that reads otherwise than its average."""
    alone, main = effect.alone, effect.main
    if alone is None or main is None or alone.reading == main.reading:
        return ""
    return f" Made alone, {_read_words(alone)}."


def _last_note(effect: Effect, ever: Effect | None) -> str:
    """Say what the change does after all the others where that reads otherwise than its average.

    What it does there to being solved at some time is said where that reads otherwise again.
    """
    last, main, sometime = effect.last, effect.main, ever and ever.last
    if last is None or main is None or last.reading == main.reading:
        return ""
    return f" Made after all the others, {_read_words(last)}.{_ever_note(last, sometime)}"


def _ever_note(end: ReadEstimate, sometime: ReadEstimate | None) -> str:
    """Say what a change does to being solved at some time where that reads otherwise than at the end."""
    if sometime is None or sometime.reading == end.reading:
        return ""
    return f" Counting runs solved at some time, not only at the end, {_read_words(sometime)}."


def _read_words(read: ReadEstimate) -> str:
    words: dict[Reading, str] = {
        "helps": "it helps",
        "hurts": "it hurts",
        "shown to be small": "its effect is shown to be within 2 points",
        "no difference seen": "no difference is seen",
    }
    note = passed_over(read)
    return f"{words[read.reading]}: {read.value}{f', which {note}' if note else ''}"


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
        sentence=f"{network}'s predictions{after_words(where)} round to {values} {_howalmost_always(share)}: "
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
        sentence=f"{network} is solved{after_words(where)} {_howalmost_always(share)}: {share_words(share)}. "
        f"A run is solved {solved_words(rule)}.",
        opposite=opposite_of(solved, outcome),
        share=share,
    )


def _howalmost_always(share: Rate) -> str:
    seldom = "on a minority of seeds" if share.k else "on no seed"
    words = {"upheld": "almost always", "refuted": seldom, "mixed": _some(share)}
    return words[almost_always(share)]


def _some(share: Rate) -> str:
    if share.k == share.n:
        return "on every seed tried, but these are too few to call it reliable"
    if share.k == 0:
        return "on no seed tried, but these are too few to call it rare"
    return "on some seeds and not on others"


def opposite_of(single_runs: Bools, outcome: Outcome) -> Rate | None:
    """Return the share of seeds whose single run, bool [n], says otherwise; None for a mixed outcome."""
    return None if outcome == "mixed" else disagreement(single_runs, outcome == "upheld")


def rate_of(values: Bools) -> Rate:
    """Return how many are true, as a rate."""
    return rate(int(values.sum()), len(values))


def after_words(where: str) -> str:
    """Return what names the cell as it stands after another word, or nothing."""
    return f" {where}" if where else ""
