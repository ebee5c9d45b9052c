"""The table of README: what the demo finds."""

from __future__ import annotations

from collections.abc import Callable

from docs.words import percent, table
from docs.xor_studies import Studies, carry_out, networks
from trainlab.draw import join
from trainlab.studies.causes import THRESHOLD
from trainlab.studies.verdicts.robustness_words import turned_changes

__all__ = ["BLOCKS", "carry_out"]


def tour(studies: Studies) -> str:
    """README's table: what the demo finds."""
    rows = [
        (
            network,
            percent(studies.cell(network).solved),
            percent(studies.cell(network, *studies.together).solved),
        )
        for network in networks(studies)
    ]
    return (
        table(("network", "solved at the baseline", "solved with all five changes"), rows)
        + f"\n\n- {_lost(studies)}\n- {_hurting(studies)}"
    )


def _lost(studies: Studies) -> str:
    """Say what the deepest network's failures are, and whether that depends on the threshold."""
    name = networks(studies)[-1]
    causes = studies.cell(name, *studies.together).causes
    at = (causes.vanishing_at_more, causes.vanishing, causes.vanishing_at_less)
    more, plain, less = (0 if rate is None else rate.k for rate in at)
    return (
        f"With all five changes {causes.failed:,} runs of {name} still fail. In {plain:,} of them almost no "
        f"gradient reaches the first layer (below {THRESHOLD:g}), although the last still has one. At a "
        f"threshold of 1e-3 it is {more:,}, at 1e-5 {less:,}."
    )


def _hurting(studies: Studies) -> str:
    """Say which changes hurt, and by how much."""
    labels = {change.name: change.label for change in studies.xor44.study.changes}
    effects = [e for e in studies.xor44.effects if e.main and e.main.reading == "hurts"]
    if not effects:
        return "No change hurts any of the networks."
    each = ", ".join(f"{e.network} {e.main.value}" for e in effects if e.main)
    names = dict.fromkeys(e.change for e in effects)
    said = " and ".join(f"{name} ({labels[name]})" for name in names)
    turned = turned_changes(studies.xor44.verdicts)
    but = f" It depends on how it is asked: {join(turned)}." if turned else ""
    return f"Not every change helps. Averaged over the others, {said} hurts: {each}.{but}"


BLOCKS: tuple[Callable[[Studies], str], ...] = (tour,)
