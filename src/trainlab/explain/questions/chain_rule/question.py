"""`chain_rule`: the chain rule on a network of choice, or on a module."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

from trainlab.errors import ExplainError
from trainlab.explain.common.options import (
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
    text,
)
from trainlab.explain.common.populations import OnProgress, Populations
from trainlab.explain.common.progress import OnSection, Telling
from trainlab.explain.questions.chain_rule.answer import paths_sentence, short_answer
from trainlab.explain.questions.chain_rule.asked import DEFAULT, Question, read_question
from trainlab.explain.questions.chain_rule.backward_section import backward_section
from trainlab.explain.questions.chain_rule.deep_network import deep_question, trained_deep
from trainlab.explain.questions.chain_rule.differences import difference_of
from trainlab.explain.questions.chain_rule.downhill_section import (
    downhill_numbers,
    downhill_section,
    downhill_sentence,
    look_downhill,
)
from trainlab.explain.questions.chain_rule.flow import layer_flows
from trainlab.explain.questions.chain_rule.forward_section import forward_section
from trainlab.explain.questions.chain_rule.layers_section import (
    layers_numbers,
    layers_section,
    worst_sentence,
)
from trainlab.explain.questions.chain_rule.paths import MOST, count_paths, find_paths
from trainlab.explain.questions.chain_rule.paths_section import paths_section
from trainlab.explain.questions.chain_rule.point_autograd import autograd_check
from trainlab.explain.questions.chain_rule.population_section import population_section, population_words
from trainlab.explain.questions.chain_rule.result import ChainRuleExplanation, point_numbers
from trainlab.explain.questions.chain_rule.steps import pass_steps
from trainlab.explain.questions.chain_rule.words import counted_paths
from trainlab.explain.subject.live import is_module
from trainlab.explain.subject.network import network_numbers

LISTED = 50
"""Paths that are written out, the largest first, unless all are asked for."""
SEEDS = 1000


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
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> ChainRuleExplanation:
    """Carry the chain rule out, number by number, from one weight to the loss, and then a step downhill.

    `source` is an `Experiment`, a `Study` (`cell` names one of its cells), a file or example by name; left
    out, the assignment's drawing: 4-3-2-1 with tanh and MSE, which learns XOR of its four inputs (1 where the
    number of ones is odd), and for the part on depth the assignment's Model 3. `network` replaces its widths,
    as in "2-8-8-1". `weight` is written w2[1,3] (layer 2, to unit 1, from unit 3) or b2[1], also w2.1.3 and
    b2.1; left out, the weight to the first unit from the largest input, or in the drawing w1[3,4], from the
    last input to the last unit. `point` is the number of a training example, from 1; or `inputs` and
    `targets` are a point of your own. Without a source the network has as many inputs as that, up to 16.
    The weights are those that `seed` begins with; `seeds` is how many seeds the population has.
    ``paths="all"`` lists every path, up to 100,000.

    Or `source` is a `torch.nn.Module`, with a batch of `inputs` and `targets` and a `loss`: the name of one
    of trainlab's losses (``"mse"``), or a function of outputs and targets that returns a scalar. Its autograd
    graph is read, and the module stays as it is; `weight` is then a parameter and its index from 0, as in
    "0.weight[1,0]".

    Raises:
        ExplainError: if there is no such weight or point, a number isn't finite, ``paths="all"`` asks for too
            many, or the module isn't differentiable.
        SpecError: if the experiment can't be read.
    """
    if paths not in ("auto", "all"):
        raise ExplainError(f"paths = {paths!r}: must be 'auto', the largest {LISTED}, or 'all'.")
    weight = text("weight", weight, example="w2[1,3]")
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    if is_module(source):
        from trainlab.explain.questions.chain_rule.question_module import chain_rule_of_module

        only_for_experiments(cell=cell, network=network, point=point)
        return chain_rule_of_module(
            source,
            inputs=inputs,
            targets=targets,
            loss=loss,
            weight=weight,
            every=paths == "all",
            on_section=on_section,
        )
    source = check_source(source)
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
    return _tell(question, populations, Telling(on_section=on_section), every=paths == "all")


def _tell(
    question: Question, populations: Populations, telling: Telling, *, every: bool
) -> ChainRuleExplanation:
    traced, entry = question.trace, question.entry
    count = count_paths(traced, entry)
    if every and count > MOST:
        raise ExplainError(
            f"paths = 'all': {entry} has {counted_paths(count)} to the loss, and at most {MOST:,} are "
            "listed; leave it out for the report layer by layer."
        )
    telling.add(forward_section(question))
    paths = find_paths(traced, entry, listed=count if every else LISTED)
    difference, steps = difference_of(question), pass_steps(traced)
    autograd = autograd_check(question.experiment, question.seed, traced, entry)
    section_of_paths = paths_section(question, paths, autograd, difference)
    telling.add(section_of_paths)
    telling.add(backward_section(question, steps))
    deep = deep_question(question, populations.seeds)
    telling.add(layers_section(deep))
    downhill = look_downhill(question.experiment, question.seed)
    telling.add(downhill_section(downhill))
    deep = trained_deep(deep, populations)
    telling.add(population_section(deep))
    numbers = {
        "source": "experiment",
        "network": network_numbers(question.experiment),
        "module": None,
        **point_numbers(question, paths, autograd, difference, steps),
        "layers": layers_numbers(deep),
        "downhill": downhill_numbers(downhill),
    }
    verdict = [
        paths_sentence(paths, traced.derivative(entry), autograd, difference.value),
        worst_sentence(deep),
        *population_words(deep)[:1],
        downhill_sentence(downhill),
    ]
    return ChainRuleExplanation(
        question="chain-rule",
        subject=f"{question.experiment.network.label}, weight {entry}",
        verdict=" ".join(sentence for sentence in verdict if sentence),
        sections=telling.done(),
        answer=short_answer(
            weight=str(entry),
            derivative=traced.derivative(entry),
            count=paths.count,
            listed=paths.total is not None,
            autograd=autograd.value if autograd else None,
            table=section_of_paths.tables[0],
            shown_on=f"{question.experiment.network.label}, weights of seed {question.seed}; "
            f"{question.point}.",
        ),
        numbers=numbers,
        weight=str(entry),
        derivative=traced.derivative(entry),
        path_count=paths.count,
        paths=paths.listed,
        steps=steps,
        flows=layer_flows(traced) if question.default else deep.flows,
    )
