"""Did all changes together make a network learn? Judged for all networks of a study at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trainlab.draw import join
from trainlab.stats import SIGNIFICANCE, Estimate, Rate, holm, paired_difference, share_p, share_words
from trainlab.studies.verdicts import HALF, Bools, Outcome, Verdict, opposite_of, rate_of


def judge_together(changes: Sequence[str], solved: Mapping[str, tuple[Bools, Bools]]) -> tuple[Verdict, ...]:
    """Did all changes together make each network learn? Upheld if most runs then solve, and more than before.

    `solved` has, by the network's name, which runs are solved at the baseline and with the changes, bool [n]
    from the same seeds. *More* is read from the paired difference, *most* from the rate against one half; the
    p-values of each of the two are corrected by Holm over the networks. A single run shows that the changes
    work when it is solved with them and not without.
    """
    differences = {name: paired_difference(*pair) for name, pair in solved.items()}
    afters = {name: rate_of(changed) for name, (_, changed) in solved.items()}
    p_more = holm(np.array([value.p for value in differences.values()]))
    p_most = holm(np.array([share_p(value, HALF) for value in afters.values()]))
    return tuple(
        _judge(name, changes, *pair, differences[name], p_more=float(more), p_most=float(most))
        for (name, pair), more, most in zip(solved.items(), p_more, p_most, strict=True)
    )


def _judge(
    network: str,
    changes: Sequence[str],
    baseline: Bools,
    changed: Bools,
    difference: Estimate,
    *,
    p_more: float,
    p_most: float,
) -> Verdict:
    before, after = rate_of(baseline), rate_of(changed)
    outcome, claim = _claim(network, after, difference, p_more, p_most, one=len(changes) == 1)
    alone, _ = _claim(network, after, difference, difference.p, share_p(after, HALF), one=True)
    subject = changes[0] if len(changes) == 1 else f"{join(changes)} together"
    note = " Its own intervals would decide it, but not after Holm's correction for all networks."
    return Verdict(
        topic="together",
        statement=f"{subject} made {network} learn.",
        outcome=outcome,
        sentence=f"{subject} {claim}: {share_words(after, 'seeds solved')}, against "
        f"{share_words(before, 'at the baseline')}, a difference of {difference}."
        f"{note if alone != outcome else ''}",
        opposite=opposite_of(changed & ~baseline, outcome),
    )


def _claim(
    network: str, after: Rate, difference: Estimate, p_more: float, p_most: float, *, one: bool
) -> tuple[Outcome, str]:
    """Return how the statement fares, and the words for it; `one` change takes the singular."""
    make, do, lower = ("makes", "does", "lowers") if one else ("make", "do", "lower")
    differs, decided = p_more < SIGNIFICANCE, p_most < SIGNIFICANCE
    more, most = differs and difference.estimate > 0, decided and after.estimate > HALF
    if more and most:
        return "upheld", f"{make} {network} learn"
    if differs and not more:
        return "refuted", f"{do} not make {network} learn but {lower} its success rate"
    if decided and not most:
        seldom = f"{make} {network} learn on a minority of seeds only"
        return "refuted", seldom if more else f"{do} not make {network} learn"
    if most:
        return "mixed", f"can't be said to make {network} learn, which it does on most seeds either way"
    return "mixed", f"can't be said to make {network} learn on most seeds"
