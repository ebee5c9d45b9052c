"""Are a network's failures vanishing gradients? The rule of `causes`, as a verdict with its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from trainlab.draw import counted, join
from trainlab.stats import Rate, Side, percent_words, share_words
from trainlab.studies.causes import Causes
from trainlab.studies.verdicts import HALF, Bools, Outcome, Verdict, after_words, opposite_of


def judge_vanishing(
    network: str,
    where: str,
    causes: Causes,
    single: Bools,
    *,
    others: Mapping[str, Causes] | None = None,
) -> Verdict:
    """Are most of the failures of a network with several layers vanishing gradients? By the rule in `causes`.

    `where` names the cell, as in "with A and B", or is empty; `single` is the rule's answer for each failed
    run, bool [failed]; `others` are the same cells of the other networks, told for comparison.
    """
    failures = f"{network}'s failures{after_words(where)}"
    share = causes.vanishing
    if share is None:
        raise ValueError("the rule needs failed runs, of two layers")
    outcome = _outcome(share)
    claim = {
        "upheld": f"Most of {failures} are vanishing gradients",
        "refuted": f"Only a minority of {failures} are vanishing gradients"
        if share.k
        else f"None of {failures} is a vanishing gradient",
        "mixed": f"It can't be said whether most of {failures} are vanishing gradients",
    }[outcome]
    return Verdict(
        topic="vanishing",
        statement=f"{failures} are vanishing gradients.",
        outcome=outcome,
        sentence=f"{claim}: {share_words(share, 'failed runs')} {_have(share)} a high loss, a first-layer "
        f"gradient below 1e-4 and a last-layer gradient that isn't."
        f"{_still(causes)}{_thresholds(causes)}{_by_layer(causes)}{_compared(others or {})}",
        opposite=opposite_of(single, outcome),
        share=share,
        sides=tuple(
            Side(words=words, outcome=_outcome(other))
            for words, other in (
                ("at a threshold of 1e-3", causes.vanishing_at_more),
                ("at a threshold of 1e-5", causes.vanishing_at_less),
            )
            if other is not None
        ),
    )


def _outcome(share: Rate) -> Outcome:
    return "upheld" if share.low > HALF else "refuted" if share.high < HALF else "mixed"


def _have(share: Rate) -> str:
    return "has" if share.k == 1 else "have"


def _still(causes: Causes) -> str:
    still = causes.standing_still
    if still is None:
        return ""
    stand = "stands" if still.k == 1 else "stand"
    share = share_words(still, "failed runs")
    return f" {share} {stand} still as a whole: a high loss and every layer below 1e-4."


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
