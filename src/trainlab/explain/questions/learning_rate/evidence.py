"""What the sections on a learning rate are made of, computed when first needed; answer and result."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import Cell, format_number
from trainlab.engine import Runs
from trainlab.engine.network_pass import Array
from trainlab.explain.explanation import Explanation, ShortAnswer
from trainlab.explain.options import check_cell, check_source
from trainlab.explain.populations import Populations
from trainlab.explain.questions.learning_rate.comparison import (
    Compared,
    compare_schedules,
    plateaus_alone,
    span,
)
from trainlab.explain.questions.learning_rate.grid import (
    RatePoint,
    Regimes,
    at_rate,
    constant,
    point_of,
    population,
    rates_sentence,
    regimes_of,
    sides,
)
from trainlab.explain.questions.learning_rate.one_step import Check, OneStep, checks_of, one_step
from trainlab.explain.questions.learning_rate.range_test import (
    RangeTest,
    compare_suggestion,
    range_experiment,
    read_range,
)
from trainlab.explain.questions.learning_rate.schedules import NamedSchedule, schedule_curve
from trainlab.explain.questions.learning_rate.sharpness import (
    PlaceSharpness,
    descent_of,
    network_edges,
    start_sharpness,
    start_sharpnesses,
)
from trainlab.explain.questions.learning_rate.stability import StabilityEdge
from trainlab.page.section import Table
from trainlab.plain import pick
from trainlab.spec import SGD, Experiment, Study, any_study, name_of, named_cell
from trainlab.stats import percent_words, share_words

DEFAULT = "xor44"
DEFAULT_CELL = "Model 2:B+E"
"""SGD with momentum, MSE and a linear output: all three regimes show, divergence among them.

With A's Adam a step no longer grows with the gradient, and with tanh at the output none can leave ±1.
"""


def named_experiment(
    source: Experiment | Study | str | os.PathLike[str], cell: str | None
) -> tuple[str, Experiment]:
    """Return the experiment meant, and what it is called."""
    study, cell = any_study(check_source(source)), check_cell(cell)
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

    @cached_property
    def _trained(self) -> list[Runs]:
        """The runs at the experiment's own rate, at each of the grid, and of the range test if it is told."""
        at_rates = [at_rate(self.base, each) for each in self.rates]
        climbing = range_experiment(self.base, self.rates[0], self.rates[-1])
        last = [climbing] if self._is_for("range-test") else []
        return self.populations.train([self.base, *at_rates, *last])

    @property
    def own(self) -> Runs:
        """The runs at the experiment's own rate."""
        return self._trained[0]

    @cached_property
    def places(self) -> tuple[PlaceSharpness, ...]:
        """How sharp the loss is where runs begin."""
        return start_sharpnesses(self.base, seeds=self.populations.seeds)

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
        return checks_of(self.steady, self.step, self.schedules)


# What `trainlab.explain.learning_rate` returns, and its numbers as plain data.


def effects_numbers(points: Sequence[RatePoint], regimes: Regimes) -> dict[str, Any]:
    """Return the grid of rates, and where it works, as plain data."""
    return {
        "rates": [{**point.to_dict(), "regime": regimes.of(place)} for place, point in enumerate(points)],
        "regimes": {
            "best": regimes.best,
            "works": None
            if regimes.low < 0
            else {"low": points[regimes.low].rate, "high": points[regimes.high].rate},
            "exceptions": regimes.exceptions,
            "diverging": regimes.diverging,
        },
    }


