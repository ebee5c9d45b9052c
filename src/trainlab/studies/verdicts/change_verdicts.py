"""Verdicts on changes, one by one and all together, by how often runs are solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainlab.draw import join
from trainlab.stats import (
    HALF,
    SIGNIFICANCE,
    Estimate,
    Outcome,
    Rate,
    ReadEstimate,
    Reading,
    Verdict,
    disagreement,
    holm,
    paired_difference,
    passed_over,
    rate,
    share_p,
    share_words,
)
from trainlab.studies.effects import Effect

# What the rules of verdicts share: outcomes of readings, what a single run says, the order of verdicts.
#
# Each rule is a function of plain counts, so that made-up numbers can flip it. What is *upheld* must hold
# with its whole interval; what is *refuted* must fail with its whole interval; the rest is *mixed*, and
# said so.


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
    """Return findings before checks, and otherwise in their order.

    All changes together, each change, what failures are, the answers, and last that sizes are equal.
    """
    return tuple(sorted(verdicts, key=lambda verdict: _ORDER.get(verdict.topic, _ELSE)))


def opposite_of(single_runs: Bools, outcome: Outcome) -> Rate | None:
    """Return the share of seeds whose single run, bool [n], says otherwise; None for a mixed outcome."""
    return None if outcome == "mixed" else disagreement(single_runs, outcome == "upheld")


def rate_of(values: Bools) -> Rate:
    """Return the rate of true values."""
    return rate(int(values.sum()), len(values))


def after_words(where: str) -> str:
    """Return `where` with a space before it, or nothing."""
    return f" {where}" if where else ""


# Does a change help? Judged by its main effect, over all combinations of the others.


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
    """Say what the change does alone where that differs from its average."""
    alone, main = effect.alone, effect.main
    if alone is None or main is None or alone.reading == main.reading:
        return ""
    return f" Made alone, {_read_words(alone)}."


def _last_note(effect: Effect, ever: Effect | None) -> str:
    """Say what the change does after all the others where that differs from its average.

    What it does there to being solved at some time is said where that differs again.
    """
    last, main, sometime = effect.last, effect.main, ever and ever.last
    if last is None or main is None or last.reading == main.reading:
        return ""
    return f" Made after all the others, {_read_words(last)}.{_ever_note(last, sometime)}"


def _ever_note(end: ReadEstimate, sometime: ReadEstimate | None) -> str:
    """Say what a change does to being solved at some time where that differs from the end."""
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


# Did all changes together make a network learn? Judged for all networks of a study at once.


Fate = Literal["learns", "minority", "not", "lowered", "either way", "open"]
"""What all changes make of a network: "minority" is better than the baseline, "either way" no better."""

_OUTCOMES: dict[Fate, Outcome] = {
    "learns": "upheld",
    "minority": "refuted",
    "not": "refuted",
    "lowered": "refuted",
    "either way": "mixed",
    "open": "mixed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AllChangesEffect:
    """A network at the baseline and with all changes, and how it fares.

    `alone` is the same without Holm's correction for all networks.
    """

    network: str
    before: Rate
    after: Rate
    difference: Estimate
    fate: Fate
    alone: Fate


def all_changes_effects(solved: Mapping[str, tuple[Bools, Bools]]) -> tuple[AllChangesEffect, ...]:
    """Compare each network with all changes to its baseline.

    `solved` has, by the network's name, which runs are solved at the baseline and with the changes, bool [n]
    from the same seeds. *More* is read from the paired difference, *most* from the rate against one half; the
    p-values of each of the two are corrected by Holm over the networks.
    """
    differences = {name: paired_difference(*pair) for name, pair in solved.items()}
    afters = {name: rate_of(changed) for name, (_, changed) in solved.items()}
    p_more = holm(np.array([value.p for value in differences.values()]))
    p_most = holm(np.array([share_p(value, HALF) for value in afters.values()]))
    return tuple(
        AllChangesEffect(
            network=name,
            before=rate_of(before),
            after=afters[name],
            difference=differences[name],
            fate=_fate(afters[name], differences[name], float(more), float(most)),
            alone=_fate(afters[name], differences[name], differences[name].p, share_p(afters[name], HALF)),
        )
        for (name, (before, _)), more, most in zip(solved.items(), p_more, p_most, strict=True)
    )


def judge_all_changes(
    changes: Sequence[str], solved: Mapping[str, tuple[Bools, Bools]]
) -> tuple[Verdict, ...]:
    """Did all changes together make each network learn? Upheld if most runs then solve, and more than before.

    `solved` as in `all_changes_effects`. A single run shows that the changes work when it is solved with them
    and not without.
    """
    return tuple(
        _judge(item, changes, *pair)
        for item, pair in zip(all_changes_effects(solved), solved.values(), strict=True)
    )


def _judge(item: AllChangesEffect, changes: Sequence[str], baseline: Bools, changed: Bools) -> Verdict:
    outcome = _OUTCOMES[item.fate]
    subject = changes[0] if len(changes) == 1 else f"{join(changes)} together"
    note = " Its own intervals would decide it, but not after Holm's correction for all networks."
    return Verdict(
        topic="together",
        statement=f"{subject} made {item.network} learn.",
        outcome=outcome,
        sentence=f"{subject} {_claim(item.fate, item.network, one=len(changes) == 1)}: "
        f"{share_words(item.after, 'seeds solved')}, against {share_words(item.before, 'at the baseline')}, "
        f"a difference of {item.difference}.{note if _OUTCOMES[item.alone] != outcome else ''}",
        opposite=opposite_of(changed & ~baseline, outcome),
        share=item.after,
        about=(item.network, *changes),
        difference=item.difference,
    )


def _fate(after: Rate, difference: Estimate, p_more: float, p_most: float) -> Fate:
    differs, decided = p_more < SIGNIFICANCE, p_most < SIGNIFICANCE
    more, most = differs and difference.estimate > 0, decided and after.estimate > HALF
    if more and most:
        return "learns"
    if differs and not more:
        return "lowered"
    if decided and not most:
        return "minority" if more else "not"
    return "either way" if most else "open"


def _claim(fate: Fate, network: str, *, one: bool) -> str:
    """Return the words for it; `one` change takes the singular."""
    make, do, lower = ("makes", "does", "lowers") if one else ("make", "do", "lower")
    return {
        "learns": f"{make} {network} learn",
        "lowered": f"{do} not make {network} learn but {lower} its success rate",
        "minority": f"{make} {network} learn on a minority of seeds only",
        "not": f"{do} not make {network} learn",
        "either way": f"can't be said to make {network} learn, which it does on most seeds either way",
        "open": f"can't be said to make {network} learn on most seeds",
    }[fate]
