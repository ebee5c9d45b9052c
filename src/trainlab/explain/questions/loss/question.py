"""``trainlab.explain.loss``: what is a loss, and does yours fit your output and your task?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, get_args

import numpy as np

from trainlab.errors import ExplainError
from trainlab.explain.common.options import (
    SEEDS,
    check_cell,
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
)
from trainlab.explain.common.parts import OnSection, Part, check_parts, tell_parts, with_note
from trainlab.explain.common.populations import OnProgress
from trainlab.explain.questions.loss.answer import module_short_answer, module_verdict, short_answer, verdict
from trainlab.explain.questions.loss.evidence import Evidence
from trainlab.explain.questions.loss.loss_signatures import LOSS_SIGNATURES
from trainlab.explain.questions.loss.outliers_section import outliers_section
from trainlab.explain.questions.loss.outputs_module import ModuleOutputs, inspect_module
from trainlab.explain.questions.loss.pairing import pairings
from trainlab.explain.questions.loss.pairing_sections import pairing_section, table_section
from trainlab.explain.questions.loss.points import Point
from trainlab.explain.questions.loss.points_section import live_points
from trainlab.explain.questions.loss.population_section import population_section
from trainlab.explain.questions.loss.result import LossExplanation
from trainlab.explain.questions.loss.shapes_section import Shape, log_table, shapes_section
from trainlab.explain.questions.loss.variants import named_losses
from trainlab.explain.subject.given_module import is_module
from trainlab.explain.subject.network import network_numbers
from trainlab.page.section import Section
from trainlab.spec import any_study, named_cell
from trainlab.tasks import Kind

DEFAULT: Final = "xor44"
"""The assignment's networks: its first, 2-5-4-1 unchanged, has tanh and L1 for two classes, which the table
of pairs doesn't name: there is something to say about it."""


