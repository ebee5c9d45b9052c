"""The verdicts of a study, from its cells and effects: what changes do, and what else the study asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import join
from trainlab.spec import Experiment, Gradients, Study, Within
from trainlab.stats import Verdict
from trainlab.studies.causes import failed, vanishing
from trainlab.studies.cells import CellResult, all_near, predicts_right
from trainlab.studies.effect_table import Effect
from trainlab.studies.effects import ever_effects
from trainlab.studies.interventions import changes_but_interventions, crossed_with, interventions
from trainlab.studies.performance_measure import PerformanceMeasure, measure_of
from trainlab.studies.score_effects import score_effects, score_together, score_untold, score_values
from trainlab.studies.verdicts.all_changes_verdict import judge_all_changes
from trainlab.studies.verdicts.cause_verdict import judge_causes
from trainlab.studies.verdicts.cell_verdicts import judge_parameters, judge_predictions, judge_solved
from trainlab.studies.verdicts.change_verdict import judge_change
from trainlab.studies.verdicts.score_verdicts import (
    End,
    judge_guesses,
    judge_score_change,
    judge_score_together,
    judge_untold,
)
from trainlab.studies.verdicts.vanishing_verdict import judge_vanishing

Bools = npt.NDArray[np.bool_]
Table = Mapping[tuple[str, tuple[str, ...]], CellResult]

NEARER = {0.25: "within 0.25", 0.1: "within 0.1"}
"""Where else than at ½ predictions could be called right."""
MAX_LISTED = 16
"""Up to so many targets are told one by one."""
FEWEST_FAILED = 20
LEAST_FAILED = 0.2
"""What failures are is asked where a cell has so many, and they are at least this share of its runs."""


def verdicts_of(study: Study, cells: Sequence[CellResult], effects: Sequence[Effect]) -> tuple[Verdict, ...]:
    """Return every verdict that the cells allow: what the changes do, and what else the study asks.

    Where there is a measure (`measure_of`) the changes are judged by it, else by the success rate.
    """
    table = {(item.cell.network, item.cell.changes): item for item in cells}
    everything = changes_but_interventions(study)
    where = f"with {join(everything)}" if everything else ""
    found: list[Verdict] = []
    if "parameters" in study.ask and len({item.cell.network for item in cells}) > 1:
        found.append(judge_parameters(_counts(cells)))
    measure = measure_of(cells)
    found += (
        _by_success(study, cells, table, effects)
        if measure is None
        else _by_score(study, cells, table, measure)
    )
    if "vanishing" in study.ask:
        found += _vanishing(study, table, where)
    found += judge_causes(study, table) if measure is None else ()
    for network in study.network_names:
        item = table.get((network, everything))
        if item is None:
            continue
        verdict = None
        if "predictions" in study.ask and _lists(item):
            verdict = _predictions(item, network, where)
        elif measure is None or (measure.splits == 1 and not isinstance(item.runs.experiment.solved, Within)):
            # Over several splits the runs are no sample of one rate, so its interval would be too narrow.
            verdict = judge_solved(network, where, item.runs.solved, item.runs.experiment.solved)
        if verdict:
            found.append(replace(verdict, about=(network, *everything)))
    return tuple(found)


def _by_success(
    study: Study, cells: Sequence[CellResult], table: Table, effects: Sequence[Effect]
) -> list[Verdict]:
    """Judge the changes by how often runs are solved."""
    found: list[Verdict] = []
    others = changes_but_interventions(study)
    if others:
        found += judge_all_changes(others, ends_solved(study, table))
    labels = {change.name: change.label for change in study.changes}
    ever = {(effect.network, effect.change): effect for effect in ever_effects(study, cells)}
    for effect in effects:
        if effect.main and effect.change not in interventions(study):
            solved = {key: item.runs.solved for key, item in table.items()}
            with_change, without = _pairs(solved, effect, others)
            found.append(
                judge_change(
                    effect,
                    labels[effect.change],
                    with_change,
                    without,
                    others=len(others) > 1,
                    ever=ever.get((effect.network, effect.change)),
                )
            )
    return found


def _by_score(
    study: Study, cells: Sequence[CellResult], table: Table, measure: PerformanceMeasure
) -> list[Verdict]:
    """Judge the changes by the measure, and each network against what needs no inputs."""
    everything = changes_but_interventions(study)
    found: list[Verdict] = []
    if len(everything) > 1:
        found += [
            judge_score_together(everything, network, read, measure, differences)
            for network, (read, differences) in score_together(study, measure, cells).items()
        ]
    labels = {change.name: change.label for change in study.changes}
    values = score_values(measure, cells)
    for effect in score_effects(study, measure, cells):
        if effect.main:
            among = crossed_with(study, effect.change)
            with_change, without = _pairs(values, effect, among)
            difference = with_change - without
            found.append(
                judge_score_change(effect, labels[effect.change], measure, difference, others=len(among) > 1)
            )
    for (network, changes), why in score_untold(study, measure, cells).items():
        found.append(judge_untold(changes, network, why, labels[changes[0]]))
    words = {(): "at the baseline", everything: f"with {join(everything)}"} if everything else {(): ""}
    ends = {
        (network, *changes): End(network=network, where=where, runs=item.runs, further=item.further)
        for network in study.network_names
        for changes, where in words.items()
        if (item := table.get((network, changes))) is not None
    }
    judged = judge_guesses(measure, list(ends.values()))
    return found + [replace(verdict, about=about) for about, verdict in zip(ends, judged, strict=True)]


def _vanishing(study: Study, table: Table, where: str) -> list[Verdict]:
    """Judge the failures of the deepest network, at the baseline and with all changes."""
    networks, everything = study.network_names, changes_but_interventions(study)
    found: list[Verdict] = []
    deepest = max(networks, key=lambda name: study.experiment(name).network.layers)
    # The first and the last cell of the deepest network; they are one where nothing changes.
    for changes, words in {(): "at the baseline" if everything else "", everything: where}.items():
        item = table.get((deepest, changes))
        # In a single layer nothing can fade on its way. A change may take layers away, or add some.
        if item and item.cell.experiment.network.layers > 1 and _fails_often(item):
            single = item.joined(lambda runs: vanishing(runs)[failed(runs)])
            others = {
                name: table[name, changes].causes
                for name in networks
                if name != deepest and (name, changes) in table
            }
            verdict = judge_vanishing(
                deepest, words, item.causes, single, others=others, read=_gradients(item.cell.experiment)
            )
            found.append(replace(verdict, about=(deepest, *changes)))
    return found


def _gradients(experiment: Experiment) -> dict[Gradients, str]:
    """Return in words whose gradients are read, of one step or of all examples."""
    size = experiment.examples_per_step
    step = "one example" if size == 1 else f"{size:,} examples"
    return {
        "step": f"the gradients of one training step ({step})",
        "data": f"the gradients of all {experiment.data().points:,} examples",
    }


def ends_solved(study: Study, table: Table) -> dict[str, tuple[Bools, Bools]]:
    """Return which runs are solved at the baseline and with all changes, of networks that have both.

    Changes that only intervene, to see what the cause is, aren't among them.
    """
    changes = changes_but_interventions(study)
    ends = {name: (table.get((name, ())), table.get((name, changes))) for name in study.network_names}
    return {name: (a.runs.solved, b.runs.solved) for name, (a, b) in ends.items() if a and b}


def _lists(item: CellResult) -> bool:
    """Whether the targets are few enough to be listed."""
    data = item.runs.experiment.data()
    return data.kind == "binary" and data.points <= min(MAX_LISTED, item.runs.predictions.shape[1])


def _predictions(item: CellResult, network: str, where: str) -> Verdict:
    values = ", ".join(f"{value:g}" for value in item.runs.experiment.data().targets[:, 0])
    others = {words: all_near(item.runs, within) for within, words in NEARER.items()}
    return judge_predictions(network, where, predicts_right(item.runs), values, others=others)


def _fails_often(item: CellResult) -> bool:
    return item.causes.failed >= max(FEWEST_FAILED, LEAST_FAILED * item.count)


def _counts(cells: Sequence[CellResult]) -> dict[str, int]:
    """Return each network's number of parameters; cells whose changes alter it have entries of their own."""
    counts: dict[str, int] = {}
    for item in cells:
        network, count = item.cell.network, item.cell.experiment.network.parameters
        if counts.setdefault(network, count) != count:
            counts[item.cell.name] = count
    return counts


def _pairs(
    values: Mapping[tuple[str, tuple[str, ...]], npt.NDArray[Any]],
    effect: Effect,
    among: tuple[str, ...],
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return one pair of runs a seed, with and without a change, as `values` has them: [n] each.

    Seed after seed goes through the combinations of the other changes `among` them in turn, so that the pairs
    ask the same question as the main effect: the change over all combinations.
    """
    without = [
        changes
        for network, changes in values
        if network == effect.network and effect.change not in changes and {*changes} <= {*among}
    ]
    with_change = [tuple(name for name in among if name in (*changes, effect.change)) for changes in without]
    plain = np.stack([values[effect.network, changes] for changes in without])
    changed = np.stack([values[effect.network, changes] for changes in with_change])
    seeds: npt.NDArray[np.int64] = np.arange(plain.shape[1], dtype=np.int64)
    turn: npt.NDArray[np.int64] = seeds % len(without)
    return changed[turn, seeds], plain[turn, seeds]
