"""``trainlab.explain.learning_rate``: what is the learning rate for? From one step to populations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from trainlab.explain.network import network_numbers
from trainlab.explain.options import (
    SEEDS,
    OnSection,
    Part,
    check_parts,
    populations_of,
    tell_parts,
    with_note,
)
from trainlab.explain.populations import OnProgress
from trainlab.explain.questions.learning_rate.comparison import comparison_section, notes_of
from trainlab.explain.questions.learning_rate.evidence import (
    DEFAULT,
    Evidence,
    LearningRateExplanation,
    effects_numbers,
    named_experiment,
    schedule_dict,
    short_answer,
    verdict,
)
from trainlab.explain.questions.learning_rate.grid import RATES, constant, effects_section, read_rates
from trainlab.explain.questions.learning_rate.one_step import checks_section, step_section
from trainlab.explain.questions.learning_rate.range_test import range_test_section
from trainlab.explain.questions.learning_rate.schedules import Given, read_schedules, schedules_section
from trainlab.explain.questions.learning_rate.sharpness import quadratic_section, sharpness_section
from trainlab.page.section import Section
from trainlab.spec import Experiment, Study

NO_SCHEDULES: Final = "schedules is empty; leave it out for all of them."


def learning_rate(
    source: Experiment | Study | str | os.PathLike[str] = DEFAULT,
    *,
    cell: str | None = None,
    rates: str | Sequence[float] = RATES,
    schedules: Sequence[Given] | None = None,
    parts: str | Sequence[str] = (),
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> LearningRateExplanation:
    """Show what the learning rate does to an experiment: one step, its stability, a grid of rates, schedules.

    Args:
        source: an experiment, a study, its file or an example's name.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out, and of
            the example ``"xor44"`` ``"Model 2:B+E"``.
        rates: the grid: ``"1e-5..10"``, ``"1e-5..10:13"`` (so many), or two and more numbers above 0.
        schedules: those to draw and compare with a constant rate, see `read_schedules`; all ten of the
            assignment and one with warm-up if None, none if empty.
        seeds: how many networks at each rate, and as many fresh ones for the suggestion.
        parts, engine, store, workers, on_progress, on_section: as in all questions, see `trainlab.explain`.

    Raises:
        ExplainError: rates, schedules, parts or seeds that can't be.
        SpecError: a file or cell that can't be read, or a schedule that doesn't fit the experiment.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    names = check_parts(PARTS, parts)
    name, experiment = named_experiment(source, cell)
    grid = read_rates(rates)
    evidence = Evidence(
        name=name,
        experiment=experiment,
        rates=grid,
        schedules=read_schedules(schedules, constant(experiment)),
        parts=names,
        populations=populations,
    )
    return _explain(evidence, names, on_section)


def _explain(
    evidence: Evidence, names: Sequence[str], on_section: OnSection | None
) -> LearningRateExplanation:
    told = tell_parts(PARTS, names, evidence, on_section)
    experiment = evidence.experiment
    return LearningRateExplanation(
        question="learning-rate",
        subject=evidence.name,
        verdict=verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(evidence.name, experiment, evidence.points, evidence.regimes)
        if told.whole
        else None,
        numbers={
            "experiment": experiment.to_dict(),
            "network": network_numbers(experiment),
            "cell": evidence.name,
            "seeds": evidence.populations.seeds,
            **told.numbers,
        },
        experiment=experiment,
        step=evidence.step if told.has("step") else None,
        stability=evidence.stability if told.has("quadratic") else (),
        sharpness=evidence.places if told.has("sharpness") else (),
        rates=evidence.points if told.has("effects") else (),
        regimes=evidence.regimes if told.has("effects") else None,
        range_test=evidence.range_test if told.has("range-test") else None,
        suggestion=evidence.suggestion if told.has("range-test") else (),
        schedules=evidence.schedules,
        comparison=evidence.comparison if told.has("comparison") else (),
    )


def _effects_section(evidence: Evidence) -> Section:
    notes = notes_of(evidence.experiment, evidence.own)
    section = effects_section(evidence.points, evidence.regimes, evidence.experiment, notes)
    return with_note(section, evidence.populations.note(len(evidence.own.solved)))


def _range_test_section(evidence: Evidence) -> Section:
    suggestion, populations = evidence.suggestion, evidence.populations
    fresh = suggestion[0].point.solved.n if suggestion else populations.seeds
    section = range_test_section(evidence.range_test, suggestion, evidence.experiment)
    return with_note(section, populations.note(fresh))


def _schedules_section(evidence: Evidence) -> Section | str:
    if not evidence.schedules:
        return NO_SCHEDULES
    return schedules_section(evidence.schedules, evidence.steady, evidence.plateaus)


def _schedules_numbers(evidence: Evidence) -> list[dict[str, Any]]:
    return [
        schedule_dict(each, evidence.steady, evidence.plateaus.get(each.label)) for each in evidence.schedules
    ]


def _comparison_section(evidence: Evidence) -> Section | str:
    if not evidence.schedules:
        return NO_SCHEDULES
    seeds = evidence.comparison[0].point.solved.n
    return with_note(comparison_section(evidence.comparison), evidence.populations.note(seeds))


PARTS: Final[tuple[Part[Evidence], ...]] = (
    Part(
        name="step",
        section=lambda evidence: step_section(evidence.step, evidence.experiment),
        numbers=lambda evidence: {"step": evidence.step},
    ),
    Part(
        name="quadratic",
        section=lambda evidence: quadratic_section(evidence.stability, evidence.start),
        numbers=lambda evidence: {"stability": evidence.stability},
    ),
    Part(
        name="sharpness",
        section=lambda evidence: sharpness_section(evidence.places, evidence.experiment),
        numbers=lambda evidence: {"sharpness": evidence.places},
    ),
    Part(
        name="effects",
        section=_effects_section,
        numbers=lambda evidence: effects_numbers(evidence.points, evidence.regimes),
    ),
    Part(
        name="range-test",
        section=_range_test_section,
        numbers=lambda evidence: {
            "range_test": evidence.range_test,
            "suggestion": evidence.suggestion,
        },
    ),
    Part(
        name="schedules",
        section=_schedules_section,
        numbers=lambda evidence: {"schedules": _schedules_numbers(evidence)},
    ),
    Part(
        name="comparison",
        section=_comparison_section,
        numbers=lambda evidence: {"comparison": evidence.comparison},
    ),
    Part(
        name="checks",
        section=lambda evidence: checks_section(evidence.checks),
        numbers=lambda evidence: {"checks": evidence.checks or ()},
    ),
)
"""The sections, in order."""
