"""The verdicts of a study, from its cells and effects: what changes do, and what else the study asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import join, without_noise_by_column
from trainlab.spec import Experiment, Gradients, Solved, Study, Within, solved_words
from trainlab.spec.study import Statement
from trainlab.stats import Rate, Side, Verdict, almost_always, share_words
from trainlab.studies.causes import failed, vanishing
from trainlab.studies.cells import CellResult, all_near, predicts_right
from trainlab.studies.effects import (
    Effect,
    changes_but_interventions,
    crossed_with,
    ever_effects,
    interventions,
)
from trainlab.studies.performance_measure import PerformanceMeasure, measure_of
from trainlab.studies.score_effects import score_effects, score_together, score_untold, score_values
from trainlab.studies.verdicts.change_verdicts import (
    after_words,
    judge_all_changes,
    judge_change,
    opposite_of,
    rate_of,
)
from trainlab.studies.verdicts.failure_verdicts import judge_causes, judge_vanishing
from trainlab.studies.verdicts.score_verdicts import (
    End,
    judge_guesses,
    judge_score_change,
    judge_score_together,
    judge_untold,
)

Bools = npt.NDArray[np.bool_]
Table = Mapping[tuple[str, tuple[str, ...]], CellResult]

NEARER = {0.25: "within 0.25", 0.1: "within 0.1"}
"""Where else than at ½ predictions could be called right."""
MAX_LISTED = 16
"""Up to so many targets are told one by one."""
FEWEST_FAILED = 20
LEAST_FAILED = 0.2
"""What failures are is asked where a cell has so many, and they are at least this share of its runs."""


@dataclass(frozen=True, kw_only=True)
class StudyCells:
    """What questions are asked of. Where there is a `measure` cells are told by it, else by what is solved.

    `everything` are all changes but those that only intervene, to see what a cause is.
    """

    study: Study
    cells: Sequence[CellResult]
    effects: Sequence[Effect]

    @cached_property
    def table(self) -> Table:
        """The cells by network and changes."""
        return {(item.cell.network, item.cell.changes): item for item in self.cells}

    @cached_property
    def measure(self) -> PerformanceMeasure | None:
        """What the cells are compared by, as `measure_of` has it."""
        return measure_of(self.cells)

    @cached_property
    def everything(self) -> tuple[str, ...]:
        """All changes together."""
        return changes_but_interventions(self.study)

    @cached_property
    def ends(self) -> dict[tuple[str, ...], str]:
        """The changes of the first cell of a network and of the last, in words; one where nothing changes."""
        if not self.everything:
            return {(): ""}
        return {(): "at the baseline", self.everything: f"with {join(self.everything)}"}

    @property
    def deepest(self) -> str:
        """The network with the most layers."""
        return max(self.study.network_names, key=lambda name: self.study.experiment(name).network.layers)

    def label(self, change: str) -> str:
        """Return what a change is called."""
        return next(each.label for each in self.study.changes if each.name == change)

    def asks(self, topic: Statement) -> bool:
        """Whether the study file asks it."""
        return topic in self.study.ask


def verdicts_of(study: Study, cells: Sequence[CellResult], effects: Sequence[Effect]) -> tuple[Verdict, ...]:
    """Return every verdict that the cells allow: what the changes do, and what else the study asks."""
    of = StudyCells(study=study, cells=cells, effects=effects)
    return tuple(verdict for asked, judge in QUESTIONS if asked(of) for verdict in judge(of))


def _parameters(of: StudyCells) -> Iterator[Verdict]:
    """Are the sizes of several networks alike? Cells whose changes alter one have entries of their own."""
    counts: dict[str, int] = {}
    for item in of.cells:
        network, count = item.cell.network, item.cell.experiment.network.parameters
        if counts.setdefault(network, count) != count:
            counts[item.cell.name] = count
    if len({item.cell.network for item in of.cells}) > 1:
        yield judge_parameters(counts)


def judge_parameters(counts: dict[str, int]) -> Verdict:
    """Do all of several networks, changed ones included, have the same number of trainable parameters?"""
    numbers = sorted(set(counts.values()))
    same = len(numbers) == 1
    each = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
    return Verdict(
        topic="parameters",
        statement="The networks have one and the same number of trainable parameters.",
        outcome="upheld" if same else "refuted",
        sentence=f"Every network has exactly {numbers[0]:,} trainable parameters."
        if same
        else f"The networks differ in trainable parameters: {each}.",
    )


def _together(of: StudyCells) -> Iterable[Verdict]:
    """Do all changes together make a network learn?"""
    return judge_all_changes(of.everything, ends_solved(of.study, of.table)) if of.everything else ()


def _changes(of: StudyCells) -> Iterator[Verdict]:
    """Does each change help, by how often runs are solved?"""
    ever = {(effect.network, effect.change): effect for effect in ever_effects(of.study, of.cells)}
    solved = {key: item.runs.solved for key, item in of.table.items()}
    for effect in of.effects:
        if effect.main and effect.change not in interventions(of.study):
            yield judge_change(
                effect,
                of.label(effect.change),
                *_pairs(solved, effect, of.everything),
                others=len(of.everything) > 1,
                ever=ever.get((effect.network, effect.change)),
            )


def _by_score(of: StudyCells) -> Iterator[Verdict]:
    """Do the changes help, together and each, by the measure; and of which isn't it told?"""
    study, measure = of.study, _measure(of)
    if len(of.everything) > 1:
        for network, (read, differences) in score_together(study, measure, of.cells).items():
            yield judge_score_together(of.everything, network, read, measure, differences)
    values = score_values(measure, of.cells)
    for effect in score_effects(study, measure, of.cells):
        if effect.main:
            among, label = crossed_with(study, effect.change), of.label(effect.change)
            with_change, without = _pairs(values, effect, among)
            difference = with_change - without
            yield judge_score_change(effect, label, measure, difference, others=len(among) > 1)
    for (network, changes), why in score_untold(study, measure, of.cells).items():
        yield judge_untold(changes, network, why, of.label(changes[0]))


