"""``trainlab.explain.chain_rule``: the chain rule on a network of choice, or on a module."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final, Literal

from trainlab.errors import ExplainError
from trainlab.explain.module_copy import is_module
from trainlab.explain.network import network_numbers
from trainlab.explain.options import (
    SEEDS,
    OnSection,
    Part,
    check_parts,
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
    tell_parts,
    text,
)
from trainlab.explain.populations import OnProgress
from trainlab.explain.questions.chain_rule.deep_network import (
    initial_numbers,
    layers_numbers,
    layers_section,
    population_section,
)
from trainlab.explain.questions.chain_rule.downhill import downhill_numbers, downhill_section
from trainlab.explain.questions.chain_rule.evidence import (
    LISTED,
    ChainRuleExplanation,
    Evidence,
    backward_numbers,
    forward_numbers,
    paths_numbers,
    point_numbers,
    short_answer,
    verdict,
)
from trainlab.explain.questions.chain_rule.example_pass import counted_paths
from trainlab.explain.questions.chain_rule.options import DEFAULT, read_question
from trainlab.explain.questions.chain_rule.passes import backward_section, forward_section
from trainlab.explain.questions.chain_rule.paths import MOST
from trainlab.plain import plain


def chain_rule(
    source: Any = DEFAULT,
    *,
    cell: str | None = None,
    network: str | Sequence[int] | None = None,
    weight: str | None = None,
    point: int | None = None,
    inputs: Any = None,
    targets: Any = None,
    loss: Any = None,
    seed: int = 0,
    paths: Literal["auto", "all"] = "auto",
    parts: str | Sequence[str] = (),
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> ChainRuleExplanation:
    """Carry the chain rule out, number by number, from one weight to the loss, and then a step downhill.

    Args:
        source: an experiment, a study, its file or an example's name; or a ``torch.nn.Module``, whose
            autograd graph is read and which stays as it is. Left out, the assignment's drawing: 4-3-2-1 with
            tanh and MSE, which learns XOR of its four inputs (1 where the number of ones is odd), and for the
            part on depth the assignment's Model 3.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out.
        network: other widths, as in ``"2-8-8-1"``.
        weight: ``"w2[1,3]"`` (layer 2, to unit 1, from unit 3) or ``"b2[1]"``, also ``"w2.1.3"`` and
            ``"b2.1"``; left out, the weight to the first unit from the largest input, or in the drawing
            w1[3,4], from the last input to the last unit. Of a module a parameter and its index from 0, as in
            ``"0.weight[1,0]"``.
        point: the number of a training example, from 1.
        inputs: a point of your own, with `targets`; without a source the network has as many inputs, up to
            16. Of a module its batch, ``[examples, …]``.
        targets: of that point or batch.
        loss: of a module: the name of one of trainlab's losses, such as ``"mse"``, or a function of outputs
            and targets that returns a scalar.
        seed: of the initial weights.
        paths: ``"auto"`` lists the largest 50, ``"all"`` every path, up to 100,000.
        seeds: how many networks the population has; a module has none.
        parts, engine, store, workers, on_progress, on_section: as in all questions, see `trainlab.explain`.

    Raises:
        ExplainError: no such weight, point or part, a number isn't finite, ``paths="all"`` asks for too many,
            or the module isn't differentiable.
        SpecError: the experiment can't be read.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    if paths not in ("auto", "all"):
        raise ExplainError(f"paths = {paths!r}: must be 'auto', the largest {LISTED}, or 'all'.")
    weight = text("weight", weight, example="w2[1,3]")
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    if is_module(source):
        from trainlab.explain.questions.chain_rule.module import chain_rule_of_module

        only_for_experiments(cell=cell, network=network, point=point)
        return chain_rule_of_module(
            source,
            inputs=inputs,
            targets=targets,
            loss=loss,
            weight=weight,
            every=paths == "all",
            parts=parts,
            on_section=on_section,
        )
    names = check_parts(PARTS, parts)
    source = check_source(source, modules=True)
    only_for_modules(loss=loss)
    question = read_question(
        source,
        cell=cell,
        network=network,
        weight=weight,
        point=point,
        inputs=inputs,
        targets=targets,
        seed=seed,
    )
    evidence = Evidence(question=question, every=paths == "all", populations=populations)
    if evidence.every and evidence.path_count > MOST:
        raise ExplainError(
            f"paths = 'all': {question.entry} has {counted_paths(evidence.path_count)} to the loss, and at "
            f"most {MOST:,} are listed; leave it out for the report layer by layer."
        )
    return _explain(evidence, names, on_section)


def _explain(evidence: Evidence, names: Sequence[str], on_section: OnSection | None) -> ChainRuleExplanation:
    question = evidence.question
    told = tell_parts(PARTS, names, evidence, on_section)
    return ChainRuleExplanation(
        question="chain-rule",
        subject=f"{question.experiment.network.label}, weight {question.entry}",
        verdict=verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(
            weight=str(question.entry),
            derivative=evidence.derivative,
            count=evidence.path_count,
            listed=evidence.paths.total is not None,
            autograd=evidence.autograd.value if evidence.autograd else None,
            table=evidence.paths_section.tables[0],
            shown_on=f"{question.experiment.network.label}, weights of seed {question.seed}; "
            f"{question.point}.",
        )
        if told.whole
        else None,
        numbers={
            "source": "experiment",
            "network": network_numbers(question.experiment),
            "module": None,
            **plain(point_numbers(question)),
            **told.numbers,
        },
        weight=str(question.entry),
        derivative=evidence.derivative,
        path_count=evidence.path_count,
        paths=evidence.paths.listed if told.has("paths") else (),
        steps=evidence.steps if told.has("backward") else (),
        flows=evidence.flows if told.has("layers", "population") else (),
    )


PARTS: Final[tuple[Part[Evidence], ...]] = (
    Part(
        name="forward",
        section=lambda evidence: forward_section(evidence.question),
        numbers=lambda evidence: forward_numbers(evidence.question),
    ),
    Part(
        name="paths",
        section=lambda evidence: evidence.paths_section,
        numbers=lambda evidence: paths_numbers(
            evidence.paths, evidence.derivative, evidence.autograd, evidence.difference
        ),
    ),
    Part(
        name="backward",
        section=lambda evidence: backward_section(evidence.question, evidence.steps),
        numbers=lambda evidence: backward_numbers(evidence.question, evidence.steps),
    ),
    Part(
        name="layers",
        section=lambda evidence: layers_section(evidence.deep),
        numbers=lambda evidence: {"layers": initial_numbers(evidence.deep)},
    ),
    Part(
        name="downhill",
        section=lambda evidence: downhill_section(evidence.downhill),
        numbers=lambda evidence: {"downhill": downhill_numbers(evidence.downhill)},
    ),
    Part(
        name="population",
        section=lambda evidence: population_section(evidence.trained_deep),
        numbers=lambda evidence: {"layers": layers_numbers(evidence.trained_deep)},
    ),
)
"""The sections, in order."""
