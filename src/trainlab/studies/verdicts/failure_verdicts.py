"""Verdicts on failures: are they vanishing gradients, and what comes of changes that intervene?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from trainlab.draw import counted, join
from trainlab.spec import Gradients, Study
from trainlab.stats import (
    HALF,
    Estimate,
    Outcome,
    Rate,
    Side,
    Verdict,
    contrast,
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
# every later step is another too. What that alone does a placebo tells: ``redraw = 1``, the same start with
# other draws. Runs that fail by chance are solved by chance then, and those that were solved are lost.


FEWEST = 20
"""Of so many failed, or solved, runs it is asked at least."""
NO_PLACEBO = " What chance alone does wasn't asked: a change with set.redraw = 1 would tell."


def judge_causes(study: Study, table: Mapping[tuple[str, tuple[str, ...]], CellResult]) -> Iterator[Verdict]:
    """Yield a verdict for each change that intervenes, at the baseline and with all changes that don't.

    They are on the deepest network, as those on vanishing gradients are, and beside the first placebo.
    """
    deepest = max(study.network_names, key=lambda name: study.experiment(name).network.layers)
    asked, others = interventions(study), changes_but_interventions(study)
    placebo = next((name for name, field in asked.items() if field == "redraw"), None)

    def solved_with(changes: tuple[str, ...], *more: str) -> CellResult | None:
        made = tuple(each for each in study.change_names if each in (*changes, *more))
        return table.get((deepest, made))

    for changes in dict.fromkeys([(), others]):
        where = f"with {join(changes)}" if changes else "at the baseline" if others else ""
        before, again = solved_with(changes), solved_with(changes, placebo) if placebo else None
        for name, field in asked.items():
            after = solved_with(changes, name)
            if before is None or after is None or field == "redraw":
                continue
            plain, layers = before.cell.experiment, after.cell.experiment.frozen
            solved = before.joined(lambda runs: runs.solved), after.joined(lambda runs: runs.solved)
            redrawn = again.joined(lambda runs: runs.solved) if again else None
            if plain.gradient != "plain" or plain.frozen:
                continue
            if field == "gradient" and (~solved[0]).sum() >= FEWEST:
                yield judge_rescue(deepest, where, *solved, redrawn)
            if field == "frozen" and solved[0].sum() >= FEWEST:
                yield judge_need(deepest, where, layers, *solved, redrawn)


def judge_rescue(
    network: str, where: str, plain: Bools, equalised: Bools, redrawn: Bools | None = None
) -> Verdict:
    """Are most failures of a network due to gradients that are small beside the last layer's?

    `plain`, `equalised` and `redrawn` say which runs are solved, bool [n] of the same seeds: as they are,
    with gradients equalised, and, as a placebo, with nothing but the draws made anew; some fail. `where`
    names the cell, as in "with A and B", or is empty.

    With a placebo it is asked of the failures that chance doesn't solve, one minus the placebo's rate: upheld
    if equalising solves more than half of so many beyond the placebo, refuted if it solves fewer, even if it
    broke as many of them as it breaks, beyond the placebo, of the runs that were solved.

    Without one it is upheld if most failed runs are solved, and in all so many more as are most of those
    that failed: any change reshuffles runs, and where most are solved it solves most of those that failed
    before. Refuted if a minority are, even if it broke as many of the others as it breaks of the runs that
    were solved: what fails for that reason says nothing.
    """
    rescued, lost = _share(equalised, ~plain), _share(~equalised, plain)
    if rescued is None:
        raise ValueError("without a failed run there is nothing to rescue")
    lost_by_chance = None if redrawn is None else _share(~redrawn, plain)
    known = lost is not None and lost.n >= FEWEST
    outcome = (
        _rescue_without_placebo(plain, equalised) if redrawn is None else _rescue(plain, equalised, redrawn)
    )
    failures = f"{network}'s failures{after_words(where)}"
    claim = {
        "upheld": f"Most of {failures} are due to vanishing gradients",
        "refuted": f"Only a minority of {failures} can be due to vanishing gradients",
        "mixed": f"It can't be said whether most of {failures} are due to vanishing gradients",
    }[outcome]
    why = "" if outcome != "mixed" else _why_open(rescued, known=known, chance=redrawn is not None)
    most = _most(rescued, lost) if outcome == "refuted" and redrawn is None else ""
    return Verdict(
        topic="cause",
        statement=f"Most of {failures} are due to vanishing gradients.",
        outcome=outcome,
        sentence=f"{claim}: with every layer's gradient made as large as the last one's, "
        f"{share_words(rescued, 'failed runs')} {_is(rescued)} solved{why}"
        f"{_placebo(equalised, redrawn, ~plain, 'failed runs')}."
        f"{_other_side(lost, 'lost by it', by_chance=lost_by_chance)}{most} "
        f"{_in_all(equalised, plain, redrawn)}{NO_PLACEBO if redrawn is None else ''}",
        share=rescued,
    )


def _rescue(plain: Bools, equalised: Bools, redrawn: Bools) -> Outcome:
    if _beyond(equalised, redrawn, ~plain, of=HALF).low > 0.0:
        return "upheld"
    lost, by_chance = _share(~equalised, plain), _share(~redrawn, plain)
    if lost is None or by_chance is None or lost.n < FEWEST:
        return "mixed"
    # Of what it would solve it may break as many as it breaks of the solved runs that chance keeps.
    kept = min(1.0, (1.0 - lost.high) / max(1.0 - by_chance.low, 1e-9))
    return "refuted" if _beyond(equalised, redrawn, ~plain, of=HALF * kept).high < 0.0 else "mixed"


def _rescue_without_placebo(plain: Bools, equalised: Bools) -> Outcome:
    rescued, lost = _share(equalised, ~plain), _share(~equalised, plain)
    gain = paired_difference(plain, equalised)
    if rescued and rescued.low > HALF and gain.low > HALF * (1.0 - plain.mean()):
        return "upheld"
    if rescued and lost and lost.n >= FEWEST and rescued.high < HALF * (1.0 - lost.high):
        return "refuted"
    return "mixed"


def _beyond(changed: Bools, redrawn: Bools, among: Bools, *, of: float) -> Estimate:
    """Return by how much a change solves more of some runs than the placebo and a share `of` what it leaves.

    The mean over the runs `among` of c − r − of · (1 − r), with c and r, 0 or 1, whether the change and the
    placebo solve a run: it is above 0 where the change solves more than that share of those that chance
    doesn't solve.
    """
    solved, chance = changed[among].astype(np.float64), redrawn[among].astype(np.float64)
    return contrast(solved - chance - of * (1.0 - chance), bound=1.0 + of)


def _placebo(changed: Bools, redrawn: Bools | None, among: Bools, runs: str) -> str:
    """Say what chance does to the same runs, and the difference."""
    if redrawn is None:
        return ""
    share = _share(redrawn, among)
    difference = paired_difference(redrawn[among], changed[among])
    told = "–" if share is None else share_words(share, runs)
    return f"; with nothing but the draws made anew, {told}: a difference of {difference}"


def _why_open(rescued: Rate, *, known: bool, chance: bool) -> str:
    if chance and known:
        return ""
    if not chance and rescued.low > HALF:
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


def judge_need(
    network: str,
    where: str,
    layers: tuple[int, ...],
    plain: Bools,
    frozen: Bools,
    redrawn: Bools | None = None,
) -> Verdict:
    """Do most solved runs of a network need what some of its layers learn?

    `plain`, `frozen` and `redrawn` say which runs are solved, bool [n] of the same seeds: as they are, with
    these layers frozen, and with nothing but the draws made anew; some are solved without. With such a
    placebo it is asked of the solved runs that it leaves solved: upheld if freezing loses more than half of
    so many, refuted if fewer. Without one it is upheld if most solved runs are lost, and in all so many fewer
    are solved as are most of those that were; refuted if a minority are lost.
    """
    lost, found = _share(~frozen, plain), _share(frozen, ~plain)
    if lost is None:
        raise ValueError("without a solved run there is nothing to lose")
    fewer = paired_difference(plain, frozen)
    outcome: Outcome = "mixed"
    if redrawn is not None:
        beyond = _beyond(~frozen, ~redrawn, plain, of=HALF)
        outcome = "upheld" if beyond.low > 0.0 else "refuted" if beyond.high < 0.0 else "mixed"
    elif lost.low > HALF and fewer.high < -HALF * plain.mean():
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
    if outcome == "mixed" and redrawn is None and lost.low > HALF:
        why = ", but so many others are solved that this may be chance: any change reshuffles runs"
    lost_by_chance = None if redrawn is None else ~redrawn
    return Verdict(
        topic="cause",
        statement=f"Most {runs} need {named} to learn.",
        outcome=outcome,
        sentence=f"{claim}: frozen as {'they' if len(layers) > 1 else 'it'} began, "
        f"{share_words(lost, 'solved runs')} {_is(lost)} lost{why}"
        f"{_placebo(~frozen, lost_by_chance, plain, 'solved runs')}."
        f"{_other_side(found, 'solved by it', of='failed runs')} {_in_all(frozen, plain, redrawn)}"
        f"{NO_PLACEBO if redrawn is None else ''}",
        share=lost,
    )


def _share(what: Bools, among: Bools) -> Rate | None:
    """Return how many of the runs `among` are so; None if there are none."""
    return rate(int((what & among).sum()), int(among.sum())) if np.any(among) else None


def _other_side(
    share: Rate | None, words: str, *, of: str = "solved runs", by_chance: Rate | None = None
) -> str:
    beside = "" if by_chance is None else f", {percent_words(by_chance)} by the draws alone"
    return "" if share is None else f" {share_words(share, of)} {_is(share)} {words}{beside}."


def _in_all(after: Bools, before: Bools, redrawn: Bools | None = None) -> str:
    chance = "" if redrawn is None else f", {int(redrawn.sum()):,} with other draws"
    return (
        f"In all, {int(after.sum()):,} of {len(after):,} are solved with it, {int(before.sum()):,} "
        f"without{chance}."
    )


def _is(share: Rate) -> str:
    return "is" if share.k == 1 else "are"
