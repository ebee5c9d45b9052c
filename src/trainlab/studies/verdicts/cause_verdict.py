"""Are vanishing gradients the cause? Asked of the same seeds, trained again with that one thing changed.

Two changes of a study ask it. With ``gradient = "equalised"`` no layer's gradient is small beside the last
one's: a run that failed for that alone is solved then. With `frozen` layers stay as they began: where most
solved runs are lost, these layers had something to learn. Neither changes one thing only, as every later step
is another too, so both are held against what they do to the runs for which all was well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from trainlab.draw import join
from trainlab.spec import Study
from trainlab.stats import HALF, Outcome, Rate, Verdict, paired_difference, rate, share_words
from trainlab.studies.cells import CellResult
from trainlab.studies.interventions import changes_but_interventions, interventions
from trainlab.studies.verdicts.rules import Bools, after_words

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
