"""Did all changes together make a network learn? Judged for all networks of a study at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainlab.draw import join
from trainlab.stats import (
    HALF,
    SIGNIFICANCE,
    Estimate,
    Outcome,
    Rate,
    Verdict,
    holm,
    paired_difference,
    share_p,
    share_words,
)
from trainlab.studies.verdicts.rules import Bools, opposite_of, rate_of

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
