"""``trainlab.explain.neuron``: what is a neuron, and what are many of them without activations?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.network_pass import Array, Layer, forward, initial_layers, layers_from
from trainlab.errors import ExplainError
from trainlab.explain.explanation import Explanation, ShortAnswer
from trainlab.explain.network import first_telling, network_numbers
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
from trainlab.explain.populations import OnProgress, Populations
from trainlab.explain.questions.neuron.affine import AffineFit, affine_section, best_affine, can_be_solved
from trainlab.explain.questions.neuron.linear_stack import (
    Collapse,
    array,
    collapse_section,
    stack_numbers,
    stack_of,
)
from trainlab.explain.questions.neuron.one_neuron import (
    Neuron,
    apart_section,
    apart_table,
    autograd_difference,
    check_section,
    input_names,
    point_words,
    taken_apart,
)
from trainlab.explain.questions.neuron.plane import PlaneView, plane_section
from trainlab.explain.questions.neuron.stacks import (
    Depth,
    StackRates,
    activation_of,
    active_words,
    depths_of,
    none_words,
    stacks_section,
    train_depths,
)
from trainlab.page.section import Section
from trainlab.spec import Experiment, Study, any_study
from trainlab.spec.lookup import named_cell
from trainlab.tasks import Task

# What `trainlab.explain.neuron` returns.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class NeuronExplanation(Explanation):
    """A neuron taken apart, and what its network is without activations.

    `numbers` has: ``network`` (label, widths, parameters), ``seed``, ``trained``, ``solved`` (by that seed),
    ``point`` (from 1), ``input``; ``neuron`` (contributions, bias, sum, output, slope);
    ``autograd_difference``; ``plane`` (level, share of the plane where the unit is on, line); ``stack`` (the
    network without activations as one layer: weight, bias, largest difference over the data and over random
    inputs, bounds); ``affine`` (for each target the map with the least largest error, with its proof);
    ``can_be_solved``; ``stacks`` (rates by depth). What doesn't apply is None, and so is an array of more
    than 10,000 numbers; the fields have those. Where only some parts were asked for, `numbers` lacks what the
    others say, and their fields are None or empty.
    """

    neuron: Neuron | None
    plane: PlaneView | None
    stack: Collapse | None
    affine: tuple[AffineFit, ...]
    stacks: tuple[StackRates, ...]
    autograd_difference: float | None


# What the sections on a neuron are made of: read from the options, and computed when first needed.


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """An experiment, the unit and the input that are asked about, and all that the sections say of them.

    `layer` and `unit` count from 1; `point` is the input ``[features]``, and `place` which of the data points
    it is, from 1, None for one that isn't among them.
    """

    experiment: Experiment
    layer: int
    unit: int
    point: Array
    place: int | None
    seed: int
    trained: bool
    populations: Populations

    @property
    def task(self) -> Task:
        """The data."""
        return self.experiment.data()

    @cached_property
    def names(self) -> list[str]:
        """Of the inputs."""
        return input_names(self.task.features, self.task.feature_names)

    @cached_property
    def _layers_and_solved(self) -> tuple[tuple[Layer, ...], bool | None]:
        return layers_of_seed(self.experiment, self.seed, trained=self.trained, how=self.populations)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """With the weights that are looked at."""
        return self._layers_and_solved[0]

    @property
    def solved(self) -> bool | None:
        """Whether the seed's training solved the task; None if it wasn't trained."""
        return self._layers_and_solved[1]

    @cached_property
    def neuron(self) -> Neuron:
        """The unit at the input."""
        passes = forward(self.layers, self.point[None])
        return taken_apart(self.layers, passes, layer=self.layer, unit=self.unit, names=self.names)

    @property
    def where(self) -> str:
        """Which unit, weights and input, in a sentence."""
        weights = f"as seed {self.seed} draws its weights"
        if self.solved is not None:
            how = "solves" if self.solved else "doesn't solve"
            weights = (
                f"after {self.experiment.epochs:,} epochs from seed {self.seed} (a run that {how} the task)"
            )
        unit = f"Unit {self.unit} of layer {self.layer} of {self.experiment.network.label}"
        return f"{unit}, {weights}, at input {point_words(self.point)}."

    @cached_property
    def plane(self) -> tuple[Section | str, PlaneView | None]:
        """Where in the plane of the inputs the unit is on: the section, and what it draws; or why there is
        none.
        """
        task = self.task
        return plane_section(
            self.neuron,
            lambda points: forward(self.layers[:1], points)[-1].outputs[:, self.unit - 1],
            points=task.inputs,
            labels=_labels(task),
            names=self.names,
        )

    @cached_property
    def stack(self) -> Collapse:
        """The network without its activations."""
        return stack_of(self.layers)

    @cached_property
    def fits(self) -> tuple[AffineFit, ...]:
        """The best affine map for each target; none of too many numbers."""
        task = self.task
        found = (best_affine(task.inputs, task.targets[:, at]) for at in range(task.outputs))
        known = tuple(fit for fit in found if fit is not None)
        return known if len(known) == task.outputs else ()

    @cached_property
    def can_be_solved(self) -> bool | None:
        """Whether an affine map solves the task; None where that isn't known."""
        return can_be_solved(self.experiment, self.fits)

    @cached_property
    def autograd_difference(self) -> float | None:
        """How far the neuron's numbers are from autograd's; None without torch."""
        return autograd_difference(self.experiment, self.layers, self.point, self.neuron)

    @cached_property
    def depths(self) -> tuple[Depth, ...]:
        """The stacks that are trained."""
        return depths_of(self.experiment)

    @cached_property
    def _runs_and_rates(self) -> tuple[list[Runs], tuple[StackRates, ...]]:
        return train_depths(self.depths, self.populations)

    @property
    def runs(self) -> Sequence[Runs]:
        """Of the stacks, linear and active in turn."""
        return self._runs_and_rates[0]

    @property
    def rates(self) -> tuple[StackRates, ...]:
        """How many seeds each stack solves."""
        return self._runs_and_rates[1]