def _guesses(of: StudyCells) -> Iterator[Verdict]:
    """Does each network do better than what needs no inputs?"""
    ends = {
        (network, *changes): End(network=network, where=where, runs=item.runs, further=item.further)
        for network in of.study.network_names
        for changes, where in of.ends.items()
        if (item := of.table.get((network, changes))) is not None
    }
    judged = judge_guesses(_measure(of), list(ends.values()))
    return (replace(verdict, about=about) for about, verdict in zip(ends, judged, strict=True))


def _vanishing(of: StudyCells) -> Iterator[Verdict]:
    """Are the failures of the deepest network vanishing gradients, at the baseline and with all changes?"""
    for changes, words in of.ends.items():
        item = of.table.get((of.deepest, changes))
        # In a single layer nothing can fade on its way. A change may take layers away, or add some.
        if item and item.cell.experiment.network.layers > 1 and _fails_often(item):
            single = item.joined(lambda runs: vanishing(runs)[failed(runs)])
            others = {
                name: of.table[name, changes].causes
                for name in of.study.network_names
                if name != of.deepest and (name, changes) in of.table
            }
            read = _gradients(item.cell.experiment)
            verdict = judge_vanishing(of.deepest, words, item.causes, single, others=others, read=read)
            yield replace(verdict, about=(of.deepest, *changes))


def _answers(of: StudyCells) -> Iterator[Verdict]:
    """Are a network's predictions right with all changes, or where they can't be listed: is it solved?"""
    where = of.ends[of.everything]
    for network in of.study.network_names:
        item, verdict = of.table.get((network, of.everything)), None
        if item is None:
            continue
        if of.asks("predictions") and _lists(item):
            verdict = _predictions(item, network, where)
        elif of.measure is None or (
            of.measure.splits == 1 and not isinstance(item.runs.experiment.solved, Within)
        ):
            # Over several splits the runs are no sample of one rate, so its interval would be too narrow.
            verdict = judge_solved(network, where, item.runs.solved, item.runs.experiment.solved)
        if verdict:
            yield replace(verdict, about=(network, *of.everything))


