"""``trainlab.explain.neuron``: what is a neuron, and what are many of them without activations?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from trainlab.draw import without_noise_by_column
from trainlab.explain.network import network_numbers
from trainlab.explain.options import (
    SEEDS,
    OnSection,
    Part,
    check_cell,
    check_parts,
    check_place,
    check_seed,
    check_source,
    check_yes_or_no,
    populations_of,
    tell_parts,
    with_note,
)
from trainlab.explain.populations import OnProgress
from trainlab.explain.questions.neuron.affine import affine_section
from trainlab.explain.questions.neuron.evidence import (
    Evidence,
    NeuronExplanation,
    chosen_input,
    short_answer,
    verdict,
)
from trainlab.explain.questions.neuron.linear_stack import collapse_section, stack_numbers
from trainlab.explain.questions.neuron.one_neuron import apart_section, check_section
from trainlab.explain.questions.neuron.stacks import stacks_section
from trainlab.page.section import Section
from trainlab.spec import Experiment, Study, any_study
from trainlab.spec.lookup import named_cell

DEFAULT: Final = "xor44"


def neuron(
    source: Study | Experiment | str | os.PathLike[str] = DEFAULT,
    *,
    cell: str | None = None,
    layer: int = 1,
    unit: int = 1,
    point: int | None = None,
    input: Any = None,  # noqa: A002
    seed: int = 0,
    trained: bool = True,
    parts: str | Sequence[str] = (),
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> NeuronExplanation:
    """Take one neuron apart, and collapse its network's linear layers.

    Args:
        source: an experiment, a study, its file or an example's name.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out.
        layer: the neuron's layer, from 1.
        unit: which neuron of the layer, from 1.
        point: the data point it is looked at, from 1; the first that isn't all zeros if left out.
        input: an input of your own instead of a data point.
        seed: whose weights are looked at.
        trained: whether after that seed's training, or as drawn.
        seeds: how many networks each population has.
        parts, engine, store, workers, on_progress, on_section: as in all questions, see `trainlab.explain`.

    Raises:
        ExplainError: no such layer, unit, point, seed or part; an input that isn't finite or doesn't fit.
        SpecError: a study that can't be read, or no such cell.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    names = check_parts(PARTS, parts)
    study = any_study(check_source(source))
    experiment = named_cell(study, check_cell(cell)).experiment
    network = experiment.network
    check_place("layer", layer, network.layers, f"{network.label} has", "layers")
    check_place("unit", unit, network.widths[layer], f"layer {layer} of {network.label} has", "units")
    chosen, place = chosen_input(input, point, experiment.data().inputs)
    evidence = Evidence(
        experiment=experiment,
        layer=layer,
        unit=unit,
        point=chosen,
        place=place,
        seed=check_seed(seed),
        trained=check_yes_or_no("trained", trained),
        populations=populations,
    )
    return _explain(evidence, names, on_section)


def _explain(evidence: Evidence, names: Sequence[str], on_section: OnSection | None) -> NeuronExplanation:
    told = tell_parts(PARTS, names, evidence, on_section)
    experiment = evidence.experiment
    return NeuronExplanation(
        question="neuron",
        subject=f"{experiment.network.label} on {evidence.task.name}",
        verdict=verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(evidence) if told.whole else None,
        numbers={
            "network": network_numbers(experiment),
            "seed": evidence.seed,
            "trained": evidence.trained,
            "point": evidence.place,
            "input": evidence.point.tolist(),
            **told.numbers,
        },
        neuron=evidence.neuron if told.has("apart", "plane", "check") else None,
        plane=evidence.plane[1] if told.has("plane") else None,
        stack=evidence.stack if told.has("collapse") else None,
        affine=evidence.fits if told.has("affine") else (),
        stacks=evidence.rates if told.has("stacks") else (),
        autograd_difference=evidence.autograd_difference if told.has("check") else None,
    )


def _affine_section(evidence: Evidence) -> Section | str:
    task = evidence.task
    return affine_section(
        evidence.fits,
        without_noise_by_column(task.inputs),
        task.targets,
        can=evidence.can_be_solved,
        experiment=evidence.experiment,
    )


def _stacks_section(evidence: Evidence) -> Section:
    section = stacks_section(evidence.experiment, evidence.rates, evidence.runs, evidence.depths)
    return with_note(section, evidence.populations.note(evidence.rates[0].linear.n))


PARTS: Final[tuple[Part[Evidence], ...]] = (
    Part(
        name="apart",
        section=lambda evidence: apart_section(evidence.neuron, where=evidence.where),
        numbers=lambda evidence: {"solved": evidence.solved, "neuron": evidence.neuron},
    ),
    Part(
        name="plane",
        section=lambda evidence: evidence.plane[0],
        numbers=lambda evidence: {"plane": evidence.plane[1]},
    ),
    Part(
        name="collapse",
        section=lambda evidence: collapse_section(evidence.stack, evidence.task.inputs, evidence.names),
        numbers=lambda evidence: {"stack": stack_numbers(evidence.stack, evidence.task.inputs)},
    ),
    Part(
        name="affine",
        section=_affine_section,
        numbers=lambda evidence: {
            "affine": evidence.fits,
            "can_be_solved": evidence.can_be_solved,
        },
    ),
    Part(
        name="check",
        section=lambda evidence: check_section(evidence.autograd_difference),
        numbers=lambda evidence: {"autograd_difference": evidence.autograd_difference},
    ),
    Part(
        name="stacks",
        section=_stacks_section,
        numbers=lambda evidence: {"stacks": evidence.rates},
    ),
)
"""The sections, in order."""
