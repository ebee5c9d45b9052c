"""Verdicts: sentences made from numbers by rules that can come out either way.

Each rule is a function of plain counts, so that made-up numbers can flip it. What is *upheld* must hold with
its whole interval; what is *refuted* must fail with its whole interval; the rest is *mixed*, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.draw import join
from trainlab.stats import Estimate, Rate, Reading, disagreement, percent_words, rate, share_words
from trainlab.studies.causes import Causes
from trainlab.studies.effects import Effect, ReadEstimate

Outcome = Literal["upheld", "refuted", "mixed"]
Bools = npt.NDArray[np.bool_]
OFTEN = 0.9
HALF = 0.5
_OUTCOMES: dict[Reading, Outcome] = {
    "helps": "upheld",
    "hurts": "refuted",
    "shown to be small": "refuted",
    "no difference seen": "mixed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A statement, how it fared, and the sentence that says so with its numbers.

    `opposite` is the share of seeds on which one run by itself would have concluded the opposite; None where
    the verdict, or a single run, concludes nothing.
    """

    topic: str
    statement: str
    outcome: Outcome
    sentence: str
    opposite: Rate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON has it."""
        opposite = self.opposite
        return {
            "topic": self.topic,
            "statement": self.statement,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "single_run_opposite": None if opposite is None else opposite.to_dict(),
        }


def judge_parameters(counts: dict[str, int]) -> Verdict:
    """Do all networks have the same number of trainable parameters?"""
    numbers = sorted(set(counts.values()))
    same = len(numbers) == 1
    each = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
    subject = "The network" if len(counts) == 1 else "Every network"
    return Verdict(
        topic="parameters",
        statement="The networks have one and the same number of trainable parameters.",
        outcome="upheld" if same else "refuted",
        sentence=f"{subject} has exactly {numbers[0]:,} trainable parameters."
        if same
        else f"The networks differ in trainable parameters: {each}.",
    )


def judge_together(
    network: str, changes: Sequence[str], baseline: Bools, changed: Bools, difference: Estimate
) -> Verdict:
    """Did all changes together make the network learn? Upheld if most runs then solve, and more than before.

    `baseline` and `changed` are bool [n], solved or not, from the same seeds; `difference` is theirs. A
    single run shows that the changes work when it is solved with them and not without.
    """
    before, after = _rate(baseline), _rate(changed)
    outcome, claim = _together(network, after, difference, one=len(changes) == 1)
    subject = changes[0] if len(changes) == 1 else f"{join(changes)} together"
    return Verdict(
        topic="together",
        statement=f"{subject} made {network} learn.",
        outcome=outcome,
        sentence=f"{subject} {claim}: {share_words(after, 'seeds solved')}, against "
        f"{share_words(before, 'at the baseline')}, a difference of {difference}.",
        opposite=_opposite(changed & ~baseline, outcome),
    )


def _together(network: str, after: Rate, difference: Estimate, *, one: bool) -> tuple[Outcome, str]:
    make, do, lower = ("makes", "does", "lowers") if one else ("make", "do", "lower")
    more = difference.low > 0
    if more and after.low > HALF:
        return "upheld", f"{make} {network} learn"
    if difference.high < 0:
        return "refuted", f"{do} not make {network} learn but {lower} its success rate"
    if after.high < HALF:
        seldom = f"{make} {network} learn on a minority of seeds only"
        return "refuted", seldom if more else f"{do} not make {network} learn"
    if after.low > HALF:
        return "mixed", f"can't be said to make {network} learn, which it does on most seeds either way"
    return "mixed", f"can't be said to make {network} learn on most seeds"


def judge_change(
    effect: Effect, label: str, solved_with: Bools, solved_without: Bools, *, others: bool = True
) -> Verdict:
    """Does one change help, over all combinations of the others? It helps, hurts, or can't be told apart.

    `solved_with` and `solved_without` are bool [n]: one pair of runs a seed, that differ in this change only,
    at combinations of the others that take turns. `others` says whether the study has other changes. A pair
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
        outcome=_OUTCOMES[main.reading],
        sentence=f"{_change_claim(effect, main)}: {main.value} in the success rate{averaged}."
        f"{_holm_note(main)}{_alone_note(effect) if others else ''}",
        opposite=_pairs_that_differ(main.reading, solved_with, solved_without),
    )


def _pairs_that_differ(reading: Reading, solved_with: Bools, solved_without: Bools) -> Rate | None:
    said = {
        "helps": solved_with & ~solved_without,
        "hurts": ~solved_with & solved_without,
        "shown to be small": solved_with == solved_without,
    }
    return disagreement(said[reading], True) if reading in said else None


