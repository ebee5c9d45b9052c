"""Further populations: the range test's suggestion on fresh seeds, and schedules against a constant rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.engine import Runs, select
from trainlab.explain.common.populations import FEWEST, Populations
from trainlab.explain.questions.learning_rate.comparison_section import Compared, compare
from trainlab.explain.questions.learning_rate.grid import at_rate, constant, follows_rate, lean, point_of
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule, warmup_of
from trainlab.explain.questions.learning_rate.range_test import RangeTest
from trainlab.explain.questions.learning_rate.regimes import Regimes
from trainlab.maths import plateau_start, plateau_step
from trainlab.spec import Experiment, Record, ReduceLROnPlateau
from trainlab.stats import share_words

Array = npt.NDArray[np.float64]


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


def compare_suggestion(
    base: Experiment, test: RangeTest, found: Regimes, trainer: Populations
) -> tuple[Compared, ...]:
    """Return the experiment's own rate, the suggested one and the best of the grid on fresh seeds.

    Fresh are seeds n to 2n − 1: what was chosen on the first n would look better on them than it is. Of rates
    that tie for the best it is the one in the middle. Empty if nothing was suggested.
    """
    if test.suggested is None:
        return ()
    rates = {"own rate": base.optimizer.lr, "suggested": float(f"{test.suggested:.6g}")}
    if found.best:
        rates["best of the grid"] = found.best[len(found.best) // 2]
    tried = [at_rate(base, each) for each in rates.values()]
    # Of a costly training there are fewer: half of them still as many as the grid had, which has more rates.
    runs = trainer.train(tried, seeds=2 * trainer.seeds, fewest=2 * FEWEST)
    n = len(runs[0].solved)
    return compare(list(rates), [select(each, range(n // 2, n)) for each in runs])


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
