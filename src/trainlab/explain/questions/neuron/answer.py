"""The answer for a neuron of an experiment's network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.explain.common.options import check_place
from trainlab.explain.common.populations import Populations
from trainlab.explain.common.progress import Telling
from trainlab.explain.questions.neuron.affine import AffineFit, best_affine
from trainlab.explain.questions.neuron.affine_section import affine_section, can_be_solved, hardest
from trainlab.explain.questions.neuron.apart import Neuron, input_names, point_words, taken_apart
from trainlab.explain.questions.neuron.apart_section import (
    MOST_DRAWN,
    apart_section,
    check_section,
    plane_section,
)
from trainlab.explain.questions.neuron.chains import chains_of, merged, own_section
from trainlab.explain.questions.neuron.collapse_section import collapse_section, random_inputs, stack_of
from trainlab.explain.questions.neuron.depths import activation_of, depths_of
from trainlab.explain.questions.neuron.depths_section import (
    active_words,
    depths_section,
    none_words,
    train_depths,
)
from trainlab.explain.questions.neuron.neuron_autograd import autograd_difference
from trainlab.explain.questions.neuron.question import chosen_input
from trainlab.explain.questions.neuron.result import NeuronExplanation, StackRates
from trainlab.explain.questions.neuron.short_answer import short_answer
from trainlab.explain.questions.neuron.stack import Collapse, few_numbers
from trainlab.explain.questions.neuron.weights import layers_of_seed
from trainlab.explain.subject.network import Array, forward, network_numbers
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment
from trainlab.tasks import Task


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
    telling.add(own_section(chains, found, total=network.parameters, notes=notes))
    fits = tuple(best_affine(task.inputs, task.targets[:, at]) for at in range(task.outputs))
    can = can_be_solved(experiment, fits)
    worst = hardest(fits)
    telling.add(affine_section(fits, worst, task.inputs, task.targets, can=can, experiment=experiment))
    difference = autograd_difference(experiment, layers, chosen, one)
    telling.add(check_section(difference))
    depths = depths_of(experiment)
    runs, rates = train_depths(depths, populations)
    telling.add(depths_section(experiment, rates, runs, depths), populations.note(rates[0].linear.n))
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
        verdict=_verdict(experiment, one, where, single, task, fits[worst], can, rates),
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


def _verdict(
    experiment: Experiment,
    one: Neuron,
    where: str,
    single: Collapse,
    task: Task,
    fits: tuple[AffineFit, ...],
    can: bool | None,
    rates: tuple[StackRates, ...],
) -> str:
    number = format_number
    collapses = (
        f"Without activations its {len(single.stack)} layers are one (largest difference "
        f"{number(single.difference(task.inputs).absolute)}). "
        if len(single.stack) > 1
        else ""
    )
    largest = next((fit for fit in fits if fit.criterion == "largest"), None)
    cannot = ""
    if can is False and largest is not None:
        least = str(largest.exact) if largest.exact is not None else number(largest.least)
        cannot = f"No single linear layer can bring every error below {least}. "
    name = activation_of(experiment.network)
    return (
        "A neuron adds up its weighted inputs and its bias, and its activation decides what passes on. "
        f"{where.removesuffix('.')}: the sum is {number(one.sum)}, its "
        "activation makes "
        f"{number(one.output)} of it, slope {number(one.slope)}. {collapses}{cannot}{none_words(rates)} "
        f"{active_words(rates, name)} Tested: {rates[0].linear.n:,} seeds, the task {task.name} only."
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