def _change_claim(effect: Effect, main: ReadEstimate) -> str:
    change, network = effect.change, effect.network
    claims: dict[Reading, str] = {
        "helps": f"{change} helps {network}",
        "hurts": f"{change} hurts {network}",
        "shown to be small": f"{change} is shown to change {network} by less than 2 points",
        "no difference seen": f"{change} can't be told apart from nothing for {network}",
    }
    return claims[main.reading]


def _holm_note(main: ReadEstimate) -> str:
    if main.reading != "no difference seen" or main.value.low <= 0 <= main.value.high:
        return ""
    return f" Its interval leaves out 0, but Holm's correction raises p to {main.p_adjusted:.2g}."


def _alone_note(effect: Effect) -> str:
    """Say what the change does alone where that reads otherwise than its average."""
    alone, main = effect.alone, effect.main
    if alone is None or main is None or alone.reading == main.reading:
        return ""
    words = {
        "helps": "it helps",
        "hurts": "it hurts",
        "shown to be small": "its effect is shown to be within 2 points",
        "no difference seen": "no difference is seen",
    }[alone.reading]
    return f" Made alone, {words}: {alone.value}."


def judge_vanishing(
    network: str,
    where: str,
    causes: Causes,
    single: Bools,
    *,
    diverged: int = 0,
    others: Mapping[str, Causes] | None = None,
) -> Verdict:
    """Are most of the network's failures vanishing gradients? By the rule in `causes`.

    `where` names the cell, as in "with A and B", or is empty; `single` is the rule's answer for each failed
    run, bool [failed]; `diverged` counts the runs that diverged, which the rule leaves out; `others` are the
    same cells of the other networks, told for comparison.
    """
    failures = f"{network}'s failures{_after(where)}"
    share, more, less = causes.vanishing, causes.vanishing_at_more, causes.vanishing_at_less
    if share is None or more is None or less is None:
        return Verdict(
            topic="vanishing",
            statement=f"{failures} are vanishing gradients.",
            outcome="mixed",
            sentence=f"{network} has no run{_after(where)} that failed without diverging "
            f"({diverged:,} diverged), so the rule says nothing.",
        )
    outcome: Outcome = "upheld" if share.low > HALF else "refuted" if share.high < HALF else "mixed"
    claim = {
        "upheld": f"Most of {failures} are vanishing gradients",
        "refuted": f"Only a minority of {failures} are vanishing gradients",
        "mixed": f"It can't be said whether most of {failures} are vanishing gradients",
    }[outcome]
    layers = ", ".join(percent_words(value) for value in causes.vanishing_by_layer)
    return Verdict(
        topic="vanishing",
        statement=f"{failures} are vanishing gradients.",
        outcome=outcome,
        sentence=f"{claim}: {share_words(share, 'failed runs')} have a high loss and a first-layer gradient "
        f"below 1e-4. With the threshold at 1e-3 it is {percent_words(more)}, at 1e-5 {percent_words(less)}. "
        f"At 1e-4 by layer, first to last: {layers}.{_everywhere(causes)}{_compared(others or {})}",
        opposite=_opposite(single, outcome),
    )


def _everywhere(causes: Causes) -> str:
    whole = causes.vanishing_everywhere
    return f" In {percent_words(whole)} every layer is below 1e-4, the last included." if whole else ""


def _compared(others: Mapping[str, Causes]) -> str:
    told = [
        f"{percent_words(causes.vanishing)} of {causes.failed:,} failed runs of {name}"
        for name, causes in others.items()
        if causes.vanishing is not None
    ]
    return f" The same rule finds vanishing gradients in {join(told)}." if told else ""


def judge_predictions(network: str, where: str, right: Bools, values: str) -> Verdict:
    """Does the network predict right after rounding? Upheld from 90 % of the seeds, refuted below half.

    `where` as in `judge_vanishing`; `right` is bool [n]; `values` are the targets in words.
    """
    share = _rate(right)
    outcome: Outcome = "upheld" if share.low >= OFTEN else "refuted" if share.high < HALF else "mixed"
    words = {"upheld": "almost always", "refuted": "on a minority of seeds", "mixed": _some(share)}[outcome]
    return Verdict(
        topic="predictions",
        statement=f"{network} predicts {values}{_after(where)}.",
        outcome=outcome,
        sentence=f"{network}'s predictions{_after(where)} round to {values} {words}: {share_words(share)}.",
        opposite=_opposite(right, outcome),
    )


def _some(share: Rate) -> str:
    if share.k == share.n:
        return "on every seed tried, but these are too few to call it reliable"
    if share.k == 0:
        return "on no seed tried, but these are too few to call it rare"
    return "on some seeds and not on others"


def _opposite(single_runs: Bools, outcome: Outcome) -> Rate | None:
    return None if outcome == "mixed" else disagreement(single_runs, outcome == "upheld")


def _rate(values: Bools) -> Rate:
    return rate(int(values.sum()), len(values))


def _after(where: str) -> str:
    return f" {where}" if where else ""
