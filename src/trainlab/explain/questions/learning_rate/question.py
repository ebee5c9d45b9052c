"""What is the learning rate for? Answered for an experiment, from one step to populations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict

from msgspec.structs import replace

from trainlab.explain.common.options import populations_of
from trainlab.explain.common.populations import OnProgress
from trainlab.explain.common.progress import OnSection, Telling
from trainlab.explain.questions.learning_rate.answer import short_answer, verdict
from trainlab.explain.questions.learning_rate.asked import DEFAULT, ask, constant
from trainlab.explain.questions.learning_rate.checks_section import checks_section
from trainlab.explain.questions.learning_rate.compare import to_dict
from trainlab.explain.questions.learning_rate.comparison_section import comparison_section
from trainlab.explain.questions.learning_rate.effects_section import effects_section
from trainlab.explain.questions.learning_rate.follow_ups import (
    compare_schedules,
    compare_suggestion,
    notes_of,
)
from trainlab.explain.questions.learning_rate.grid import (
    RATES,
    at_rate,
    lean,
    point_of,
    population,
    read_rates,
)
from trainlab.explain.questions.learning_rate.named_schedules import Given, read_schedules
from trainlab.explain.questions.learning_rate.network_sharpness import (
    along_training,
    network_edges,
    start_sharpness,
)
from trainlab.explain.questions.learning_rate.quadratic_section import quadratic_section
from trainlab.explain.questions.learning_rate.range_test import range_experiment, read_range
from trainlab.explain.questions.learning_rate.range_test_section import range_test_section
from trainlab.explain.questions.learning_rate.regimes import regimes_of
from trainlab.explain.questions.learning_rate.result import LearningRateExplanation, numbers_of, schedule_dict
from trainlab.explain.questions.learning_rate.schedules_section import schedules_section
from trainlab.explain.questions.learning_rate.sharpness_section import sharpness_section
from trainlab.explain.questions.learning_rate.step_section import one_step, step_section
from trainlab.explain.subject.network import network_numbers
from trainlab.spec import Experiment, Study

SEEDS = 1000


def learning_rate(
    source: Experiment | Study | str | os.PathLike[str] = DEFAULT,
    *,
    cell: str | None = None,
    rates: str | Sequence[float] = RATES,
    schedules: Sequence[Given] | None = None,
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> LearningRateExplanation:
    """Show what the learning rate does to an experiment: one step, its stability, a grid of rates, schedules.

    Args:
        source: an experiment, a study, the path of a file, or an example's name.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out, and of
            the example ``"xor44"`` ``"Model 2:B+E"``.
        rates: the grid: ``"1e-5..10"``, ``"1e-5..10:13"`` (so many), or two and more numbers above 0.
        schedules: those to draw and compare with a constant rate, see `read_schedules`; all ten of the
            assignment and one with warm-up if None, none if empty.
        seeds: how many networks at each rate, and as many fresh ones for the suggestion.
        engine: who trains the populations.
        store: the folder that keeps finished runs; none if left out.
        workers: threads or processes.
        on_progress: called while populations train.
        on_section: called with each section as soon as it is ready.

    Raises:
        ExplainError: rates, schedules or seeds that can't be.
        SpecError: a file or cell that can't be read, or a schedule that doesn't fit the experiment.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    trainer = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    name, experiment = ask(source, cell)
    grid, steady = read_rates(rates), constant(experiment)
    chosen = read_schedules(schedules, steady)
    telling = Telling(on_section=on_section)

    step = one_step(experiment)
    telling.add(step_section(step, experiment))
    start = start_sharpness(experiment)
    stability = network_edges(experiment, start)
    telling.add(quadratic_section(stability, start))

    base = population(experiment)
    kept = replace(base, record=lean(experiment, parameters=True))
    climbing = range_experiment(base, grid[0], grid[-1])
    own, *trained, climbed = trainer.train([kept, *(at_rate(base, each) for each in grid), climbing])
    places = along_training(own)
    telling.add(sharpness_section(places, experiment))
    points = tuple(point_of(value, runs) for value, runs in zip(grid, trained, strict=True))
    found = regimes_of(points)
    fewer = trainer.note(len(own.solved))
    telling.add(effects_section(points, found, experiment, notes_of(experiment, own)), fewer)

    test = read_range(climbed, grid[0], grid[-1])
    suggestion = compare_suggestion(base, test, found, trainer)
    fresh = suggestion[0].point.solved.n if suggestion else seeds
    telling.add(range_test_section(test, suggestion, experiment), trainer.note(fresh))

    comparison, plateaus = compare_schedules(experiment, chosen, trainer)
    if chosen:
        telling.add(schedules_section(chosen, steady, plateaus))
        telling.add(comparison_section(comparison), trainer.note(comparison[0].point.solved.n))
    checked, part = checks_section(steady, step, places, chosen)
    telling.add(part)
    return LearningRateExplanation(
        question="learning-rate",
        subject=name,
        verdict=verdict(experiment, points, found, places, test, suggestion, comparison),
        sections=telling.done(),
        answer=short_answer(name, experiment, points, found),
        numbers={
            "experiment": experiment.to_dict(),
            "network": network_numbers(experiment),
            "module": None,
            "cell": name,
            "seeds": trainer.seeds,
            **numbers_of(step, stability, places, points, found, test),
            "suggestion": [to_dict(each) for each in suggestion],
            "schedules": [schedule_dict(each, steady, plateaus.get(each.label)) for each in chosen],
            "comparison": [to_dict(each) for each in comparison],
            "checks": [asdict(each) for each in checked],
        },
        experiment=experiment,
        step=step,
        stability=stability,
        sharpness=places,
        rates=points,
        regimes=found,
        range_test=test,
        suggestion=suggestion,
        schedules=chosen,
        comparison=comparison,
    )