def _predictions(item: CellResult, network: str, where: str) -> Verdict:
    targets = without_noise_by_column(item.runs.experiment.data().targets)
    values = ", ".join(f"{value:g}" for value in targets[:, 0])
    others = {words: all_near(item.runs, within) for within, words in NEARER.items()}
    return judge_predictions(network, where, predicts_right(item.runs), values, others=others)


def judge_predictions(
    network: str, where: str, right: Bools, values: str, *, others: Mapping[str, Bools] | None = None
) -> Verdict:
    """Does the network predict right after rounding? Upheld from 90 % of the seeds, refuted below half.

    `where` names the cell, as in "with A and B", or is empty; `right` is bool [n]; `values` are the targets,
    one by one; `others` are the same at other distances from the targets, by their words.
    """
    share = rate_of(right)
    outcome = almost_always(share)
    return Verdict(
        topic="predictions",
        statement=f"{network} predicts {values}{after_words(where)}.",
        outcome=outcome,
        sentence=f"{network}'s predictions{after_words(where)} round to {values} {_how_often(share)}: "
        f"{share_words(share)}.",
        opposite=opposite_of(right, outcome),
        share=share,
        sides=tuple(
            Side(words=words, outcome=almost_always(rate_of(near))) for words, near in (others or {}).items()
        ),
    )


def judge_solved(network: str, where: str, solved: Bools, rule: Solved) -> Verdict:
    """Is the network solved, by the experiment's own rule? Upheld from 90 % of the seeds, refuted below half.

    `where` as in `judge_predictions`; `solved` is bool [n].
    """
    share = rate_of(solved)
    outcome = almost_always(share)
    return Verdict(
        topic="solved",
        statement=f"{network} is solved{after_words(where)}.",
        outcome=outcome,
        sentence=f"{network} is solved{after_words(where)} {_how_often(share)}: {share_words(share)}. "
        f"A run is solved {solved_words(rule)}.",
        opposite=opposite_of(solved, outcome),
        share=share,
    )


def _how_often(share: Rate) -> str:
    seldom = "on a minority of seeds" if share.k else "on no seed"
    words = {"upheld": "almost always", "refuted": seldom, "mixed": _some(share)}
    return words[almost_always(share)]


def _some(share: Rate) -> str:
    if share.k == share.n:
        return "on every seed tried, but these are too few to call it reliable"
    if share.k == 0:
        return "on no seed tried, but these are too few to call it rare"
    return "on some seeds and not on others"


def _measure(of: StudyCells) -> PerformanceMeasure:
    if of.measure is None:
        raise ValueError("these cells are told by what is solved")
    return of.measure


def _told_by_solved(of: StudyCells) -> bool:
    return of.measure is None


def _told_by_score(of: StudyCells) -> bool:
    return of.measure is not None


QUESTIONS: tuple[tuple[Callable[[StudyCells], bool], Callable[[StudyCells], Iterable[Verdict]]], ...] = (
    (lambda of: of.asks("parameters"), _parameters),
    (_told_by_solved, _together),
    (_told_by_solved, _changes),
    (_told_by_score, _by_score),
    (_told_by_score, _guesses),
    (lambda of: of.asks("vanishing"), _vanishing),
    (_told_by_solved, lambda of: judge_causes(of.study, of.table)),
    (lambda _: True, _answers),
)
"""What a study's cells are asked, in this order: when, and what judges it."""


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


def _fails_often(item: CellResult) -> bool:
    return item.causes.failed >= max(FEWEST_FAILED, LEAST_FAILED * item.count)


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
