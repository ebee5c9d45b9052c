"""Are a network's failures vanishing gradients? The rule of `causes`, as a verdict with its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from trainlab.draw import counted, join
from trainlab.spec import Gradients
from trainlab.stats import HALF, Outcome, Rate, Side, Verdict, more_than, percent_words, share_words
from trainlab.studies.causes import Causes
from trainlab.studies.verdicts.rules import Bools, after_words, opposite_of

READ: Mapping[Gradients, str] = {
    "step": "the gradients of one training step",
    "data": "the gradients of all examples",
}
"""Whose gradients are read, in words."""


def judge_vanishing(
    network: str,
    where: str,
    causes: Causes,
    single: Bools,
    *,
    others: Mapping[str, Causes] | None = None,
    read: Mapping[Gradients, str] = READ,
) -> Verdict:
    """Are most of the failures of a network with several layers vanishing gradients? By the rule in `causes`.

    `where` names the cell, as in "with A and B", or is empty; `single` is the rule's answer for each failed
    run, bool [failed]; `others` are the same cells of the other networks, told for comparison; `read` says in
    words whose gradients are read. How it comes out by the other gradients is one of the verdict's sides.
    """
    failures = f"{network}'s failures{after_words(where)}"
    share, other = causes.vanishing, causes.otherwise
    if share is None:
        raise ValueError("the rule needs failed runs, of two layers")
    outcome = _outcome(share)
    claim = _claim(share, f"of {failures}")
    # Where there is but one way to read them none is named.
    claim = f"By {read[causes.gradients]} {claim[0].lower()}{claim[1:]}" if other else claim
    return Verdict(
        topic="vanishing",
        statement=f"{failures} are vanishing gradients.",
        outcome=outcome,
        sentence=f"{claim}: {share_words(share, 'failed runs')} {_have(share)} a high loss, a first-layer "
        f"gradient below 1e-4 and a last-layer gradient that isn't."
        f"{_still(causes)}{_otherwise(causes, read)}{_thresholds(causes)}{_by_layer(causes)}"
        f"{_compared(others or {})}",
        opposite=opposite_of(single, outcome),
        share=share,
        sides=tuple(
            Side(words=words, outcome=_outcome(side))
            for words, side in (
                (f"by {read[other.gradients]}" if other else "", other and other.vanishing),
                ("at a threshold of 1e-3", causes.vanishing_at_more),
                ("at a threshold of 1e-5", causes.vanishing_at_less),
            )
            if side is not None
        ),
    )


def _outcome(share: Rate) -> Outcome:
    return more_than(HALF, share)


def _claim(share: Rate, failures: str) -> str:
    """Say whether most ``of Net's failures``, or ``of them``, are vanishing gradients."""
    return {
        "upheld": f"Most {failures} are vanishing gradients",
        "refuted": f"Only a minority {failures} are vanishing gradients"
        if share.k
        else f"None {failures} is a vanishing gradient",
        "mixed": f"It can't be said whether most {failures} are vanishing gradients",
    }[_outcome(share)]


def _have(share: Rate) -> str:
    return "has" if share.k == 1 else "have"


def _still(causes: Causes) -> str:
    still = causes.standing_still
    if still is None:
        return ""
    stand = "stands" if still.k == 1 else "stand"
    share = share_words(still, "failed runs")
    return f" {share} {stand} still as a whole: a high loss and every layer below 1e-4."


def _otherwise(causes: Causes, read: Mapping[Gradients, str]) -> str:
    """Say what the two shares are by the other gradients, and where the answer is another, why."""
    share, other = causes.vanishing, causes.otherwise
    if share is None or other is None or other.vanishing is None or other.standing_still is None:
        return ""
    by = f" By {read[other.gradients]}"
    if _outcome(share) == _outcome(other.vanishing):
        return f"{by} it is the same: {_both(other.vanishing, other.standing_still)}."
    claim = _claim(other.vanishing, "of them")
    claim = f"{claim[0].lower()}{claim[1:]}"
    stand = "stands" if other.standing_still.k == 1 else "stand"
    return (
        f"{by} {claim}: {share_words(other.vanishing, 'failed runs')}, while "
        f"{share_words(other.standing_still, 'failed runs')} {stand} still. {_why(causes, other)}"
    )


def _why(causes: Causes, other: Causes) -> str:
    """Say why the two ways to read gradients may differ so."""
    step, data = (causes, other) if causes.gradients == "step" else (other, causes)
    if _count(data.standing_still) > _count(step.standing_still):
        # On average a step's gradient is that of all examples, so the other steps' make up for this one's.
        return (
            "Over all examples the pulls on an answer, up for some and down for others, cancel; within one "
            "step they don't."
        )
    return "A step sees only some of the examples, and what it sees may be answered right already, or wrong."


def _count(share: Rate | None) -> int:
    return 0 if share is None else share.k


def _thresholds(causes: Causes) -> str:
    more = _both(causes.vanishing_at_more, causes.standing_still_at_more)
    less = _both(causes.vanishing_at_less, causes.standing_still_at_less)
    return f" At a threshold of 1e-3 the two shares are {more}, at 1e-5 {less}."


def _by_layer(causes: Causes) -> str:
    shares = ", ".join(map(percent_words, causes.vanishing_by_layer))
    return f" A high loss and a gradient below 1e-4 by layer, first to last: {shares}."


def _compared(others: Mapping[str, Causes]) -> str:
    told = [
        f"{_both(causes.vanishing, causes.standing_still)} of "
        f"{counted(causes.failed, 'failed run')} of {name}"
        for name, causes in others.items()
        if causes.vanishing is not None
    ]
    return f" By the same rule the two shares are {join(told)}." if told else ""


def _both(vanishing: Rate | None, still: Rate | None) -> str:
    return " and ".join(percent_words(share) for share in (vanishing, still) if share is not None)