def loss(
    source: Any = DEFAULT,
    *,
    cell: str | None = None,
    loss: Any = None,
    inputs: Any = None,
    targets: Any = None,
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
        source: an experiment, a study, its file or an example's name; or a ``torch.nn.Module``.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out.
        loss: of an experiment a name or several, which are drawn and compared in place of the usual ones; of
            a module the loss that it is trained with: its name, a loss of ``torch.nn`` or a function of
            ``torch.nn.functional``.
        inputs: a module's batch, ``[examples, …]``.
        targets: of that batch.
        parts: the sections to make, by name; all if empty. Fewer come without answer and verdict.
        seeds: how many networks each pairing has; outliers are tested on up to 20 data sets with 8 seeds
            each, fewer if these are. A module isn't trained.
        engine: who trains the populations.
        store: the folder that keeps finished runs; none if left out.
        workers: threads or processes; all processors if left out.
        on_progress: called while populations train.
        on_section: called with each section as soon as it is ready.

    Raises:
        ExplainError: a loss or part that isn't known, a module or data that don't fit.
        SpecError: a source that can't be read.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    if is_module(source):
        only_for_experiments(cell=cell)
        names = check_parts(MODULE_PARTS, parts)
        return _explain_module(inspect_module(source, inputs, targets, loss), names, on_section)
    names = check_parts(PARTS, parts)
    study = any_study(check_source(source))
    only_for_modules(inputs=inputs, targets=targets)
    evidence = Evidence(
        named=named_losses(_names(loss)),
        experiment=named_cell(study, check_cell(cell)).experiment,
        parts=names,
        populations=populations,
    )
    return _explain(evidence, names, on_section)


def _explain(evidence: Evidence, names: Sequence[str], on_section: OnSection | None) -> LossExplanation:
    told = tell_parts(PARTS, names, evidence, on_section)
    trained = evidence.trained[1] if told.has("trained-points") else ()
    return LossExplanation(
        question="loss",
        subject=evidence.what,
        verdict=verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(evidence) if told.whole else None,
        numbers={"network": network_numbers(evidence.experiment), "module": None, **told.numbers},
        pairing=evidence.pairing,
        points=trained or (evidence.start[1] if told.has("points") else ()),
        rates=evidence.rates if told.has("population") else (),
        outliers=evidence.outliers if told.has("outliers") else None,
    )


def _explain_module(
    live: ModuleOutputs, names: Sequence[str], on_section: OnSection | None
) -> LossExplanation:
    told = tell_parts(MODULE_PARTS, names, live, on_section)
    return LossExplanation(
        question="loss",
        subject=f"{live.name} with {live.pairing.loss}",
        verdict=module_verdict(live.pairing) if told.whole else "",
        sections=told.sections,
        answer=module_short_answer(live.pairing, live.name) if told.whole else None,
        numbers={"network": None, "module": live.name, **told.numbers, "population": [], "outliers": None},
        pairing=live.pairing,
        points=live_points(live)[1] if told.has("points") else (),
        rates=(),
        outliers=None,
    )


def _span(targets: np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest target."""
    return float(targets.min()), float(targets.max())


def _table_numbers(_evidence: object) -> dict[str, Any]:
    """Return what holds of any data: the pairings of every kind of task, and what losses take."""
    return {
        "pairings": [each.to_dict() for kind in get_args(Kind) for each in pairings(kind)],
        "takes": [
            {
                "loss": each.name,
                "torch_class": each.torch_class,
                "outputs": each.outputs,
                "targets": each.targets,
                "aims_at": each.aims_at,
            }
            for each in LOSS_SIGNATURES.values()
        ],
    }


def _shapes_numbers(shapes: Sequence[Shape]) -> dict[str, Any]:
    return {"shapes": _plain(shapes), "log_table": [list(row) for row in log_table().rows]}


def _points_numbers(evidence: Evidence) -> dict[str, Any]:
    _, start, gap = evidence.start
    return {"points": _points(start), "autograd_difference": gap}


def _trained_numbers(evidence: Evidence) -> dict[str, Any]:
    return {"points": {**_points(evidence.start[1]), "trained": _plain(evidence.trained[1])}}


def _module_shapes(live: ModuleOutputs) -> tuple[Section, list[Shape]]:
    return shapes_section(live.pairing.task, live.loss, live.pairing.output, ())


def _module_points_numbers(live: ModuleOutputs) -> dict[str, Any]:
    _, points, gap = live_points(live)
    return {"points": {**_points(points), "trained": []}, "autograd_difference": gap}


def _points(start: Sequence[Point]) -> dict[str, Any]:
    return {"inputs": [list(each.inputs) for each in start], "start": _plain(start)}


def _plain(items: Sequence[Any]) -> list[dict[str, Any]]:
    return [each.to_dict() for each in items]


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
        raise ExplainError("loss: for an experiment it must be a loss's name, as 'mse', or a list of names.")
    return names  # pyright: ignore[reportUnknownVariableType]


PARTS: Final[tuple[Part[Evidence], ...]] = (
    Part(
        name="pairing",
        section=lambda evidence: pairing_section(evidence.pairing, evidence.what),
        numbers=lambda evidence: {"pairing": evidence.pairing.to_dict()},
    ),
    Part(
        name="table",
        section=lambda evidence: table_section(evidence.pairing, _span(evidence.data.targets)),
        numbers=_table_numbers,
    ),
    Part(
        name="shapes",
        section=lambda evidence: evidence.shapes[0],
        numbers=lambda evidence: _shapes_numbers(evidence.shapes[1]),
    ),
    Part(name="points", section=lambda evidence: evidence.start[0], numbers=_points_numbers),
    Part(
        name="trained-points",
        section=lambda evidence: evidence.trained[0],
        numbers=_trained_numbers,
    ),
    Part(
        name="population",
        section=_population_section,
        numbers=lambda evidence: {"population": _plain(evidence.rates)},
    ),
    Part(
        name="outliers",
        section=lambda evidence: with_note(
            outliers_section(evidence.outlier_runs, evidence.outliers), evidence.outlier_runs.note
        ),
        numbers=lambda evidence: {"outliers": evidence.outliers.to_dict()},
    ),
)
"""The sections on an experiment, in order."""

MODULE_PARTS: Final[tuple[Part[ModuleOutputs], ...]] = (
    Part(
        name="pairing",
        section=lambda live: pairing_section(
            live.pairing, f"{live.name} with {live.pairing.loss}", live.notes
        ),
        numbers=lambda live: {"pairing": live.pairing.to_dict()},
    ),
    Part(
        name="table",
        section=lambda live: table_section(live.pairing, _span(live.targets)),
        numbers=_table_numbers,
    ),
    Part(
        name="shapes",
        section=lambda live: _module_shapes(live)[0],
        numbers=lambda live: _shapes_numbers(_module_shapes(live)[1]),
    ),
    Part(name="points", section=lambda live: live_points(live)[0], numbers=_module_points_numbers),
)
"""The sections on a torch module, in order."""
