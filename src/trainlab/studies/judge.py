"""From the cells and effects of a study to its verdicts, in the order of the assignment's conclusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import join
from trainlab.spec import Study
from trainlab.studies.causes import failed, vanishing
from trainlab.studies.cells import CellResult, predicts_right
from trainlab.studies.effects import Effect
from trainlab.studies.together_verdict import judge_together
from trainlab.studies.vanishing_verdict import judge_vanishing
from trainlab.studies.verdicts import (
    Verdict,
    judge_change,
    judge_parameters,
    judge_predictions,
    judge_solved,
)

Bools = npt.NDArray[np.bool_]

MAX_LISTED = 16
"""Up to so many targets are told one by one."""
FEWEST_FAILED = 20
LEAST_FAILED = 0.2
"""What failures are is asked where a cell has so many, and they are at least this share of its runs."""


def verdicts_of(study: Study, cells: Sequence[CellResult], effects: Sequence[Effect]) -> tuple[Verdict, ...]:
    """Return every verdict that the cells allow, and where it answers what the study asks."""
    table = {(item.cell.network, item.cell.changes): item for item in cells}
    networks = study.network_names
    everything = study.change_names
    where = f"with {join(everything)}" if everything else ""
    found: list[Verdict] = []
    if _of_one_size(study, cells):
        found.append(judge_parameters(_counts(cells)))
    if everything:
        ends = {name: (table.get((name, ())), table.get((name, everything))) for name in networks}
        pairs = {name: (a.runs.solved, b.runs.solved) for name, (a, b) in ends.items() if a and b}
        found += judge_together(everything, pairs)
    labels = {change.name: change.label for change in study.changes}
    for effect in effects:
        if effect.main:
            with_change, without = _pairs(table, effect, everything)
            found.append(
                judge_change(effect, labels[effect.change], with_change, without, others=len(everything) > 1)
            )
    deepest = max(networks, key=lambda name: study.experiment(name).network.layers)
    # The first and the last cell of the deepest network; they are one where nothing changes.
    for changes, words in {(): "at the baseline" if everything else "", everything: where}.items():
        item = table.get((deepest, changes))
        # In a single layer nothing can fade on its way. A change may take layers away, or add some.
        if item and item.cell.experiment.network.layers > 1 and _fails_often(item):
            single = vanishing(item.runs)[failed(item.runs)]
            others = {
                name: table[name, changes].causes
                for name in networks
                if name != deepest and (name, changes) in table
            }
            found.append(judge_vanishing(deepest, words, item.causes, single, others=others))
    for network in networks:
        item = table.get((network, everything))
        if item:
            found.append(_end(item, network, where))
    return tuple(found)


def _end(item: CellResult, network: str, where: str) -> Verdict:
    """Judge the answers where the targets are so few that all are told; elsewhere what counts as solved."""
    experiment = item.runs.experiment
    data = experiment.data()
    listed = data.kind == "binary" and data.points <= min(MAX_LISTED, item.runs.predictions.shape[1])
    if not listed:
        return judge_solved(network, where, item.runs.solved, experiment.solved)
    values = ", ".join(f"{value:g}" for value in data.targets[:, 0])
    return judge_predictions(network, where, predicts_right(item.runs), values)


def _of_one_size(study: Study, cells: Sequence[CellResult]) -> bool:
    """Whether the study compares several networks that, as they are written, have equally many parameters."""
    names = {item.cell.network for item in cells}
    return len(names) > 1 and len({study.experiment(name).network.parameters for name in names}) == 1


def _fails_often(item: CellResult) -> bool:
    return item.causes.failed >= max(FEWEST_FAILED, LEAST_FAILED * len(item.runs.solved))


def _counts(cells: Sequence[CellResult]) -> dict[str, int]:
    """Return the parameters of every network; a change that alters them has its cells named apart."""
    counts: dict[str, int] = {}
    for item in cells:
        network, count = item.cell.network, item.cell.experiment.network.parameters
        if counts.setdefault(network, count) != count:
            counts[item.cell.name] = count
    return counts


def _pairs(
    table: Mapping[tuple[str, tuple[str, ...]], CellResult], effect: Effect, everything: tuple[str, ...]
) -> tuple[Bools, Bools]:
    """Return one pair of runs a seed, with and without a change: bool [n] each.

    Seed after seed goes through the combinations of the other changes in turn, so that the pairs ask the same
    question as the main effect: the change over all combinations.
    """
    without = [
        changes for network, changes in table if network == effect.network and effect.change not in changes
    ]
    with_change = [
        tuple(name for name in everything if name in (*changes, effect.change)) for changes in without
    ]
    plain = np.stack([table[effect.network, changes].runs.solved for changes in without])
    changed = np.stack([table[effect.network, changes].runs.solved for changes in with_change])
    seeds: npt.NDArray[np.int64] = np.arange(plain.shape[1], dtype=np.int64)
    turn: npt.NDArray[np.int64] = seeds % len(without)
    return changed[turn, seeds], plain[turn, seeds]
