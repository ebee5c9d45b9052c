"""``trainlab.explain.neuron``: what is a neuron, and what are many of them without activations?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine.network_pass import Array, forward
from trainlab.explain.common.options import (
    check_cell,
    check_place,
    check_seed,
    check_source,
    check_yes_or_no,
    only_for_experiments,
    only_for_modules,
    populations_of,
)
from trainlab.explain.common.populations import OnProgress, Populations
from trainlab.explain.common.progress import OnSection, Telling
from trainlab.explain.questions.neuron.affine import best_affine
from trainlab.explain.questions.neuron.affine_section import affine_section, can_be_solved, hardest
from trainlab.explain.questions.neuron.answer import short_answer, verdict
from trainlab.explain.questions.neuron.apart_section import apart_section
from trainlab.explain.questions.neuron.asked import chosen_input, layers_of_seed
from trainlab.explain.questions.neuron.check_section import autograd_difference, check_section
from trainlab.explain.questions.neuron.collapse_section import collapse_section, random_inputs, stack_of
from trainlab.explain.questions.neuron.decompose import Neuron, input_names, point_words, taken_apart
from trainlab.explain.questions.neuron.depths import depths_of
from trainlab.explain.questions.neuron.own_layers_section import chains_of, merged, own_layers_section
from trainlab.explain.questions.neuron.plane_section import MOST_DRAWN, plane_section
from trainlab.explain.questions.neuron.result import NeuronExplanation
from trainlab.explain.questions.neuron.stack import Collapse, few_numbers
from trainlab.explain.questions.neuron.stacks_section import (
    none_words,
    stacks_section,
    train_depths,
)
from trainlab.explain.subject.live import is_module
from trainlab.explain.subject.network import network_numbers
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, Study, any_study
from trainlab.spec.lookup import named_cell
from trainlab.tasks import Task

if TYPE_CHECKING:
    import torch

DEFAULT: Final = "xor44"
SEEDS: Final = 1000


def neuron(
    source: Study | Experiment | str | os.PathLike[str] | torch.nn.Module = DEFAULT,
    *,
    cell: str | None = None,
    inputs: Any = None,
    layer: int = 1,
    unit: int = 1,
    point: int | None = None,
    input: Any = None,  # noqa: A002
    seed: int = 0,
    trained: bool = True,
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> NeuronExplanation:
    """Take one neuron apart, and collapse its network's linear layers.

    `source` is an experiment, a study or its file or example (and `cell` which of its cells), or a live
    ``torch.nn.Module`` with a batch of `inputs` ``[examples, …]``. `layer`, `unit` and `point`, a data point
    or example, count from 1; `input` is an input of your own instead of a point. The weights are those of
    `seed` after its training, or as drawn. Populations are of `seeds` seeds; a module has none.

    Raises:
        ExplainError: no such layer, unit, point or seed; an input that isn't finite or doesn't fit; a module
            without linear layers, or one that can't be traced.
        SpecError: a study that can't be read, or no such cell.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    telling = Telling(on_section=on_section)
    if is_module(source):
        from trainlab.explain.questions.neuron.question_module import explain_module

        # An input of one's own goes into `inputs`, and `point` says which it is.
        only_for_experiments(cell=cell, input=input)
        return explain_module(source, inputs, layer=layer, unit=unit, point=point, telling=telling)
    study = any_study(check_source(source))
    only_for_modules(inputs=inputs)
    return explain_experiment(
        named_cell(study, check_cell(cell)).experiment,
        layer=layer,
        unit=unit,
        point=point,
        given=input,
        seed=check_seed(seed),
        trained=check_yes_or_no("trained", trained),
        populations=populations,
        telling=telling,
    )


