"""Verdicts asked from every side: does each hold when success is read otherwise?

Solved is a threshold at the last epoch. So every verdict that counts solved runs is asked again with other
tolerances, and of runs that were solved at some time. One that turns round, from upheld to refuted or back,
says nothing without the reading, so it is mixed, and its sentence says under what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from msgspec import structs

from trainlab.draw import join
from trainlab.engine import Runs
from trainlab.engine.readings import is_solved
from trainlab.spec import NoStopping, Study, Within
from trainlab.stats import Outcome, Side, Verdict
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import effects_of
from trainlab.studies.judge import verdicts_of
from trainlab.studies.measure import measure_of
from trainlab.studies.solved_when import looked_on_the_way, solved_ever

TOLERANCES = {0.05: "within 0.05", 0.1: "within 0.1", 0.25: "within 0.25", 0.5: "rounded"}
"""The distances from the targets at which runs count as solved, in words."""
ASKED = ("together", "change", "cause", "solved")
"""The topics that are a matter of solved runs."""
AS_ASKED = "as asked"
OUTCOMES: tuple[Outcome, ...] = ("upheld", "refuted", "mixed")
TURNED = {"upheld": "refuted", "refuted": "upheld"}


def from_every_side(
    study: Study, cells: Sequence[CellResult], verdicts: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """Return the verdicts, each with how it comes out on every other side, and those that turn round mixed.

    What is judged by a measure has no other sides; nor has what runs say too little of.
    """
    plain, sides = structs.replace(study, ask=()), dict[str, list[Side]]()
    for words, read in _readings(cells) if measure_of(cells) is None else ():
        again = tuple(_read(item, read) for item in cells)
        for verdict in verdicts_of(plain, again, effects_of(plain, again)[0]):
            if verdict.topic in ASKED:
                sides.setdefault(verdict.statement, []).append(Side(words=words, outcome=verdict.outcome))
    return tuple(
        weighed(replace(verdict, sides=(*verdict.sides, *sides.get(verdict.statement, ()))))
        for verdict in verdicts
    )


def weighed(verdict: Verdict) -> Verdict:
    """Return the verdict; mixed, and saying under what it turns round, if it does on some side.

    What is said of rounded predictions names its own reading, and stays.
    """
    if verdict.topic == "predictions":
        return verdict
    turned = [side for side in verdict.sides if side.outcome == TURNED.get(verdict.outcome)]
    if not turned:
        return verdict
    readings = f"{verdict.outcome} as asked, {turned[0].outcome} {_said(turned)}"
    note = f" It depends on how success is read: {readings}."
    asked = Side(words=AS_ASKED, outcome=verdict.outcome)
    return replace(
        verdict,
        outcome="mixed",
        sentence=verdict.sentence + note,
        opposite=None,
        sides=(asked, *verdict.sides),
    )


def sides_words(verdict: Verdict) -> str:
    """Say how a verdict comes out on its other sides; empty where no other was asked."""
    if not verdict.sides:
        return ""
    alike = {outcome: [side for side in verdict.sides if side.outcome == outcome] for outcome in OUTCOMES}
    if len(alike[verdict.outcome]) == len(verdict.sides):
        return f"Also so {_said(verdict.sides)}."
    told = [f"{outcome} {_said(sides)}" for outcome, sides in alike.items() if sides]
    return f"Asked otherwise: {'; '.join(told)}."


def _said(sides: Sequence[Side]) -> str:
    return join([side.words for side in sides])


def _readings(cells: Sequence[CellResult]) -> Iterator[tuple[str, Callable[[Runs], Runs]]]:
    """Yield the other readings of solved, in words, with what reads runs so.

    Runs that stop early are left where they just met their own rule, which says nothing of a stricter one;
    and of trainings that go on only the last is read, so those of different lengths can't be compared.
    """
    experiments = [item.runs.experiment for item in cells]
    whole = all(isinstance(each.stopping, NoStopping) for each in experiments)
    alike = len({len(each.phases) for each in experiments}) == 1
    rules = {item.runs.experiment.solved for item in cells}
    kept = all(
        runs.predictions.shape[1] >= runs.experiment.data().points for item in cells for runs in item.splits
    )
    own = rules.pop() if len(rules) == 1 else None
    if kept and whole and isinstance(own, Within) and own.on == "train":
        for within, words in TOLERANCES.items():
            if within != own.within:
                yield words, _within(within)
    if alike and all(looked_on_the_way(item.splits) for item in cells):
        yield "counting runs solved at some time", lambda runs: replace(runs, solved=solved_ever(runs))


def _within(within: float) -> Callable[[Runs], Runs]:
    def read(runs: Runs) -> Runs:
        asked = structs.replace(runs.experiment, solved=Within(within=within))
        targets = runs.experiment.data().targets
        return replace(runs, solved=is_solved(asked, runs.predictions, targets, runs.loss))

    return read


def _read(item: CellResult, read: Callable[[Runs], Runs]) -> CellResult:
    return replace(item, runs=read(item.runs), further=tuple(map(read, item.further)))
