"""``trainlab.explain.loss``: what is a loss, and does yours fit your output and your task?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, get_args

import numpy as np

from trainlab.draw import Cell
from trainlab.engine import Runs
from trainlab.errors import ExplainError
from trainlab.explain.explanation import Explanation, ShortAnswer
from trainlab.explain.network import network_numbers
from trainlab.explain.options import (
    SEEDS,
    OnSection,
    Part,
    check_cell,
    check_parts,
    check_source,
    populations_of,
    tell_parts,
    with_note,
)
from trainlab.explain.populations import OnProgress, Populations
from trainlab.explain.questions.loss.outlier_runs import OutlierRuns, train_outliers
from trainlab.explain.questions.loss.outliers import (
    Outliers,
    outliers_section,
    outliers_sentence,
    read_outliers,
)
from trainlab.explain.questions.loss.pairing import (
    Pairing,
    PairRate,
    Variant,
    named_losses,
    pair_rates,
    pairing_of,
    pairing_section,
    pairings,
    population_section,
    population_sentence,
    table_section,
    variants_of,
)
from trainlab.explain.questions.loss.points import Point, Shape, log_table, own_points, shapes_section
from trainlab.explain.questions.loss.rules import LOSS_SIGNATURES
from trainlab.page.section import Section, Table
from trainlab.plain import pick
from trainlab.spec import Experiment, Study, any_study, name_of, named_cell
from trainlab.stats import percent_words
from trainlab.tasks import Kind, Task

# What the sections on a loss are made of: read from the options, and computed when first needed.


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """An experiment, the losses `named` to draw and compare in place of the usual ones; what they show."""

    experiment: Experiment
    named: Sequence[str]
    populations: Populations

    @property
    def data(self) -> Task:
        """The examples."""
        return self.experiment.data()

    @cached_property
    def pairing(self) -> Pairing:
        """Whether output and loss fit the task."""
        return pairing_of(self.experiment)

    @property
    def what(self) -> str:
        """The experiment in words."""
        experiment = self.experiment
        return f"{experiment.network.label} on {name_of(experiment.task)} with {self.pairing.loss}"

    @cached_property
    def shapes(self) -> tuple[Section, list[Shape]]:
        """Losses drawn: the section, and what it draws."""
        return shapes_section(self.data.kind, self.experiment.loss, self.pairing.output, self.named)

    @cached_property
    def start(self) -> tuple[Section, tuple[Point, ...], float | None]:
        """The examples at the first weights: section, examples, and how far gradients are from autograd's."""
        return own_points(self.experiment)

    @cached_property
    def _variants_and_refused(self) -> tuple[list[Variant], list[str]]:
        return variants_of(self.experiment, self.named)

    @property
    def variants(self) -> list[Variant]:
        """The experiment with its own and with other pairings."""
        return self._variants_and_refused[0]

    @property
    def refused(self) -> list[str]:
        """Why named losses can't be trained."""
        return self._variants_and_refused[1]

    @cached_property
    def _population(self) -> list[Runs]:
        return self.populations.train([each.experiment for each in self.variants])

    @cached_property
    def rates(self) -> tuple[PairRate, ...]:
        """How often each pairing solves the task."""
        return pair_rates(self.variants, self._population)

    @cached_property
    def outlier_runs(self) -> OutlierRuns:
        """The losses trained with outliers and without."""
        return train_outliers(self.populations)

    @cached_property
    def outliers(self) -> Outliers:
        """What outliers do under each loss."""
        return read_outliers(self.outlier_runs)


# What `trainlab.explain.loss` returns.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LossExplanation(Explanation):
    """The answer to "What is a loss?".

    `pairing` is the verdict on the network's own output and loss; `points` its loss example by example,
    before training; `rates` how often pairings solved the task, one's own first; `outliers` what they do.

    ``numbers`` has the keys ``network`` (label, widths, parameters); ``pairing``; ``pairings``, the whole
    table, a list of such records; ``takes``, a record for each loss: ``loss``, ``torch_class``, ``outputs``,
    ``targets``, ``aims_at``; ``shapes``, a list of ``output``, ``loss``, ``x``, ``value``, ``slope``;
    ``log_table``, rows of p, −ln p, (1 − p)², 1 − p and the slopes of −ln p and (1 − p)² at z; ``points``,
    with the ``inputs`` of each example, and in the same order ``start``, a list of ``target``, ``output``,
    ``prediction``, ``error``, ``loss``, ``share``, ``gradient``; ``autograd_difference`` (null without
    torch); ``population``, a list of ``output``, ``loss``, ``verdict``, ``solved``, ``diverged``,
    ``difference``, ``p_adjusted``, ``reading``; and ``outliers``, with ``losses``, ``comparisons`` and
    ``statements``. Where only some parts were asked for, `numbers` lacks what the others say, and their
    fields are None or empty.
    """

    pairing: Pairing
    points: tuple[Point, ...]
    rates: tuple[PairRate, ...]
    outliers: Outliers | None


# The answer in a sentence and a table: whether output and loss fit, and how often each pairing solves it.


BAR: Final = 12

RULE: Final = "A loss says how far outputs are from targets, and its slope is what the network learns from"


