"""What the sections on a learning rate are made of: read from the options, and computed when first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.engine import Runs
from trainlab.explain.common.options import check_cell, check_source
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.learning_rate.checks_section import checks_of
from trainlab.explain.questions.learning_rate.comparison_section import Compared
from trainlab.explain.questions.learning_rate.follow_ups import (
    compare_schedules,
    compare_suggestion,
    plateaus_alone,
)
from trainlab.explain.questions.learning_rate.grid import (
    RatePoint,
    at_rate,
    constant,
    lean,
    point_of,
    population,
)
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule
from trainlab.explain.questions.learning_rate.network_sharpness import (
    SEEDS,
    PlaceSharpness,
    along_training,
    network_edges,
    smooth_start,
    start_sharpness,
)
from trainlab.explain.questions.learning_rate.quadratic import StabilityEdge
from trainlab.explain.questions.learning_rate.range_test import RangeTest, range_experiment, read_range
from trainlab.explain.questions.learning_rate.regimes import Regimes, regimes_of
from trainlab.explain.questions.learning_rate.step_section import OneStep, one_step
from trainlab.spec import Experiment, Study, any_study, named_cell

if TYPE_CHECKING:
    from trainlab.explain.questions.learning_rate.checks_autograd import Check

Array = npt.NDArray[np.float64]

DEFAULT = "xor44"
DEFAULT_CELL = "Model 2:B+E"
"""SGD with momentum, MSE and a linear output: all three regimes show, divergence among them.

With A's Adam a step no longer grows with the gradient, and with tanh at the output none can leave ±1.
"""


def named_experiment(
    source: Experiment | Study | str | os.PathLike[str], cell: str | None
) -> tuple[str, Experiment]:
    """Return the experiment meant, and what it is called."""
    study, cell = any_study(check_source(source, modules=False)), check_cell(cell)
    if source == DEFAULT and cell is None:
        cell = DEFAULT_CELL
    experiment = named_cell(study, cell).experiment
    if isinstance(source, Experiment):
        return experiment.network.label, experiment
    name = next(each.name for each in study.cells() if each.experiment == experiment)
    return name.removesuffix(":none"), experiment


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """An experiment called `name`, the rates and schedules that it is trained with, and what that shows.

    `parts` names the sections that it is for, all if empty: what only others need isn't trained.
    """

    name: str
    experiment: Experiment
    rates: Sequence[float]
    schedules: tuple[NamedSchedule, ...]
    parts: Sequence[str]
    populations: Populations

    def _is_for(self, *parts: str) -> bool:
        return not self.parts or any(part in self.parts for part in parts)

    @cached_property
    def steady(self) -> Experiment:
        """The experiment at its optimizer's own rate throughout."""
        return constant(self.experiment)

    @cached_property
    def step(self) -> OneStep:
        """The first step of one weight."""
        return one_step(self.experiment)

    @cached_property
    def start(self) -> PlaceSharpness:
        """How sharp the loss is where the training of seed 0 begins."""
        return start_sharpness(self.experiment)

    @cached_property
    def stability(self) -> tuple[StabilityEdge, ...]:
        """Where descent diverges on quadratics as steep as that."""
        return network_edges(self.experiment, self.start)

    @cached_property
    def base(self) -> Experiment:
        """What is trained at every rate."""
        return population(self.experiment)

    @property
    def _with_parameters(self) -> Experiment:
        return replace(self.base, record=lean(self.experiment, parameters=True))

    @cached_property
    def _trained(self) -> list[Runs]:
        """The runs at the experiment's own rate, at each of the grid, and of the range test if it is told."""
        at_rates = [at_rate(self.base, each) for each in self.rates]
        climbing = range_experiment(self.base, self.rates[0], self.rates[-1])
        last = [climbing] if self._is_for("range-test") else []
        return self.populations.train([self._with_parameters, *at_rates, *last])

    @cached_property
    def own(self) -> Runs:
        """The runs at the experiment's own rate."""
        if self._is_for("effects", "range-test"):
            return self._trained[0]
        return self.populations.train([self._with_parameters], seeds=min(SEEDS, self.populations.seeds))[0]

    @cached_property
    def places(self) -> tuple[PlaceSharpness, ...]:
        """How sharp the loss is where runs begin and end."""
        return along_training(self.own)

    @cached_property
    def points(self) -> tuple[RatePoint, ...]:
        """How the networks fared at every rate."""
        at_rates = self._trained[1 : 1 + len(self.rates)]
        return tuple(point_of(value, runs) for value, runs in zip(self.rates, at_rates, strict=True))

    @cached_property
    def regimes(self) -> Regimes:
        """At which rates they learn."""
        return regimes_of(self.points)

    @cached_property
    def range_test(self) -> RangeTest:
        """The loss while the rate climbs."""
        return read_range(self._trained[-1], self.rates[0], self.rates[-1])

    @cached_property
    def suggestion(self) -> tuple[Compared, ...]:
        """How the rate that the range test suggests fares on fresh seeds; empty if it suggests none."""
        return compare_suggestion(self.base, self.range_test, self.regimes, self.populations)

    @cached_property
    def _schedules_compared(self) -> tuple[tuple[Compared, ...], dict[str, Array]]:
        return compare_schedules(self.experiment, self.schedules, self.populations)

    @property
    def comparison(self) -> tuple[Compared, ...]:
        """A constant rate and each schedule; empty without schedules."""
        return self._schedules_compared[0]

    @cached_property
    def plateaus(self) -> Mapping[str, Array]:
        """Of schedules that wait for a plateau, the rates that the networks trained at, by label."""
        if self._is_for("comparison"):
            return self._schedules_compared[1]
        return plateaus_alone(self.experiment, self.schedules, self.populations)

    @cached_property
    def checks(self) -> tuple[Check, ...] | None:
        """The same numbers by PyTorch; None without it."""
        start = smooth_start(self.experiment, seeds=self.populations.seeds)
        return checks_of(self.steady, self.step, start, self.schedules)