def schedule_dict(
    named: NamedSchedule, experiment: Experiment, plateau: npt.NDArray[np.float64] | None
) -> dict[str, Any]:
    """Return a schedule with its rates over epochs as plain data."""
    curve = schedule_curve(named, experiment, plateau)
    return pick(named, "label toml") | pick(curve, "epochs=x rates=median")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LearningRateExplanation(Explanation):
    """The answer of `learning_rate`, with everything in it to compute on.

    `numbers` has: experiment, network (label, widths, parameters), cell, seeds; step;
    stability (a list of edges); sharpness (a list of places);
    rates (a list, one a rate), regimes; range_test (with the curve), suggestion (populations compared);
    schedules (label, toml, rates by epoch), comparison (populations compared); checks (against PyTorch).
    Where only some parts were asked for, `numbers` lacks what the others say, and their fields are None or
    empty.
    """

    experiment: Experiment
    step: OneStep | None
    stability: tuple[StabilityEdge, ...]
    sharpness: tuple[PlaceSharpness, ...]
    rates: tuple[RatePoint, ...]
    regimes: Regimes | None
    range_test: RangeTest | None
    suggestion: tuple[Compared, ...]
    schedules: tuple[NamedSchedule, ...]
    comparison: tuple[Compared, ...]


# The answer: a sentence with its table, and a verdict that goes no further than the intervals do.


ROWS: Final = 11
BAR: Final = 20

RULE: Final = "The learning rate sets how far each step goes"


def short_answer(
    name: str, experiment: Experiment, points: Sequence[RatePoint], found: Regimes
) -> ShortAnswer:
    """Return the answer for an experiment called `name`."""
    places = shown_places(points, found)
    rows: list[list[Cell]] = [
        [
            format_number(point.rate),
            percent_words(point.solved),
            "▇" * round(BAR * point.solved.estimate),
            percent_words(point.diverged),
            "–" if math.isnan(point.epochs) else f"{point.epochs:g}",
            found.of(place),
        ]
        for place, point in ((place, points[place]) for place in places)
    ]
    less = "" if len(places) == len(points) else f" ({len(places)} of {len(points)} rates)"
    return ShortAnswer(
        sentence=f"{RULE}: {_finding(name, points, found)}.",
        table=Table(
            title=f"The same seeds at every rate{less}; epochs until solved, the median",
            headers=("Rate", "Solved", "", "Diverged", "Epochs", "Regime"),
            rows=rows,
        ),
        shown_on=f"{points[0].solved.n:,} seeds at each rate, of {name_of(experiment.task)} only; this "
        f"experiment's own rate is {format_number(experiment.optimizer.lr)}.",
    )