def explain_experiment(
    experiment: Experiment,
    *,
    layer: int,
    unit: int,
    point: int | None,
    given: Any,
    seed: int,
    trained: bool,
    populations: Populations,
    telling: Telling,
) -> NeuronExplanation:
    """Answer for one neuron of an experiment; see `trainlab.explain.neuron`."""
    network, task = experiment.network, experiment.data()
    check_place("layer", layer, network.layers, f"{network.label} has", "layers")
    check_place("unit", unit, network.widths[layer], f"layer {layer} of {network.label} has", "units")
    chosen, place = chosen_input(given, point, task.inputs)
    layers, solved = layers_of_seed(experiment, seed, trained=trained, how=populations)
    names = input_names(task.features, task.feature_names)
    one = taken_apart(layers, forward(layers, chosen[None]), layer=layer, unit=unit, names=names)
    weights = (
        f"as seed {seed} draws its weights" if solved is None else _trained_words(experiment, seed, solved)
    )
    where = f"Unit {unit} of layer {layer} of {network.label}, {weights}, at input {point_words(chosen)}."
    telling.add(apart_section(one, where=where))

    def output(points: Array) -> Array:
        return forward(layers[:layer], points)[-1].outputs[:, unit - 1]

    some = np.unique(np.linspace(0, task.points - 1, min(task.points, MOST_DRAWN)).round().astype(np.int64))
    side, view = plane_section(
        one,
        output,
        points=task.inputs,
        drawn=task.inputs[some],
        labels=_labels(task, some),
        names=names,
        middle=_at_zero(one) if layer == 1 else None,
    )
    telling.add(side)
    single = stack_of(layers)
    telling.add(collapse_section(single, task.inputs, names))
    chains = chains_of(network, layers)
    passes = forward(layers, task.inputs)
    starts = [sum(chain.linears for chain in chains[:at]) for at in range(len(chains))]
    found = tuple(
        merged(chain, passes[start].inputs)
        for chain, start in zip(chains, starts, strict=True)
        if chain.collapses
    )
    dropped = any(network.dropouts)
    notes = (
        ["In training, dropout draws at random, and layers with it between them don't collapse."]
        if dropped
        else []
    )
    telling.add(own_layers_section(chains, found, total=network.parameters, notes=notes))
    fits = tuple(best_affine(task.inputs, task.targets[:, at]) for at in range(task.outputs))
    can = can_be_solved(experiment, fits)
    worst = hardest(fits)
    telling.add(affine_section(fits, worst, task.inputs, task.targets, can=can, experiment=experiment))
    difference = autograd_difference(experiment, layers, chosen, one)
    telling.add(check_section(difference))
    depths = depths_of(experiment)
    runs, rates = train_depths(depths, populations)
    telling.add(stacks_section(experiment, rates, runs, depths), populations.note(rates[0].linear.n))
    numbers: dict[str, Any] = {
        "network": network_numbers(experiment),
        "module": None,
        "seed": seed,
        "trained": trained,
        "solved": solved,
        "point": place,
        "input": chosen.tolist(),
        "neuron": one.to_dict(),
        "autograd_difference": difference,
        "plane": None if view is None else view.to_dict(),
        "own_layers": [each.to_dict() for each in found],
        "stack": _stack_numbers(single, task),
        "affine": [[fit.to_dict() for fit in each] for each in fits],
        "can_be_solved": can,
        "stacks": [each.to_dict() for each in rates],
    }
    return NeuronExplanation(
        question="neuron",
        subject=f"{network.label} on {task.name}",
        verdict=verdict(experiment, one, where, single, task, fits[worst], can, rates),
        sections=telling.done(),
        answer=short_answer(one, where, collapse=none_words(rates)),
        numbers=numbers,
        neuron=one,
        plane=view,
        collapses=found,
        stack=single,
        affine=fits,
        stacks=rates,
        autograd_difference=difference,
    )


def _trained_words(experiment: Experiment, seed: int, solved: bool) -> str:
    how = "solves" if solved else "doesn't solve"
    return f"after {experiment.epochs:,} epochs from seed {seed} (a run that {how} the task)"


def _stack_numbers(single: Collapse, task: Task) -> dict[str, Any]:
    data, drawn = single.difference(task.inputs), single.difference(random_inputs(task.features))
    return {
        "layers": len(single.stack),
        "weight": few_numbers(single.weight),
        "bias": None if single.bias is None else few_numbers(single.bias),
        "parameters_before": single.parameters_before,
        "parameters_after": single.parameters_after,
        **{
            f"{key}_{name}": value
            for key, each in (("data", data), ("random", drawn))
            for name, value in (
                ("difference", each.absolute),
                ("relative", each.relative),
                ("bound", each.bound),
                ("inputs", each.inputs),
            )
        },
    }


def _at_zero(one: Neuron) -> float | None:
    """Return f(0), what the unit gives on its line."""
    activation = ACTIVATIONS[one.activation]
    if not activation.elementwise:
        return None
    return float(activation.value(np.zeros(1))[0])


def _labels(task: Task, some: npt.NDArray[np.int64]) -> list[str]:
    """Return what some of the points should be: each its class, or its target."""
    targets = task.targets[some]
    if task.kind == "classes":
        classes = targets.argmax(axis=1).tolist()
        return [f"class {task.class_names[at] if task.class_names else at}" for at in classes]
    if task.kind == "binary":
        return [f"target {format_number(float(value))}" for value in targets[:, 0]]
    return ["data point"] * len(some)
