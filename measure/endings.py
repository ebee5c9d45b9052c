"""Where the assignment's failed runs end: Models 2 and 3, at the baseline and with changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import trainlab
from trainlab.spec import any_study, named_cell
from trainlab.studies import EndingsResult
from trainlab.studies.causes import failed
from trainlab.studies.endings_result import THRESHOLD_WORDS
from trainlab.studies.landscape import KINDS, THRESHOLDS, Kind, eigen, loss_scale, place_at, reach_of

SEEDS = 200
MANY = 1000
"""Model 2 with all changes fails seldom."""

ALL = ":A+B+C+D+E"
CELLS = ("Model 3:none", f"Model 3{ALL}", "Model 3:A+B", "Model 2:none", f"Model 2{ALL}")
LONGER = ("Model 3:none", "Model 2:none")
"""Asked again after ten times as many epochs."""


SMALL = {
    "network": {"widths": "2-2-1", "activation": "tanh", "output_activation": "linear"},
    "loss": "mse",
    "init": {"weight": {"name": "normal", "std": 0.5}},
    "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
    "epochs": 200,
}
"""Two hidden units, trained without noise: some runs come by a saddle, and some end at a minimum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endings:
    """Each cell's endings, a small network's, and those of some cells after longer training.

    Of Model 3 with all changes ``bent`` of ``runs`` failed runs have a negative curvature where they ended
    that would make them saddles.
    """

    cells: tuple[EndingsResult, ...]
    small: EndingsResult
    later: tuple[EndingsResult, ...]
    bent: int
    runs: int


def carry_out(*, store: str | None, seeds: int = SEEDS, many: int = MANY) -> Endings:
    """Train the cells, and read where their failed runs end."""
    results = [
        trainlab.endings("xor44", cell=cell, seeds=many if cell == CELLS[-1] else seeds, store=store)
        for cell in CELLS
    ]
    plan = any_study("xor44")
    baselines = [named_cell(plan, cell).experiment for cell in LONGER]
    later = [
        trainlab.endings(each.at_epochs(10 * each.epochs), seeds=seeds, longer=1, store=store)
        for each in baselines
    ]
    deep = named_cell(plan, CELLS[1]).experiment
    (item,) = trainlab.run(deep, seeds=seeds, store=store).cells
    rows = item.runs.parameters[failed(item.runs)]
    bent = 0
    for row in rows:
        place = place_at(deep, row)
        lowest = float(eigen(place.hessian)[0][0])
        bent += -lowest * reach_of(place.parameters) ** 2 / (2.0 * loss_scale(place)) > THRESHOLDS.down
    small = trainlab.endings(trainlab.Experiment.from_dict(SMALL), seeds=many, longer=20, store=store)
    return Endings(cells=tuple(results), small=small, later=tuple(later), bent=bent, runs=len(rows))


def shares(found: Endings) -> str:
    """One row per cell: its failed runs of each kind, and how many of them are solved later."""
    lines = [
        f"| failed runs of | {' | '.join(KINDS)} | solved later |",
        f"|---|{'---|' * (len(KINDS) + 1)}",
    ]
    for result in (*found.cells, *found.later):
        epochs = f"{result.experiment.epochs:,} epochs"
        name = _name(result, found)
        told = [_share(result, kind) for kind in KINDS]
        later = f"{sum(result.escaped):,} of {result.failed:,}" if result.longer > 1 else ""
        lines.append(
            f"| {name}, {epochs}: {result.failed:,} of {result.how.seeds:,} | {' | '.join(told)} | {later} |"
        )
    return "\n".join(lines)


def answers(found: Endings) -> str:
    """The answer for each cell, with its escapes and its dependence on the thresholds."""
    topics = ("endings", "escapes", "thresholds")
    return "\n".join(
        f"- {' '.join(verdict.sentence for verdict in result.verdicts if verdict.topic in topics)}"
        for result in found.cells
    )


def small(found: Endings) -> str:
    """The answer for the small network."""
    topics = ("endings", "escapes", "saddles escape")
    return " ".join(str(verdict) for verdict in found.small.verdicts if verdict.topic in topics)


def words(found: Endings) -> str:
    """The three phrases, judged for each cell."""
    lines = ["| most failed runs of … end | " + " | ".join(_WORDS) + " |", f"|---|{'---|' * len(_WORDS)}"]
    for result in found.cells:
        outcomes = {verdict.topic: verdict.outcome for verdict in result.verdicts}
        lines.append(f"| {result.name} | {' | '.join(outcomes.get(topic, '') for topic in _WORDS)} |")
    return "\n".join(lines)


def thresholds(found: Endings) -> str:
    """One row per cell and threshold: the counts at ten times the threshold and at a tenth."""
    heads = ["failed runs of", "threshold", "at", *KINDS]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for result in found.cells:
        for moved in result.at_other_thresholds:
            counts = [f"{moved.runs[kind]:,}" for kind in KINDS]
            at = f"{100 * moved.value:g} %"
            lines.append(f"| {result.name} | {THRESHOLD_WORDS[moved.name]} | {at} | {' | '.join(counts)} |")
    return "\n".join(lines)


def unsettled(found: Endings) -> str:
    """Say what would be read where the runs ended, instead of at the stationary point beside it."""
    deep = found.cells[1]
    saddles = next(each.runs.k for each in deep.kinds if each.kind == "saddle") if deep.kinds else 0
    distance = np.median([ending.distance for ending in deep.endings])
    return (
        f"Where the failed runs of {deep.name} ended, {found.bent:,} of {found.runs:,} have a negative "
        "curvature "
        f"of more than {100 * THRESHOLDS.down:g} % of the loss; at the stationary points beside them, "
        f"{100 * distance:.1g} % of the parameters' length away (median), {saddles:,} of {deep.failed:,} "
        "are at a saddle."
    )


_WORDS = ("local minimum", "plateau", "saddle")


def _name(result: EndingsResult, found: Endings) -> str:
    """Return the name of a cell, even of one that was asked again as a separate experiment."""
    if result in found.cells:
        return result.name
    return LONGER[found.later.index(result)].partition(":")[0]


def _share(result: EndingsResult, kind: Kind) -> str:
    (found,) = [each.runs for each in result.kinds if each.kind == kind] or [None]
    if found is None:
        return ""
    return f"{found.k:,} ({100 * found.low:.0f} to {100 * found.high:.0f} %)" if found.k else "0"


BLOCKS = (shares, answers, small, words, thresholds, unsettled)
