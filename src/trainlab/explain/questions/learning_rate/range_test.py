"""A learning rate range test: one training during which the rate climbs from too small to too large.

L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3: the loss stays,
falls, grows ragged and climbs; where it begins to fall and where it stops bound the useful rates. Here the
rate climbs by the same factor each step, and many seeds take the place of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.draw import Band, Curve, curves, format_number
from trainlab.engine import Runs, select
from trainlab.engine.network_pass import Array
from trainlab.explain.populations import FEWEST, Populations
from trainlab.explain.questions.learning_rate.comparison import HEADERS, NOTE, Compared, compare, rows_of
from trainlab.explain.questions.learning_rate.grid import Regimes, at_rate
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import Experiment, LambdaLR, NoStopping, Record, Warmup
from trainlab.spec.rules import MAX_SCHEDULED_STEPS

LEAST_EPOCHS = 100
MOST_EPOCHS = 1000
WINDOW = 0.1
"""Decades of the rate over which the loss is averaged before its lowest point is sought."""

FALL = 0.1
"""The share of the whole fall of the loss at which it counts as begun."""

RANGE_RULE = (
    "Rule: at each rate the median loss over the seeds, averaged over a tenth of a decade; the suggestion "
    "is a tenth of the rate at which that is lowest, since there the rate is about to be too large."
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RangeTest(Plain):
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


# The section on the range test, and how its suggestion fared on fresh seeds.


CLIFF = 100.0
"""How many times its first value the loss of a range test is drawn up to; more would flatten the rest."""

_LABELS = {"suggested": "The suggested rate", "best of the grid": "The best of the grid"}


def range_test_section(test: RangeTest, compared: Sequence[Compared], experiment: Experiment) -> Section:
    """Return the section on the range test and how its suggestion fared."""
    own = experiment.optimizer.lr
    most = CLIFF * float(test.median[0])
    picture = curves(
        [
            Curve(
                label="loss",
                x=test.rate,
                median=_below(test.median, most),
                bands=(
                    Band(label="5–95 % of seeds", low=_below(test.low, most), high=_below(test.high, most)),
                ),
            )
        ],
        x_label="Learning rate at that moment",
        y_label="Loss",
        title="A range test: the loss while the rate climbs, until it is a hundred times the first",
        log_x=True,
        log_y=True,
    )
    if test.suggested is None:
        said = (
            "The median loss never fell by a hundredth while the rate climbed: there is nothing to suggest."
        )
    else:
        said = (
            f"The median loss begins to fall at {format_number(test.begins)} (a tenth of the fall done) and "
            f"is lowest at {format_number(test.lowest)}. Suggested: {format_number(test.suggested)}; this "
            f"experiment has {own:g}."
        )
    words = [
        f"{test.seeds:,} seeds train for {test.epochs:,} epochs while the rate climbs by the same factor "
        f"each step, from {format_number(float(test.rate[0]))} to {format_number(float(test.rate[-1]))} "
        "(Smith, WACV 2017).",
        RANGE_RULE,
        said,
    ]
    tables = ()
    if compared:
        words.append(
            f"How it fared: {compared[0].point.solved.n:,} fresh seeds, used neither by the range test nor "
            "to pick the best rate of the grid. "
            + " ".join(
                f"{_LABELS.get(each.label, each.label)} against the experiment's own: {each.reading}."
                for each in compared[1:]
            )
            + f" {NOTE}"
        )
        tables = (
            Table(
                title="On fresh seeds, compared with the experiment's own rate",
                headers=HEADERS,
                rows=rows_of(
                    compared, [f"{each.label}, {format_number(each.point.rate)}" for each in compared]
                ),
            ),
        )
    return Section(
        name="range-test",
        heading="A range test, and how its suggestion fared",
        text=tuple(words),
        pictures=(picture,),
        tables=tables,
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


def _below(values: npt.NDArray[np.float64], most: float) -> npt.NDArray[np.float64]:
    return np.where(values <= most, values, np.nan)
