"""What the sections on a loss are made of: read from the options, and computed when first needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from trainlab.engine import Runs
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.loss.outlier_runs import OutlierRuns, train_outliers
from trainlab.explain.questions.loss.outliers import Outliers, read_outliers
from trainlab.explain.questions.loss.pairing import Pairing, pairing_of
from trainlab.explain.questions.loss.points import Point
from trainlab.explain.questions.loss.points_section import own_points, trained_points
from trainlab.explain.questions.loss.population_section import PairRate, pair_rates
from trainlab.explain.questions.loss.shapes_section import Shape, shapes_section
from trainlab.explain.questions.loss.variants import Variant, variants_of
from trainlab.page.section import Section
from trainlab.spec import Experiment, name_of
from trainlab.tasks import Task


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """An experiment, the losses `named` to draw and compare in place of the usual ones, and what they show.

    `parts` names the sections that it is for, all if empty: what only others need isn't trained.
    """

    experiment: Experiment
    named: Sequence[str]
    parts: Sequence[str]
    populations: Populations

    @property
    def data(self) -> Task:
        """The examples."""
        return self.experiment.data()

    @cached_property
    def pairing(self) -> Pairing:
        """Whether output and loss fit the task."""
        return pairing_of(self.experiment)

    @property
    def what(self) -> str:
        """The experiment in words."""
        experiment = self.experiment
        return f"{experiment.network.label} on {name_of(experiment.task)} with {self.pairing.loss}"

    @cached_property
    def shapes(self) -> tuple[Section, list[Shape]]:
        """Losses drawn: the section, and what it draws."""
        return shapes_section(self.data.kind, self.experiment.loss, self.pairing.output, self.named)

    @cached_property
    def start(self) -> tuple[Section, tuple[Point, ...], float | None]:
        """The examples at the first weights: section, examples, and how far gradients are from autograd's."""
        return own_points(self.experiment)

    @cached_property
    def _variants_and_refused(self) -> tuple[list[Variant], list[str]]:
        return variants_of(self.experiment, self.named)

    @property
    def variants(self) -> list[Variant]:
        """The experiment with its own and with other pairings."""
        return self._variants_and_refused[0]

    @property
    def refused(self) -> list[str]:
        """Why named losses can't be trained."""
        return self._variants_and_refused[1]

    @cached_property
    def _population(self) -> list[Runs]:
        return self.populations.train([each.experiment for each in self.variants])

    @cached_property
    def rates(self) -> tuple[PairRate, ...]:
        """How often each pairing solves the task."""
        return pair_rates(self.variants, self._population)

    @cached_property
    def trained(self) -> tuple[Section, tuple[Point, ...]]:
        """The examples after training: the section, and they."""
        if not self.parts or "population" in self.parts:
            return trained_points(self.experiment, self._population[0])
        (own,) = self.populations.train([self.variants[0].experiment], seeds=1)
        return trained_points(self.experiment, own)

    @cached_property
    def outlier_runs(self) -> OutlierRuns:
        """The losses trained with outliers and without."""
        own = self.experiment if self.data.kind == "regression" else None
        return train_outliers(own, self.populations)

    @cached_property
    def outliers(self) -> Outliers:
        """What outliers do under each loss."""
        return read_outliers(self.outlier_runs)
