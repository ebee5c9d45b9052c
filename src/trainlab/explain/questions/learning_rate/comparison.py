"""Populations compared with the first of them: schedules, and a rate that was suggested on fresh seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from trainlab.draw import Cell, intervals
from trainlab.engine import Runs
from trainlab.engine.network_pass import Array
from trainlab.explain.populations import Populations, difference_interval, differences_from_first
from trainlab.explain.questions.learning_rate.grid import (
    RatePoint,
    constant,
    follows_rate,
    lean,
    point_of,
    share_cell,
)
from trainlab.explain.questions.learning_rate.schedules import NamedSchedule, warmup_of
from trainlab.maths import plateau_start, plateau_step
from trainlab.page.section import Section, Table
from trainlab.plain import pick
from trainlab.spec import Experiment, Record, ReduceLROnPlateau
from trainlab.stats import ReadEstimate, Reading, share_words

# The section that compares schedules with a constant rate; and any populations side by side.
#
# Shares solved, and paired differences from the first population, corrected by Holm.


HEADERS = ("", "Solved (%)", "Difference (points)", "p (Holm)", "Epochs")
LEAST_P = 1e-4
NOTE = "Epochs: until solved, the median of those solved at the end. In brackets 95 % intervals."


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A population called `label`, and how its share solved differs from the first one's.

    `point` has its numbers. `difference` is None for the first itself.
    """

    label: str
    point: RatePoint
    difference: ReadEstimate | None

    @property
    def reading(self) -> Reading | None:
        """How the difference reads, None for the first itself."""
        return None if self.difference is None else self.difference.reading

    def to_dict(self) -> dict[str, Any]:
        """Return the population's numbers as JSON has them."""
        return {"label": self.label, **self.point.to_dict(), **pick(self, "difference")}


def compare(labels: Sequence[str], runs: Sequence[Runs]) -> tuple[Compared, ...]:
    """Return populations on the same seeds compared with the first of them."""
    read = differences_from_first(runs)
    return tuple(
        Compared(label=label, point=point_of(each.experiment.optimizer.lr, each), difference=read.get(place))
        for place, (label, each) in enumerate(zip(labels, runs, strict=True))
    )


def comparison_section(compared: Sequence[Compared]) -> Section:
    """Return the section that compares schedules with a constant rate."""
    others = compared[1:]
    by_reading = {
        title: [each.label for each in others if each.reading == reading]
        for title, reading in (
            ("Shown to help", "helps"),
            ("Shown to hurt", "hurts"),
            ("Shown to be small, within ±2 points", "shown to be small"),
            ("No difference seen", "no difference seen"),
        )
    }
    words = [
        f"{compared[0].point.solved.n:,} seeds, the same for all; each difference from the constant rate is "
        "paired by seed (Bonett–Price 95 %), its p corrected by Holm for all of them together.",
        NOTE,
        *(f"{title}: {', '.join(labels)}." for title, labels in by_reading.items() if labels),
    ]
    return Section(
        name="comparison",
        heading="Schedules against a constant rate",
        text=tuple(words),
        pictures=(
            intervals(
                [
                    difference_interval(each.label, each.difference)
                    for each in compared
                    if each.difference is not None
                ],
                x_label="Share solved minus that of the constant rate (percentage points)",
                title="What each schedule does to the share solved",
            ),
        ),
        tables=(
            Table(
                title="Compared with a constant rate",
                headers=HEADERS,
                rows=rows_of(compared, [each.label for each in compared]),
                shown=40,
            ),
        ),
    )


def rows_of(compared: Sequence[Compared], names: Sequence[str]) -> list[list[Cell]]:
    """Return a row for each population under `HEADERS`, called by `names`."""
    return [_row(each, name) for each, name in zip(compared, names, strict=True)]


def span(low: float, high: float) -> str:
    """Return the interval of a difference of shares in points."""
    return f"{100 * low:.1f} to {100 * high:.1f}".replace("-", "−")


def _row(each: Compared, name: str) -> list[Cell]:
    epochs = "–" if math.isnan(each.point.epochs) else f"{each.point.epochs:g}"
    solved, read = share_cell(each.point.solved), each.difference
    if read is None:
        return [name, solved, "–", "–", epochs]
    found = read.value
    difference = f"{100 * found.estimate:+.1f} ({span(found.low, found.high)})".replace("-", "−")
    p = f"{read.p_adjusted:.4f}" if read.p_adjusted >= LEAST_P else f"< {LEAST_P:.4f}"
    return [name, solved, difference, p, epochs]


