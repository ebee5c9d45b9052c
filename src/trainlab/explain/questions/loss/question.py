"""What is a loss? Answered for a network of the user's own: `explain.loss`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, get_args

from trainlab.errors import ExplainError
from trainlab.explain.common.options import (
    check_cell,
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
)
from trainlab.explain.common.populations import OnProgress, Populations
from trainlab.explain.common.progress import OnSection, Telling
from trainlab.explain.questions.loss.answer import module_short_answer, short_answer
from trainlab.explain.questions.loss.live_module import Live, inspect_module
from trainlab.explain.questions.loss.loss_signatures import LOSS_SIGNATURES
from trainlab.explain.questions.loss.outlier_runs import train_outliers
from trainlab.explain.questions.loss.outliers import read_outliers
from trainlab.explain.questions.loss.outliers_section import outliers_section, outliers_sentence
from trainlab.explain.questions.loss.pairing import Pairing, pairing_of, pairings
from trainlab.explain.questions.loss.pairing_rates import pair_rates
from trainlab.explain.questions.loss.pairing_section import pairing_section
from trainlab.explain.questions.loss.points import Point
from trainlab.explain.questions.loss.points_section import live_points, own_points, trained_points
from trainlab.explain.questions.loss.population_section import population_section, population_sentence
from trainlab.explain.questions.loss.result import LossExplanation
from trainlab.explain.questions.loss.shapes_section import Shape, log_table, shapes_section
from trainlab.explain.questions.loss.table_section import table_section
from trainlab.explain.questions.loss.variants import named_losses, variants_of
from trainlab.explain.subject.live import is_module
from trainlab.explain.subject.network import network_numbers
from trainlab.spec import Experiment, any_study, name_of, named_cell
from trainlab.tasks import Kind

DEFAULT = "xor44"
"""The assignment's networks: its first, 2-5-4-1 unchanged, has tanh and L1 for two classes, which the table
of pairs doesn't name: there is something to say about it."""
SEEDS = 1000


def loss(
    source: Any = DEFAULT,
    *,
    cell: str | None = None,
    loss: Any = None,
    inputs: Any = None,
    targets: Any = None,
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> LossExplanation:
    """Explain losses with a network: its pairing, its points, pairings and outliers on populations.

    `source` is an experiment, a study (of which `cell` names one), a file or an example's name; or a torch
    module, which needs `inputs`, `targets` and the `loss` that it is trained with (its name, a loss of
    ``torch.nn`` or a function of ``torch.nn.functional``), and trains nothing. For an experiment `loss` may
    be a name or several: these are drawn and compared in place of the usual ones. Pairings are compared on
    `seeds` seeds; outliers on up to 20 data sets with 8 seeds each, fewer if `seeds` are.

    Raises:
        ExplainError: a loss that isn't known, a module or data that don't fit.
        SpecError: a source that can't be read.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    telling = Telling(on_section=on_section)
    if is_module(source):
        only_for_experiments(cell=cell)
        return _of_module(inspect_module(source, inputs, targets, loss), telling)
    study = any_study(check_source(source))
    only_for_modules(inputs=inputs, targets=targets)
    named = named_losses(_names(loss))
    experiment = named_cell(study, check_cell(cell)).experiment
    return _of_experiment(experiment, named, populations, telling)


def _of_experiment(
    experiment: Experiment, named: Sequence[str], populations: Populations, telling: Telling
) -> LossExplanation:
    found = pairing_of(experiment)
    data = experiment.data()
    span = (float(data.targets.min()), float(data.targets.max()))
    what = f"{experiment.network.label} on {name_of(experiment.task)} with {found.loss}"
    telling.add(pairing_section(found, what))
    telling.add(table_section(found, span))
    drawn, shapes = shapes_section(data.kind, experiment.loss, found.output, named)
    telling.add(drawn)
    section, start, gap = own_points(experiment)
    telling.add(section)
    variants, refused = variants_of(experiment, named)
    population = populations.train([each.experiment for each in variants])
    rates = pair_rates(variants, population)
    section, trained = trained_points(experiment, population[0])
    telling.add(section)
    note = populations.note(rates[0].solved.n)
    telling.add(population_section(variants, rates, experiment.solved, refused), note)
    runs = train_outliers(experiment if data.kind == "regression" else None, populations)
    outliers = read_outliers(runs)
    telling.add(outliers_section(runs, outliers), runs.note)
    numbers = {
        "network": network_numbers(experiment),
        "module": None,
        **_numbers(found, shapes),
        "points": _points(start, trained),
        "autograd_difference": gap,
        "population": _plain(rates),
        "outliers": outliers.to_dict(),
    }
    return LossExplanation(
        question="loss",
        subject=what,
        verdict=f"{found.sentence} {population_sentence(rates)} {outliers_sentence(outliers)}",
        sections=telling.done(),
        answer=short_answer(found, rates, what=what, task=name_of(experiment.task)),
        numbers=numbers,
        pairing=found,
        points=trained or start,
        rates=rates,
        outliers=outliers,
    )


def _of_module(live: Live, telling: Telling) -> LossExplanation:
    found = live.pairing
    span = (float(live.targets.min()), float(live.targets.max()))
    telling.add(pairing_section(found, f"{live.name} with {found.loss}", live.notes))
    telling.add(table_section(found, span))
    drawn, shapes = shapes_section(found.task, live.loss, found.output, ())
    telling.add(drawn)
    section, points, gap = live_points(live)
    telling.add(section)
    return LossExplanation(
        question="loss",
        subject=f"{live.name} with {found.loss}",
        verdict=f"{found} What arrives at the last sum is {found.gradient}.",
        sections=telling.done(),
        answer=module_short_answer(found, live.name),
        numbers={
            "network": None,
            "module": live.name,
            **_numbers(found, shapes),
            "points": _points(points, ()),
            "autograd_difference": gap,
            "population": [],
            "outliers": None,
        },
        pairing=found,
        points=points,
        rates=(),
        outliers=None,
    )


def _numbers(found: Pairing, shapes: Sequence[Shape]) -> dict[str, Any]:
    """Return what holds without any data: the pairing, the whole table, and the shapes."""
    return {
        "pairing": found.to_dict(),
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
        "shapes": _plain(shapes),
        "log_table": [list(row) for row in log_table().rows],
    }


def _points(start: Sequence[Point], trained: Sequence[Point]) -> dict[str, Any]:
    return {
        "inputs": [list(each.inputs) for each in start],
        "start": _plain(start),
        "trained": _plain(trained),
    }


def _plain(items: Sequence[Any]) -> list[dict[str, Any]]:
    return [each.to_dict() for each in items]


def _names(given: Any) -> Sequence[str]:
    if given is None:
        return ()
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):  # pyright: ignore[reportUnknownVariableType]
        raise ExplainError("loss: for an experiment it must be a loss's name, as 'mse', or a list of names.")
    return names  # pyright: ignore[reportUnknownVariableType]
