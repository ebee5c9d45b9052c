"""What a study returns: cells, effects, verdicts, and how it was run; it prints and shows itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.draw import JSON_FORMAT, check_table, counted, data_frame, json_text
from trainlab.errors import SpecError, shown
from trainlab.execution import Provenance
from trainlab.spec import Custom, Experiment, Study, data_notes, data_of, name_of
from trainlab.spec.study import NO_CHANGE
from trainlab.stats import Verdict
from trainlab.studies.answers.answer import answer_of
from trainlab.studies.cells import CellResult
from trainlab.studies.effect_table import Effect, Interaction
from trainlab.studies.effects import ever_effects
from trainlab.studies.fidelity import Fidelity
from trainlab.studies.performance_measure import PerformanceMeasure, measure_of
from trainlab.studies.retraining import Retrained
from trainlab.studies.score_effects import score_effects
from trainlab.studies.study_columns import STUDY_TABLES, StudyTable, study_columns
from trainlab.studies.until_width import UntilWidth

MAX_NAMED = 4
"""The most cells that a message names."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StudyResult:
    """The outcome of a study. `print(result)` gives the answer, `to_dict()` and `to_json()` everything.

    `cells` and their runs, `effects` and `interactions` hold the numbers; `to_frame()` gives them as tables.
    `verdicts` say what is true of them, the most telling first; `fidelity`, if it was asked for, whether the
    engine trains as PyTorch does; `retrained`, if `sides` were asked for, how cells trained again compare;
    `until`, if a width was asked for, how seeds were added.
    """

    study: Study
    cells: tuple[CellResult, ...]
    effects: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]
    verdicts: tuple[Verdict, ...]
    how: Provenance
    fidelity: Fidelity | None = None
    retrained: tuple[Retrained, ...] = ()
    until: UntilWidth | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know beforehand: a sentence for each last layer and loss that don't fit each other."""
        return _notes_of(self.cells)

    @property
    def data(self) -> list[dict[str, Any]]:
        """What is predicted from what, for each data set of the cells; `words` says it of a user's own."""
        return data_of([item.runs.experiment for item in self.cells])

    @property
    def measure(self) -> PerformanceMeasure | None:
        """What the cells are compared by: accuracy or loss of many rows; None where it is what is solved."""
        return measure_of(self.cells)

    @property
    def score_effects(self) -> tuple[Effect, ...]:
        """What each change does to the measure: accuracies in shares, losses as −log of their ratio."""
        measure = self.measure
        return () if measure is None else score_effects(self.study, measure, self.cells)

    @property
    def ever_effects(self) -> tuple[Effect, ...]:
        """What each change does to the share solved at some time; none where only the end was read."""
        return ever_effects(self.study, self.cells)

    @property
    def answer(self) -> str:
        """What the study says, in a sentence or two."""
        return answer_of(self).sentence

    @property
    def size(self) -> str:
        """How many runs of what: ``4 cells × 20 seeds``, ``4 cells × 10 splits × 20 seeds``."""
        splits = f"{self.study.splits:,} splits × " if self.study.splits > 1 else ""
        return f"{counted(len(self.cells), 'cell')} × {splits}{counted(self.how.seeds, 'seed')}"

    @property
    def run_count(self) -> int:
        """How many runs there are."""
        return sum(item.count for item in self.cells)

    def cell(self, network: str, *changes: str) -> CellResult:
        """Return one cell; the order of the changes doesn't matter.

        Raises:
            SpecError: the study has no such network or change, or the cell was left out of this run.
        """
        self.study.experiment(network, changes)  # names the nearest if one is unknown
        for item in self.cells:
            if item.cell.network == network and set(item.cell.changes) == set(changes):
                return item
        name = f"{network}:{'+'.join(changes) or NO_CHANGE}"
        raise SpecError(
            f"cell {shown(name)}: was left out of this run, which has {_some(self.cells)}; run the study "
            "without `only`, or with this cell in it."
        )

    def to_frame(self, of: StudyTable = "cells", *, library: str | None = None) -> Any:
        """Return a table as a data frame of pandas or, where that isn't installed, of polars.

        ``"cells"`` has a row a cell: `network`, for each change whether it is made, how many of `n` runs are
        `solved` at the end, the `share` with the interval from `low` to `high`, how many were `ever` solved,
        `stayed` so from then on or had it `unlearnt`, how failures divide, and medians over the runs.
        ``"runs"`` has a row a run: the seed of its `split` where the study has several, its `seed`, whether
        it is `solved`, its `outcome` in a word, loss, accuracy and gradients at the end.
        ``"effects"`` has three rows a network and change: the `difference` in the share solved that it makes
        ``"alone"``, averaged over all other changes (``"main"``) and where all of these are made
        (``"last"``); as many in the share solved at some time, and in the `measure` where there is one; `n`
        counts seeds, or splits where the study has several. Shares are from 0 to 1,
        differences from −1 to 1. What no run has, as held-out accuracy where nothing is held out, has no
        column.

        Args:
            of: ``"cells"``, ``"runs"`` or ``"effects"``.
            library: ``"pandas"`` or ``"polars"``; without, the first of them that is installed.

        Raises:
            TrainlabError: there is no such table or library, or (MissingPackageError) it isn't installed.
        """
        check_table(of, STUDY_TABLES)
        return data_frame(study_columns(self, of), library)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return {
            "format": JSON_FORMAT,
            "title": self.study.title,
            "question": self.study.question,
            "answer": self.answer,
            "measure": self.measure and self.measure.to_dict(),
            "splits": self.study.splits,
            "networks": [
                {"name": name, "widths": network.label, "parameters": network.parameters}
                for name in self.study.network_names
                for network in [self.study.experiment(name).network]
            ],
            "changes": [{"name": change.name, "label": change.label} for change in self.study.changes],
            "cells": [item.to_dict() for item in self.cells],
            "effects": [item.to_dict() for item in self.effects],
            "ever_effects": [item.to_dict() for item in self.ever_effects],
            "score_effects": [item.to_dict() for item in self.score_effects],
            "interactions": [item.to_dict() for item in self.interactions],
            "verdicts": [item.to_dict() for item in self.verdicts],
            "notes": list(self.notes),
            "data": self.data,
            "how": self.how.to_dict(),
            "fidelity": self.fidelity and self.fidelity.to_dict(),
            "retrained": [each.to_dict() for each in self.retrained],
            "until_width": self.until and self.until.to_dict(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def __repr__(self) -> str:
        # The generated one would print every array of every run.
        title = self.study.title or "a study"
        return f"<StudyResult {title!r}: {self.size}>"

    def __str__(self) -> str:
        found = answer_of(self)
        lines = [f"{word}: {words}" for word, words in (*found.effects, *found.asked)]
        return "\n".join([f"{self.study.title or 'A study'}: {self.size}", found.sentence, *lines])

    def _repr_html_(self) -> str:
        from trainlab.studies.study_pictures import study_notebook

        return study_notebook(self)


def _some(cells: tuple[CellResult, ...]) -> str:
    """Return the names of the first few cells."""
    names = ", ".join(repr(item.cell.name) for item in cells[:MAX_NAMED])
    return names if len(cells) <= MAX_NAMED else f"{names} and {len(cells) - MAX_NAMED:,} more"


def _notes_of(cells: Sequence[CellResult]) -> tuple[str, ...]:
    """Return a sentence for each pairing that the rules of `explain.loss` call wrong, and for each id."""
    found: dict[str, int] = {}
    for item in cells:
        experiment = item.runs.experiment
        for note in filter(None, (_pairing(experiment), *data_notes(experiment))):
            found[note] = found.get(note, 0) + 1
    if len(cells) == 1:
        return tuple(found)
    return tuple(f"In {n:,} of {counted(len(cells), 'cell')}: {note}" for note, n in found.items())


def _pairing(experiment: Experiment) -> str:
    # That room has the same floor as this one and asks for it as it is loaded.
    from trainlab.explain.questions.loss.rules import judge

    if isinstance(experiment.loss, Custom):
        return ""
    data, output, loss = experiment.data(), experiment.network.activations[-1], name_of(experiment.loss)
    judged = judge(data.kind, output, loss, (float(data.targets.min()), float(data.targets.max())))
    if judged.verdict != "wrong":
        return ""
    return (
        f"the last layer's activation {output!r} doesn't fit the loss {loss!r}: {judged.reason} Fitting: "
        f"{judged.remedy} (network.output_activation, loss)."
    )