# Further populations: the range test's suggestion on fresh seeds, and schedules against a constant rate.


def recorded(experiment: Experiment, record: Record) -> Record:
    """Return a record with what `plateau_rates` needs: the loss after each epoch, for a plateau schedule."""
    waits = isinstance(experiment.schedule, ReduceLROnPlateau) and experiment.schedule.on == "train"
    return msgspec.structs.replace(record, loss_every=1) if waits else record


def plateau_rates(runs: Runs) -> Array | None:
    """Return the rate of each epoch of each network ``[k, epochs]``, for those whose losses were recorded.

    None if the schedule reads other examples than those trained on, whose losses no curve holds.
    """
    experiment = runs.experiment
    schedule = experiment.schedule
    if not isinstance(schedule, ReduceLROnPlateau) or schedule.on != "train":
        return None
    settings: dict[str, Any] = msgspec.to_builtins(schedule)
    del settings["name"], settings["on"]
    state = plateau_start(experiment.optimizer.lr, len(runs.loss_curve))
    rates = [state.rate]
    for losses in runs.loss_curve.T[1:-1]:
        state = plateau_step(state, losses, **settings)
        rates.append(state.rate)
    return np.stack(rates, axis=1) * warmup_of(experiment)[:: experiment.steps_per_epoch]


def notes_of(experiment: Experiment, own: Runs) -> tuple[str, ...]:
    """Return how the experiment's own rate fared, and whether its schedule had to be left out."""
    point = point_of(own.experiment.optimizer.lr, own)
    words = f"The experiment's own rate, {point.rate:g}: {share_words(point.solved)} solved."
    if follows_rate(experiment):
        return (words,)
    return (
        words,
        f"Its schedule, {type(experiment.schedule).__name__}, brings its own rates; here the rate is "
        "constant.",
    )


def compare_schedules(
    experiment: Experiment, schedules: Sequence[NamedSchedule], trainer: Populations
) -> tuple[tuple[Compared, ...], dict[str, Array]]:
    """Return a constant rate and each schedule compared, and of plateau schedules the rates by label."""
    if not schedules:
        return (), {}
    tried = _compared(experiment, schedules)
    runs = trainer.train(list(tried.values()))
    return compare(list(tried), runs), _plateaus(tried, runs)


def plateaus_alone(
    experiment: Experiment, schedules: Sequence[NamedSchedule], trainer: Populations
) -> dict[str, Array]:
    """Return of plateau schedules the rates by label, on the seeds that a whole comparison has."""
    waiting = [each for each in schedules if isinstance(each.schedule, ReduceLROnPlateau)]
    tried = _scheduled(experiment, waiting)
    if not tried:
        return {}
    seeds = trainer.affordable(list(_compared(experiment, schedules).values()))
    return _plateaus(tried, trainer.train_seeds(list(tried.values()), range(seeds)))


def _compared(experiment: Experiment, schedules: Sequence[NamedSchedule]) -> dict[str, Experiment]:
    """Return what is trained to compare schedules, by its label."""
    tried = {"constant": _steady(experiment)}
    if experiment.scheduled:
        tried["the experiment's own"] = replace(experiment, record=lean(experiment))
    return tried | _scheduled(experiment, schedules)


def _steady(experiment: Experiment) -> Experiment:
    return replace(constant(experiment), record=lean(experiment))


def _scheduled(experiment: Experiment, schedules: Sequence[NamedSchedule]) -> dict[str, Experiment]:
    """Return the experiment under each schedule, by its label."""
    steady = _steady(experiment)
    made = {each.label: each.of(steady) for each in schedules}
    return {label: replace(each, record=recorded(each, steady.record)) for label, each in made.items()}


def _plateaus(tried: Mapping[str, Experiment], runs: Sequence[Runs]) -> dict[str, Array]:
    rates = {name: plateau_rates(each) for name, each in zip(tried, runs, strict=True)}
    return {name: each for name, each in rates.items() if each is not None}
