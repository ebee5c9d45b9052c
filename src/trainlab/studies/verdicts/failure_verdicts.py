"""Verdicts on failures: are they vanishing gradients, and what comes of changes that intervene?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from trainlab.draw import counted, join
from trainlab.spec import Gradients, Study
from trainlab.stats import (
    HALF,
    Outcome,
    Rate,
    Side,
    Verdict,
    more_than,
    paired_difference,
    percent_words,
    rate,
    share_words,
)
from trainlab.studies.causes import BELOW, LESS, MORE, Causes
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import changes_but_interventions, interventions
from trainlab.studies.verdicts.change_verdicts import Bools, after_words, opposite_of

# Are a network's failures vanishing gradients? The rule of `causes`, as a verdict with its numbers.


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
        f"gradient below {BELOW} and a last-layer gradient that isn't."
        f"{_still(causes)}{_otherwise(causes, read)}{_thresholds(causes)}{_by_layer(causes)}"
        f"{_compared(others or {})}",
        opposite=opposite_of(single, outcome),
        share=share,
        sides=tuple(
            Side(words=words, outcome=_outcome(side))
            for words, side in (
                (f"by {read[other.gradients]}" if other else "", other and other.vanishing),
                (f"at a threshold of {MORE}", causes.vanishing_at_more),
                (f"at a threshold of {LESS}", causes.vanishing_at_less),
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
    return f" {share} {stand} still as a whole: a high loss and every layer below {BELOW}."


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
    return f" At a threshold of {MORE} the two shares are {more}, at {LESS} {less}."


def _by_layer(causes: Causes) -> str:
    shares = ", ".join(map(percent_words, causes.vanishing_by_layer))
    return f" A high loss and a gradient below {BELOW} by layer, first to last: {shares}."


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


# Are vanishing gradients the cause? Asked of the same seeds, trained again with that one thing changed.
#
# Two changes of a study ask it. With ``gradient = "equalised"`` no layer's gradient is small beside the
# last one's: a run that failed for that alone is solved then. With `frozen` layers stay as they began:
# where most solved runs are lost, these layers had something to learn. Neither changes one thing only, as
# every later step is another too, so both are held against what they do to the runs for which all was well.


FEWEST = 20
"""Of so many failed, or solved, runs it is asked at least."""


def judge_causes(study: Study, table: Mapping[tuple[str, tuple[str, ...]], CellResult]) -> Iterator[Verdict]:
    """Yield a verdict for each change that intervenes, at the baseline and with all changes that don't.

    They are on the deepest network, as those on vanishing gradients are.
    """
    deepest = max(study.network_names, key=lambda name: study.experiment(name).network.layers)
    others = changes_but_interventions(study)
    for changes in dict.fromkeys([(), others]):
        where = f"with {join(changes)}" if changes else "at the baseline" if others else ""
        before = table.get((deepest, changes))
        for name, field in interventions(study).items():
            made = tuple(each for each in study.change_names if each in (*changes, name))
            after = table.get((deepest, made))
            if before is None or after is None:
                continue
            plain, layers = before.cell.experiment, after.cell.experiment.frozen
            solved = before.joined(lambda runs: runs.solved), after.joined(lambda runs: runs.solved)
            if plain.gradient != "plain" or plain.frozen:
                continue
            if field == "gradient" and (~solved[0]).sum() >= FEWEST:
                yield judge_rescue(deepest, where, *solved)
            if field == "frozen" and solved[0].sum() >= FEWEST:
                yield judge_need(deepest, where, layers, *solved)


def judge_rescue(network: str, where: str, plain: Bools, equalised: Bools) -> Verdict:
    """Are most failures of a network due to gradients that are small beside the last layer's?

    `plain` and `equalised` say which runs are solved, bool [n] of the same seeds, without and with gradients
    equalised; some fail. `where` names the cell, as in "with A and B", or is empty. Upheld if most failed
    runs are solved by it, and in all so many more as are most of those that failed: any change reshuffles
    runs, and where most are solved it solves most of those that failed before. Refuted if a minority are,
    even if it broke as many of the others as it breaks of the runs that were solved: what fails for that
    reason says nothing.
    """
    rescued, lost = _share(equalised, ~plain), _share(~equalised, plain)
    if rescued is None:
        raise ValueError("without a failed run there is nothing to rescue")
    gain = paired_difference(plain, equalised)
    known = lost is not None and lost.n >= FEWEST
    outcome: Outcome = "mixed"
    if rescued.low > HALF and gain.low > HALF * (1.0 - plain.mean()):
        outcome = "upheld"
    elif lost is not None and known and rescued.high < HALF * (1.0 - lost.high):
        outcome = "refuted"
    failures = f"{network}'s failures{after_words(where)}"
    claim = {
        "upheld": f"Most of {failures} are due to vanishing gradients",
        "refuted": f"Only a minority of {failures} can be due to vanishing gradients",
        "mixed": f"It can't be said whether most of {failures} are due to vanishing gradients",
    }[outcome]
    why = "" if outcome != "mixed" else _why_open(rescued, known=known)
    return Verdict(
        topic="cause",
        statement=f"Most of {failures} are due to vanishing gradients.",
        outcome=outcome,
        sentence=f"{claim}: with every layer's gradient made as large as the last one's, "
        f"{share_words(rescued, 'failed runs')} {_is(rescued)} solved{why}.{_other_side(lost, 'lost by it')}"
        f"{_most(rescued, lost) if outcome == 'refuted' else ''} {_in_all(equalised, plain)}",
        share=rescued,
    )


def _why_open(rescued: Rate, *, known: bool) -> str:
    if rescued.low > HALF:
        return ", but so many others are lost that this may be chance: any change reshuffles runs"
    if rescued.high >= HALF:
        return ", which is neither most nor a minority for certain"
    if not known:
        return ", but too few runs were solved without it to say what it breaks"
    return ", but it breaks so many of those solved without it that this can't tell"


def _most(rescued: Rate, lost: Rate | None) -> str:
    """Say of how many failures vanishing gradients can be the cause, counting what the change breaks."""
    if lost is None or lost.k == 0:
        return f" So vanishing gradients are the cause of at most {rescued.k:,} of {rescued.n:,} failures."
    most = round(rescued.k / (1.0 - lost.estimate))
    return (
        f" Even if it broke as many of the others, vanishing gradients would be the cause of about {most:,} "
        f"of {rescued.n:,} failures."
    )


def judge_need(network: str, where: str, layers: tuple[int, ...], plain: Bools, frozen: Bools) -> Verdict:
    """Do most solved runs of a network need what some of its layers learn?

    `plain` and `frozen` say which runs are solved, bool [n] of the same seeds, without and with these layers
    frozen; some are solved without. Upheld if most solved runs are lost, and in all so many fewer are solved
    as are most of those that were; refuted if a minority are lost.
    """
    lost, found = _share(~frozen, plain), _share(frozen, ~plain)
    if lost is None:
        raise ValueError("without a solved run there is nothing to lose")
    fewer = paired_difference(plain, frozen)
    outcome: Outcome = "mixed"
    if lost.low > HALF and fewer.high < -HALF * plain.mean():
        outcome = "upheld"
    elif lost.high < HALF:
        outcome = "refuted"
    named = f"layer{'s' if len(layers) > 1 else ''} {join([str(layer) for layer in layers])}"
    runs = f"solved runs of {network}{after_words(where)}"
    claim = {
        "upheld": f"Most {runs} need what {named} learn{'' if len(layers) > 1 else 's'}",
        "refuted": f"Most {runs} don't need {named} to learn",
        "mixed": f"It can't be said whether most {runs} need {named} to learn",
    }[outcome]
    why = ""
    if outcome == "mixed" and lost.low > HALF:
        why = ", but so many others are solved that this may be chance: any change reshuffles runs"
    return Verdict(
        topic="cause",
        statement=f"Most {runs} need {named} to learn.",
        outcome=outcome,
        sentence=f"{claim}: frozen as {'they' if len(layers) > 1 else 'it'} began, "
        f"{share_words(lost, 'solved runs')} {_is(lost)} lost{why}."
        f"{_other_side(found, 'solved by it', of='failed runs')} {_in_all(frozen, plain)}",
        share=lost,
    )


def _share(what: Bools, among: Bools) -> Rate | None:
    """Return how many of the runs `among` are so; None if there are none."""
    return rate(int((what & among).sum()), int(among.sum())) if np.any(among) else None


def _other_side(share: Rate | None, words: str, *, of: str = "solved runs") -> str:
    return "" if share is None else f" {share_words(share, of)} {_is(share)} {words}."


def _in_all(after: Bools, before: Bools) -> str:
    return (
        f"In all, {int(after.sum()):,} of {len(after):,} are solved with it, {int(before.sum()):,} without."
    )


def _is(share: Rate) -> str:
    return "is" if share.k == 1 else "are"
