"""A learning rate range test: one training during which the rate climbs from too small to too large.

L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3: the loss stays,
falls, grows ragged and climbs; where it begins to fall and where it stops bound the useful rates. Here the
rate climbs by the same factor each step, and many seeds take the place of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.engine import Runs
from trainlab.explain.questions.learning_rate.grid import at_rate
from trainlab.spec import Experiment, LambdaLR, NoStopping, Record, Warmup
from trainlab.spec.rules import MAX_SCHEDULED_STEPS

Array = npt.NDArray[np.float64]

LEAST_EPOCHS = 100
MOST_EPOCHS = 1000
WINDOW = 0.1
"""Decades of the rate over which the loss is averaged before its lowest point is sought."""

FALL = 0.1
"""The share of the whole fall of the loss at which it counts as begun."""

RULE = (
    "Rule: at each rate the median loss over the seeds, averaged over a tenth of a decade; the suggestion "
    "is a tenth of the rate at which that is lowest, since there the rate is about to be too large."
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RangeTest:
    """The loss while the rate climbs: `rate [k]`, and median, 5 % and 95 % quantile of the loss ``[k]``.

    A run that diverged counts as infinite. `begins` is the rate at which a tenth of the fall is done,
    `lowest` that of the least loss, `suggested` a tenth of it; all None if it never fell by a hundredth.
    """

    seeds: int
    epochs: int
    rate: Array
    median: Array
    low: Array
    high: Array
    begins: float | None
    lowest: float | None
    suggested: float | None


def range_experiment(experiment: Experiment, low: float, high: float) -> Experiment:
    """Return the training during which the rate climbs from `low` to `high`, its loss read every epoch.

    As long as the experiment, but at least 100 epochs, and at most 1,000.
    """
    per_epoch = experiment.steps_per_epoch
    epochs = min(max(experiment.epochs, LEAST_EPOCHS), MOST_EPOCHS, max(2, MAX_SCHEDULED_STEPS // per_epoch))
    last = epochs * per_epoch - 1
    climbing = LambdaLR(factor=f"{high / low!r} ** (t / {last})", per="step")
    return replace(
        at_rate(experiment, low),
        schedule=climbing,
        warmup=Warmup(),
        stopping=NoStopping(),
        epochs=epochs,
        record=Record(loss_every=1, gradient_every=0, solved_every=0, predictions=0, parameters=False),
    )


def read_range(runs: Runs, low: float, high: float) -> RangeTest:
    """Return what the runs of a `range_experiment` from `low` to `high` showed."""
    experiment = runs.experiment
    # The loss after e epochs is that after the step e · steps_per_epoch − 1, counted from 0.
    steps = np.arange(1, experiment.epochs + 1) * experiment.steps_per_epoch - 1
    last = experiment.epochs * experiment.steps_per_epoch - 1
    rates = low * (high / low) ** (steps / last)
    curves = runs.loss_curve.astype(np.float64)
    curves = np.sort(np.where(np.isfinite(curves), curves, np.inf), axis=0)
    n = len(curves)
    quantiles = [curves[min(n - 1, int(q * n))] for q in (0.05, 0.5, 0.95)]
    begins, lowest = _fall(rates, quantiles[1])
    return RangeTest(
        seeds=n,
        epochs=experiment.epochs,
        rate=rates,
        low=quantiles[0][1:],
        median=quantiles[1][1:],
        high=quantiles[2][1:],
        begins=begins,
        lowest=lowest,
        suggested=None if lowest is None else lowest / 10.0,
    )


def _fall(rates: Array, median: Array) -> tuple[float | None, float | None]:
    """Return the rates at which the loss begins to fall and is lowest; `median` has one value before them."""
    smooth = smoothed(rates, median[1:])
    place = int(np.argmin(smooth))
    first, least = float(median[0]), float(smooth[place])
    if not (np.isfinite(first) and least < first - 0.01 * abs(first)):
        return None, None
    begun = int(np.argmax(smooth <= first - FALL * (first - least)))
    return float(rates[begun]), float(rates[place])


def smoothed(rates: Array, values: Array) -> Array:
    """Return the mean of the values at rates within ± half of `WINDOW` decades; infinite where one is."""
    places = np.log10(rates)
    # A logarithm is rounded otherwise on another processor: a rate at the border counts on all.
    half = WINDOW / 2 + 1e-9
    starts = np.searchsorted(places, places - half, side="left")
    stops = np.searchsorted(places, places + half, side="right")
    return np.array(
        [float(np.mean(values[a:b])) for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]
    )