def short_answer(evidence: Evidence) -> ShortAnswer:
    """Return the answer for an experiment; the first rate is that of its own pairing."""
    found, rates = evidence.pairing, evidence.rates
    own, n = rates[0], rates[0].solved.n
    best = max(rates, key=lambda each: each.solved.k)
    counts = f"{own.label} solves {percent_words(own.solved)} of {n:,} seeds"
    if best is not own:
        counts += f", {best.label} {percent_words(best.solved)}"
    rows: list[list[Cell]] = [
        [
            each.label,
            each.verdict,
            percent_words(each.solved),
            "▇" * round(BAR * each.solved.estimate),
            "yours" if each.difference is None else str(each.difference.value).replace(" points", ""),
        ]
        for each in rates
    ]
    return ShortAnswer(
        sentence=f"{RULE}: {found.sentence.removesuffix('.')} ({counts}).",
        table=Table(
            title=f"Solved, of {n:,} seeds, and points more or less than yours (95 % interval)",
            headers=("Output + loss", "Pairing", "Solved", "", "Points"),
            rows=rows,
        ),
        shown_on=f"{evidence.what}; tested on {name_of(evidence.experiment.task)} only, with one learning "
        "rate for all.",
    )


def verdict(evidence: Evidence) -> str:
    """Return the answer for an experiment, in a few sentences."""
    pairing = evidence.pairing.sentence
    return f"{pairing} {population_sentence(evidence.rates)} {outliers_sentence(evidence.outliers)}"


# ``trainlab.explain.loss``: what is a loss, and does yours fit your output and your task?


DEFAULT: Final = "xor44"
"""The assignment's networks: its first, 2-5-4-1 unchanged, has tanh and L1 for two classes, which the table
of pairs doesn't name: there is something to say about it."""


def loss(
    source: Experiment | Study | str | os.PathLike[str] = DEFAULT,
    *,
    cell: str | None = None,
    loss: str | Sequence[str] | None = None,
    parts: str | Sequence[str] = (),
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> LossExplanation:
    """Explain losses with a network: its pairing, its points, pairings and outliers on populations.

    Args:
        source: an experiment, a study, its file or an example's name.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out.
        loss: the name of a loss, or several, which are drawn and compared in place of the usual ones.
        seeds: how many networks each pairing has; outliers are tested on up to 20 data sets with 8 seeds
            each, fewer if these are.
        parts, engine, store, workers, on_progress, on_section: as in all questions, see `trainlab.explain`.

    Raises:
        ExplainError: a loss or part that isn't known.
        SpecError: a source that can't be read.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    names = check_parts(PARTS, parts)
    study = any_study(check_source(source))
    evidence = Evidence(
        named=named_losses(_names(loss)),
        experiment=named_cell(study, check_cell(cell)).experiment,
        populations=populations,
    )
    return _explain(evidence, names, on_section)


def _explain(evidence: Evidence, names: Sequence[str], on_section: OnSection | None) -> LossExplanation:
    told = tell_parts(PARTS, names, evidence, on_section)
    return LossExplanation(
        question="loss",
        subject=evidence.what,
        verdict=verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(evidence) if told.whole else None,
        numbers={"network": network_numbers(evidence.experiment), **told.numbers},
        pairing=evidence.pairing,
        points=evidence.start[1] if told.has("points") else (),
        rates=evidence.rates if told.has("population") else (),
        outliers=evidence.outliers if told.has("outliers") else None,
    )


def _span(targets: np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest target."""
    return float(targets.min()), float(targets.max())


def _table_numbers(_evidence: object) -> dict[str, Any]:
    """Return what holds of any data: the pairings of every kind of task, and what losses take."""
    return {
        "pairings": [each for kind in get_args(Kind) for each in pairings(kind)],
        "takes": [
            pick(each, "loss=name torch_class outputs targets aims_at") for each in LOSS_SIGNATURES.values()
        ],
    }


def _points_numbers(evidence: Evidence) -> dict[str, Any]:
    _, start, gap = evidence.start
    points = {"inputs": [each.inputs for each in start], "start": start}
    return {"points": points, "autograd_difference": gap}


def _population_section(evidence: Evidence) -> Section:
    rates = evidence.rates
    asked = evidence.experiment.solved
    section = population_section(evidence.variants, rates, asked, evidence.refused)
    return with_note(section, evidence.populations.note(rates[0].solved.n))


def _names(given: Any) -> Sequence[str]:
    if given is None:
        return ()
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnknownVariableType]
        raise ExplainError("loss: must be a loss's name, as 'mse', or a list of names.")
    return names  # pyright: ignore[reportUnknownVariableType]


PARTS: Final[tuple[Part[Evidence], ...]] = (
    Part(
        name="pairing",
        section=lambda evidence: pairing_section(evidence.pairing, evidence.what),
        numbers=lambda evidence: {"pairing": evidence.pairing},
    ),
    Part(
        name="table",
        section=lambda evidence: table_section(evidence.pairing, _span(evidence.data.targets)),
        numbers=_table_numbers,
    ),
    Part(
        name="shapes",
        section=lambda evidence: evidence.shapes[0],
        numbers=lambda evidence: {"shapes": evidence.shapes[1], "log_table": log_table().rows},
    ),
    Part(name="points", section=lambda evidence: evidence.start[0], numbers=_points_numbers),
    Part(
        name="population",
        section=_population_section,
        numbers=lambda evidence: {"population": evidence.rates},
    ),
    Part(
        name="outliers",
        section=lambda evidence: with_note(
            outliers_section(evidence.outlier_runs, evidence.outliers), evidence.outlier_runs.note
        ),
        numbers=lambda evidence: {"outliers": evidence.outliers},
    ),
)
"""The sections on an experiment, in order."""
