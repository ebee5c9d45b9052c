"""What the sections on a neuron are made of: read from the options, and computed when first needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.network_pass import Array, Layer, forward, initial_layers, layers_from
from trainlab.errors import ExplainError
from trainlab.explain.common.options import check_place
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.neuron.affine import AffineFit, best_affine
from trainlab.explain.questions.neuron.affine_section import can_be_solved, hardest
from trainlab.explain.questions.neuron.check_section import autograd_difference
from trainlab.explain.questions.neuron.collapse_section import stack_of
from trainlab.explain.questions.neuron.decompose import Neuron, input_names, point_words, taken_apart
from trainlab.explain.questions.neuron.linear_stack import Collapse, array
from trainlab.explain.questions.neuron.own_layers_section import Chain, Merged, chains_of, merged
from trainlab.explain.questions.neuron.plane import PlaneView
from trainlab.explain.questions.neuron.plane_section import MOST_DRAWN, plane_section
from trainlab.explain.questions.neuron.result import StackRates
from trainlab.explain.questions.neuron.stack_depths import Depth, depths_of
from trainlab.explain.questions.neuron.stacks_section import train_depths
from trainlab.explain.subject.network import first_telling
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section
from trainlab.spec import Experiment
from trainlab.tasks import Task


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
    def plane(self) -> tuple[Section, PlaneView | None]:
        """Where in the space of the inputs the unit is on: the section, and what it draws."""
        task = self.task
        drawn = np.unique(
            np.linspace(0, task.points - 1, min(task.points, MOST_DRAWN)).round().astype(np.int64)
        )
        return plane_section(
            self.neuron,
            lambda points: forward(self.layers[: self.layer], points)[-1].outputs[:, self.unit - 1],
            points=task.inputs,
            drawn=task.inputs[drawn],
            labels=_labels(task, drawn),
            names=self.names,
            middle=_at_zero(self.neuron) if self.layer == 1 else None,
        )

    @cached_property
    def stack(self) -> Collapse:
        """The network without its activations."""
        return stack_of(self.layers)

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """The network's layers, by what ends a chain of linear ones."""
        return chains_of(self.experiment.network, self.layers)

    @cached_property
    def collapses(self) -> tuple[Merged, ...]:
        """The chains of which one layer can be made."""
        passes = forward(self.layers, self.task.inputs)
        starts = [sum(chain.linears for chain in self.chains[:at]) for at in range(len(self.chains))]
        return tuple(
            merged(chain, passes[start].inputs)
            for chain, start in zip(self.chains, starts, strict=True)
            if chain.collapses
        )

    @cached_property
    def fits(self) -> tuple[tuple[AffineFit, ...], ...]:
        """The best affine maps, for each target."""
        return tuple(
            best_affine(self.task.inputs, self.task.targets[:, at]) for at in range(self.task.outputs)
        )

    @cached_property
    def hardest(self) -> int:
        """The target with the greatest error left."""
        return hardest(self.fits)

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