def layers_of_seed(
    experiment: Experiment, seed: int, *, trained: bool, how: Populations
) -> tuple[tuple[Layer, ...], bool | None]:
    """Return the layers, and whether the seed's training solved the task; None if it wasn't trained.

    Raises:
        ExplainError: its training diverged and left no finite weights.
    """
    if not trained:
        return initial_layers(experiment, seed), None
    if not experiment.record.parameters:
        experiment = msgspec.structs.replace(
            experiment, record=msgspec.structs.replace(experiment.record, parameters=True)
        )
    (runs,) = how.train_seeds([experiment], range(seed, seed + 1))
    parameters = np.asarray(runs.parameters[0], dtype=np.float64)
    if not np.isfinite(parameters).all():
        raise ExplainError(
            f"seed = {seed}: its training diverged and left no finite weights; take another seed, or its "
            "initial "
            "weights (--initial, trained=False)."
        )
    return layers_from(experiment.network, parameters), bool(runs.solved[0])


def chosen_input(given: Any, point: int | None, points: Array) -> tuple[Array, int | None]:
    """Return the input ``[features]`` looked at, and its place, from 1, among ``points [n, features]``.

    Without `given` and `point` it is the first data point that isn't all zeros, where only a bias counts.

    Raises:
        ExplainError: both are given, the input has other than as many numbers, or no point is there.
    """
    if given is None:
        place = first_telling(points) if point is None else check_place("point", point, len(points))
        return points[place - 1], place
    if point is not None:
        raise ExplainError(f"point = {point!r}: input is given as well; give only one of the two.")
    values = array("input", given)
    if values.shape != points.shape[1:]:
        raise ExplainError(
            f"input: has shape {list(values.shape)}, but the network takes {points.shape[1]:,} inputs; "
            "give as "
            f"many numbers, as in {','.join('0' for _ in range(min(points.shape[1], 4)))}."
        )
    same = np.flatnonzero((points == values).all(axis=1))
    return values, int(same[0]) + 1 if same.size else None


def _labels(task: Task) -> list[str]:
    """Return what the points should be: each its class, or its target."""
    if task.kind == "classes":
        classes = task.targets.argmax(axis=1).tolist()
        return [f"class {task.class_names[at] if task.class_names else at}" for at in classes]
    if task.kind == "binary":
        return [f"target {format_number(float(value))}" for value in task.targets[:, 0]]
    return ["data point"] * task.points


# The answer: what a neuron adds up and what its activation makes of that; and a verdict in words.


ROWS: Final = 10
"""Of more inputs the table has those that add or take away most."""


def short_answer(evidence: Evidence) -> ShortAnswer:
    """Return the answer: what the neuron adds up, and what stacks are without activations."""
    one = evidence.neuron
    bias = "and its bias" if one.bias is not None else "without a bias"
    total = format_number(one.sum)
    if one.activation == "linear":
        made = f"the sum here is {total}, and is passed on unchanged"
    else:
        made = f"the sum here is {total}, and {one.activation} turns it into {format_number(one.output)}"
    return ShortAnswer(
        sentence=f"A neuron adds up its weighted inputs {bias}, and its activation decides what passes on: "
        f"{made}.",
        table=apart_table(one, most=ROWS),
        shown_on=f"{evidence.where} {none_words(evidence.rates)}",
    )


def verdict(evidence: Evidence) -> str:
    """Return the answer for a neuron of an experiment, in a few sentences."""
    number = format_number
    experiment, task, one, single = evidence.experiment, evidence.task, evidence.neuron, evidence.stack
    rates, where = evidence.rates, evidence.where
    collapses = (
        f"Without activations its {len(single.stack)} layers are one (largest difference "
        f"{number(single.difference(task.inputs).absolute)}). "
        if len(single.stack) > 1
        else ""
    )
    cannot = ""
    if evidence.can_be_solved is False:
        largest = max(evidence.fits, key=lambda fit: fit.least)
        least = str(largest.exact) if largest.exact is not None else number(largest.least)
        cannot = f"No single linear layer can bring every error below {least}. "
    name = activation_of(experiment.network)
    return (
        "A neuron adds up its weighted inputs and its bias, and its activation decides what passes on. "
        f"{where.removesuffix('.')}: the sum is {number(one.sum)}; its "
        f"activation turns that into {number(one.output)}, with slope {number(one.slope)}. "
        f"{collapses}{cannot}{none_words(rates)} {active_words(rates, name)} "
        f"Tested: {rates[0].linear.n:,} seeds, the task {task.name} only."
    )


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
    told = tell_parts(PARTS, names, evidence, on_section)
    return NeuronExplanation(
        question="neuron",
        subject=f"{network.label} on {evidence.task.name}",
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
        section=lambda evidence: affine_section(evidence.experiment, evidence.fits),
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
