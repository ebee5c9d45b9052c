"""From the cells and effects of a study to its verdicts, in the order of the assignment's conclusions."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.spec import Study
from trainlab.stats import paired_difference
from trainlab.studies.causes import failed, vanishing
from trainlab.studies.cells import CellResult, predicts_right
from trainlab.studies.effects import Effect
from trainlab.studies.verdicts import (
    Verdict,
    judge_change,
    judge_parameters,
    judge_predictions,
    judge_together,
    judge_vanishing,
)
from trainlab.studies.words import join


def verdicts_of(study: Study, cells: Sequence[CellResult], effects: Sequence[Effect]) -> tuple[Verdict, ...]:
    """Return every verdict that the cells allow."""
    table = {(item.cell.network, item.cell.changes): item for item in cells}
    networks = study.network_names
    everything = study.change_names
    where = f"with {join(everything)}" if everything else ""
    found: list[Verdict] = [
        judge_parameters({name: study.experiment(name).network.parameters for name in networks})
    ]
    for network in networks:
        baseline, changed = table.get((network, ())), table.get((network, everything))
        if everything and baseline and changed:
            before, after = baseline.runs.solved, changed.runs.solved
            found.append(judge_together(network, everything, before, after, paired_difference(before, after)))
    labels = {change.name: change.label for change in study.changes}
    for effect in effects:
        without, only = table.get((effect.network, ())), table.get((effect.network, (effect.change,)))
        if effect.main and without and only:
            found.append(
                judge_change(
                    effect,
                    labels[effect.change],
                    only.runs.solved,
                    without.runs.solved,
                    others=len(everything) > 1,
                )
            )
    deepest = max(networks, key=lambda name: study.experiment(name).network.layers)
    # The first and the last cell of the deepest network; they are one where nothing changes.
    for changes, words in {(): "at the baseline" if everything else "", everything: where}.items():
        item = table.get((deepest, changes))
        if item:
            single = vanishing(item.runs)[failed(item.runs)]
            found.append(judge_vanishing(deepest, words, item.causes, single))
    for network in networks:
        item = table.get((network, everything))
        if item:
            targets = item.runs.experiment.data().targets.ravel()
            values = ", ".join(f"{value:g}" for value in targets)
            found.append(judge_predictions(network, where, predicts_right(item.runs), values))
    return tuple(found)