def shown_places(points: Sequence[RatePoint], found: Regimes) -> list[int]:
    """Return which rates a short table shows: both ends, the borders of what works, and others between."""
    last = len(points) - 1
    borders = [] if found.low < 0 else [found.low - 1, found.low, found.high, found.high + 1]
    best = [place for place, point in enumerate(points) if point.rate in found.best[:1]]
    burst = [place for place, point in enumerate(points) if point.rate == found.diverging]
    kept = {place for place in (0, last, *borders, *best, *burst) if 0 <= place <= last}
    while len(kept) < min(ROWS, len(points)):
        # In the middle of the widest gap.
        ordered = sorted(kept)
        low, high = max(pairwise(ordered), key=lambda pair: pair[1] - pair[0])
        kept.add((low + high) // 2)
    return sorted(kept)


def _finding(name: str, points: Sequence[RatePoint], found: Regimes) -> str:
    first, last = format_number(points[0].rate), format_number(points[-1].rate)
    if found.low < 0:
        n = points[0].solved.n
        if not found.best:
            return f"no rate from {first} to {last} solved any of {n:,} seeds of {name}"
        most = max(points, key=lambda point: point.solved.k)
        return (
            f"too few seeds of {name} learn to tell which rate works; from {first} to {last} at most "
            f"{share_words(most.solved)} are solved"
        )
    best = next(point for point in points if point.rate == found.best[0])
    low, high = (format_number(points[place].rate) for place in (found.low, found.high))
    works = f"at rates from {low} to {high}" if found.low < found.high else f"at {low} alone of the grid"
    most = f"{percent_words(best.solved)} of {best.solved.n:,} seeds at {format_number(best.rate)}"
    words = [f"{name} learns best {works} ({most})"]
    words += [f"steps are {' and '.join(bounds)}"] if (bounds := sides(points, found)) else []
    if found.diverging is not None:
        words.append(f"from {format_number(found.diverging)} on, half of the runs or more diverge")
    return "; ".join(words)


FEW = 3
"""The most schedules that an answer names; the section lists all."""


def verdict(evidence: Evidence) -> str:
    """Return the answer: where rates work, the limit of stability, the suggestion, and schedules."""
    experiment = evidence.experiment
    said = [
        rates_sentence(evidence.points, evidence.regimes),
        limit_words(experiment, evidence.places),
        _suggestion(evidence.range_test, evidence.suggestion),
        _schedules(evidence.comparison),
    ]
    tested = f"Tested on {name_of(experiment.task)} only, with this network and optimizer."
    return " ".join(part for part in [*said, tested] if part)


def limit_words(experiment: Experiment, places: Sequence[PlaceSharpness]) -> str:
    """Return up to which rates descent is stable where training begins; empty if nothing curves upwards."""
    descent = descent_of(experiment)
    if descent.unstable:
        return f"Full-batch descent converges at no rate: {descent.unstable}."
    known = [place for place in places if math.isfinite(place.limit)]
    limits = [place.limit for place in known]
    if not limits:
        return ""
    loose = [place.largest.residual for place in known if not place.largest.settled]
    caveat = (
        f", or to less, as the power iteration leaves λ_max of {len(loose)} of {len(known)} uncertain by "
        f"± {format_number(max(loose), digits=2)}"
        if loose
        else ""
    )
    span_words = (
        f"{format_number(min(limits))}"
        if len(limits) == 1
        else f"{format_number(min(limits))} to {format_number(max(limits))}"
    )
    count = f"seed {known[0].seed}" if len(limits) == 1 else f"{len(limits)} seeds"
    kind = "" if isinstance(experiment.optimizer, SGD) else " plain"
    return (
        f"Where training begins, the sharpness of the loss limits{kind} full-batch descent to rates up to "
        f"{span_words} ({count}){caveat}."
    )


def _suggestion(test: RangeTest, fared: Sequence[Compared]) -> str:
    if test.suggested is None:
        return "The range test suggests nothing, as its loss never fell."
    other = next((each for each in fared if each.label == "suggested"), None)
    if other is None or other.difference is None:
        return f"The range test suggests {format_number(test.suggested)}."
    gap, own = other.difference.value, fared[0].point
    return (
        f"The range test suggests {format_number(test.suggested)}; on fresh seeds its share solved differs "
        f"by {100 * gap.estimate:+.1f} points ({span(gap.low, gap.high)}) from that of the experiment's own "
        f"{format_number(own.rate)}: {other.reading}{_pace(other.point, own)}."
    ).replace("-", "−")


def _pace(point: RatePoint, own: RatePoint) -> str:
    if math.isnan(point.epochs) or math.isnan(own.epochs):
        return ""
    return f" (median epochs until solved: {point.epochs:g}, own {own.epochs:g})"


def _schedules(compared: Sequence[Compared]) -> str:
    others = compared[1:]
    if not others:
        return ""
    helped = [each.label for each in others if each.reading == "helps"]
    hurt = [each.label for each in others if each.reading == "hurts"]
    start = f"Of {len(others)} schedule{'s' if len(others) > 1 else ''}"
    names = f" ({', '.join(helped)})" if len(helped) <= FEW else ""
    better = f"{len(helped)}{names}" if helped else "none"
    worse = f"{len(hurt)}" if hurt else "none"
    steady = format_number(compared[0].point.rate)
    verb = "are" if len(helped) > 1 else "is"
    return f"{start}, {better} {verb} shown to solve more than a constant {steady}, and {worse} fewer."
