"""What a study returns, and how it shows itself in a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.draw import (
    Emphasis,
    Interval,
    Picture,
    check_table,
    counted,
    data_frame,
    html_table,
    intervals,
    rate_grid,
)
from trainlab.draw.svg import Html, escape
from trainlab.errors import SpecError, shown
from trainlab.execution import Provenance
from trainlab.page.document import NOTHING, SPACE, drawing, joined, notebook, tag, text_list
from trainlab.plain import JSON_FORMAT, Result, pick, plain
from trainlab.spec import Custom, Experiment, Study, data_notes, data_of, name_of
from trainlab.spec.study import NO_CHANGE
from trainlab.stats import Reading, Verdict
from trainlab.studies.answer import seeds_or_runs
from trainlab.studies.answer_by_score import answer_of
from trainlab.studies.cells import CellResult, any_solved
from trainlab.studies.effects import Effect, Interaction, ever_effects
from trainlab.studies.performance_measure import PerformanceMeasure, measure_of
from trainlab.studies.retraining import Fidelity, Retrained
from trainlab.studies.score_effects import score_effects
from trainlab.studies.seeds_needed import UntilWidth
from trainlab.studies.study_columns import STUDY_TABLES, StudyTable, study_columns

# What a study returns: cells, effects, verdicts, and how it was run; it prints and shows itself.


MAX_NAMED = 4
"""The most cells that a message names."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StudyResult(Result):
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
        return plain(
            {
                "format": JSON_FORMAT,
                "title": self.study.title,
                "question": self.study.question,
                "answer": self.answer,
                "measure": self.measure,
                "splits": self.study.splits,
                "networks": [
                    {"name": name, "widths": network.label, "parameters": network.parameters}
                    for name in self.study.network_names
                    for network in [self.study.experiment(name).network]
                ],
                "changes": [{"name": change.name, "label": change.label} for change in self.study.changes],
                **pick(self, "cells effects ever_effects score_effects interactions verdicts notes data"),
                **pick(self, "how fidelity retrained"),
                "until_width": self.until,
            }
        )

    def __repr__(self) -> str:
        # The generated one would print every array of every run.
        title = self.study.title or "a study"
        return f"<StudyResult {title!r}: {self.size}>"

    def __str__(self) -> str:
        found = answer_of(self)
        lines = [f"{word}: {words}" for word, words in (*found.effects, *found.asked)]
        return "\n".join([f"{self.study.title or 'A study'}: {self.size}", found.sentence, *lines])

    def _repr_html_(self) -> str:

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


# How a study shows itself: its answer in a notebook, and the pictures of its rates and effects.


_EMPHASIS: dict[Reading, Emphasis] = {
    "helps": "helps",
    "hurts": "hurts",
    "shown to be small": "small",
    "no difference seen": "none",
}


def rate_picture(result: StudyResult) -> Picture:
    """Return the grid of success rates: rows are combinations of changes, columns networks."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    combinations = list(dict.fromkeys(item.cell.changes for item in result.cells))
    table = {(item.cell.changes, item.cell.network): item.solved for item in result.cells}
    return rate_grid(
        ["+".join(changes) or "none" for changes in combinations],
        networks,
        [[table.get((changes, network)) for network in networks] for changes in combinations],
        title=f"Share of {seeds_or_runs(result)} solved, by changes made and network",
    )


def effect_picture(result: StudyResult, *, kind: str) -> Picture | None:
    """Return the effects of each change, `kind` ``"main"`` or ``"alone"``, grouped by network.

    Both kinds have the same scale, so that they can stand side by side.
    """
    rows = _effect_rows(result, kind=kind)
    if not rows:
        return None
    words = "averaged over all other changes" if kind == "main" else "made alone, against the baseline"
    return intervals(
        rows,
        x_label=_effect_label(result),
        title=f"Effect of each change, {words}",
        beside=_effect_rows(result, kind="alone" if kind == "main" else "main"),
    )


def _effect_label(result: StudyResult) -> str:
    measure = result.measure
    if measure is None or not result.score_effects:
        return "difference in success rate, points"
    if measure.kind == "accuracy":
        return f"difference in {measure.name}, points"
    return f"change of the {measure.name}, %"


def _effect_rows(result: StudyResult, *, kind: str) -> list[Interval]:
    """Return the effects on the measure where the data have one, else on the success rate."""
    rows: list[Interval] = []
    measure = result.measure
    for effect in result.score_effects or result.effects:
        value = effect.main if kind == "main" else effect.alone
        if value is not None:
            low, middle, high = value.value.low, value.value.estimate, value.value.high
            if measure is not None and result.score_effects and measure.kind == "loss":
                # Minus a logarithm of a ratio of losses: more is less loss.
                low, middle, high = math.expm1(-high), math.expm1(-middle), math.expm1(-low)
            rows.append(
                Interval(
                    label=effect.change,
                    estimate=100 * middle,
                    low=100 * low,
                    high=100 * high,
                    group=effect.network,
                    emphasis=_EMPHASIS[value.reading],
                )
            )
    return rows


def study_notebook(result: StudyResult) -> Html:
    """Return the answer, its table, what helps and what hurts for a notebook; the rest folded."""
    found = answer_of(result)
    words = [(word, told) for word, told in (*found.effects, *found.asked)]
    lines = [tag("li", tag("strong", escape(word)), SPACE, escape(told)) for word, told in words]
    head = tag("p", escape(f"{found.effects_title}:")) if found.effects else NOTHING
    verdicts = [
        tag(
            "li",
            escape(f"{verdict.claim} "),
            tag("strong", escape(f"{verdict.outcome}.")),
            escape(f" {verdict.sentence}"),
        )
        for verdict in result.verdicts
    ]
    rates = _rates(result) if result.measure is None or any_solved(result.cells) else NOTHING
    summary = tag("summary", escape("All verdicts and cells"))
    return notebook(
        result.study.title or "A study",
        tag("p", tag("strong", escape(found.sentence))),
        text_list(f"{item.name}: {item.label}" for item in result.study.changes if item.label),
        found.table.html(caption=found.title),
        tag("p", escape(" ".join(found.remarks))),
        joined(head, tag("ul", *lines)) if lines else NOTHING,
        tag("details", summary, tag("ul", *verdicts), rates),
    )


def _rates(result: StudyResult) -> Html:
    picture = rate_picture(result)
    return drawing(picture, html_table(picture.data["headers"], picture.data["rows"], caption=picture.title))
