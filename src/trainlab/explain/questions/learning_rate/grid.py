"""The same population at every rate of a grid, and the rates at which it learns."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.engine import Runs
from trainlab.errors import ExplainError
from trainlab.explain.common.options import listed
from trainlab.explain.common.paired import diverged_share, solved_share
from trainlab.spec import CyclicLR, Experiment, NoSchedule, OneCycleLR, Record, Warmup
from trainlab.stats import Rate

Array = npt.NDArray[np.float64]

RATES = "1e-5..10"
COUNT = 25
MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class RatePoint:
    """A population at one learning rate.

    `epochs` is the median, over the runs solved at the end, of the first epoch at which each was seen solved;
    NaN without any. `loss`, `loss_low` and `loss_high` are median, 5 % and 95 % quantile of the final loss, a
    run that diverged counted as infinite.
    """

    rate: float
    solved: Rate
    diverged: Rate
    epochs: float
    loss: float
    loss_low: float
    loss_high: float


def read_rates(rates: str | Sequence[float]) -> tuple[float, ...]:
    """Return the rates of a grid, rising: ``"1e-5..10"``, ``"1e-5..10:13"`` (so many) or numbers.

    Raises:
        ExplainError: a rate isn't a finite number above 0, or there are fewer than two, or too many.
    """
    if not isinstance(rates, str):
        listed_rates = listed("rates", rates, example="1e-3, 1e-2")
        return _checked([_number(each, rates) for each in listed_rates], rates)
    match = re.fullmatch(r"\s*([^.:\s]\S*?)\s*\.\.\s*([^:\s]+)\s*(?::\s*([0-9]{1,9})\s*)?", rates)
    if match is None:
        raise ExplainError(
            f"rates = {rates!r}: must be LOW..HIGH, as in 1e-5..10, or with the number of rates behind, as "
            "in 1e-5..10:25."
        )
    low, high = _number(match[1], rates), _number(match[2], rates)
    count = COUNT if match[3] is None else int(match[3])
    if not 2 <= count <= MOST:
        raise ExplainError(f"rates = {rates!r}: {count:,} rates; a grid has 2 to {MOST}.")
    if not low < high:
        raise ExplainError(
            f"rates = {rates!r}: LOW must be less than HIGH; a grid of one rate shows nothing."
        )
    # Of 25 rates over six decades every fourth is a power of ten; written as one, it is one.
    return tuple(float(f"{each:.12g}") for each in np.geomspace(low, high, count))


def at_rate(experiment: Experiment, value: float) -> Experiment:
    """Return the experiment at another learning rate."""
    return replace(experiment, optimizer=replace(experiment.optimizer, lr=value))


def constant(experiment: Experiment) -> Experiment:
    """Return the experiment at its optimizer's own rate throughout."""
    return replace(experiment, schedule=NoSchedule(), warmup=Warmup())


def follows_rate(experiment: Experiment) -> bool:
    """Return whether the training depends on its optimizer's rate; two schedules bring their own instead."""
    return not isinstance(experiment.schedule, CyclicLR | OneCycleLR)


def population(experiment: Experiment) -> Experiment:
    """Return the experiment as populations of it are trained: at its own rate throughout if need be.

    Records when runs are solved, often enough to tell rates apart.
    """
    schedule = experiment.schedule if follows_rate(experiment) else NoSchedule()
    return replace(experiment, schedule=schedule, record=lean(experiment))


def lean(experiment: Experiment, *, parameters: bool = False) -> Record:
    """Return a record of the end, with the parameters only if asked for, and of when a run is solved."""
    every = experiment.record.solved_every or max(1, experiment.epochs // 50)
    return Record(loss_every=0, gradient_every=0, solved_every=every, predictions=0, parameters=parameters)


def point_of(value: float, runs: Runs) -> RatePoint:
    """Return what a population at the rate `value` came to."""
    n = len(runs.solved)
    epochs = runs.solved_epoch[runs.solved & (runs.solved_epoch >= 0)]
    losses = np.sort(np.where(runs.diverged | ~np.isfinite(runs.loss), np.inf, runs.loss.astype(np.float64)))
    low, middle, high = (float(losses[min(n - 1, int(q * n))]) for q in (0.05, 0.5, 0.95))
    return RatePoint(
        rate=value,
        solved=solved_share(runs),
        diverged=diverged_share(runs),
        epochs=float(np.median(epochs)) if len(epochs) else math.nan,
        loss=middle,
        loss_low=low,
        loss_high=high,
    )


def _number(value: object, rates: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ExplainError(
            f"rates = {rates!r}: {value!r} is no learning rate; each must be a finite number above 0."
        )
    return number


def _checked(values: list[float], rates: object) -> tuple[float, ...]:
    rising = sorted(set(values))
    if not 2 <= len(rising) <= MOST:
        raise ExplainError(f"rates = {rates!r}: {len(rising)} different rates; a grid has 2 to {MOST}.")
    return tuple(rising)
