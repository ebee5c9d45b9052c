"""The same population at every rate of a grid: what each did, and which are too small or too large."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from msgspec.structs import replace

from trainlab.draw import Band, Cell, Curve, Picture, curves, format_number
from trainlab.engine import Runs
from trainlab.errors import ExplainError
from trainlab.explain.options import listed
from trainlab.explain.populations import diverged_share, solved_share
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import pick
from trainlab.spec import CyclicLR, Experiment, NoSchedule, OneCycleLR, Record, Warmup, solved_words
from trainlab.stats import Rate, percent_words, share_words

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

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON has them."""
        return {
            **pick(self, "rate solved diverged epochs_until_solved=epochs"),
            "loss": pick(self, "median=loss low=loss_low high=loss_high"),
        }


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


def lean(experiment: Experiment) -> Record:
    """Return a record of the end, without parameters, and of when a run is solved."""
    every = experiment.record.solved_every or max(1, experiment.epochs // 50)
    return Record(loss_every=0, gradient_every=0, solved_every=every, predictions=0, parameters=False)


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


# Too small, works, too large: three regimes of learning rates, bounded by what populations did.


Regime = Literal["too small", "works", "too large", "nothing solved", "too few solved"]

SMALL = 0.02
"""A difference in the share solved that is counted as none: 2 points, as everywhere."""

RULE = (
    "Rule: a rate works if it solved any run, and the 95 % interval of its share reaches to within "
    f"{100 * SMALL:g} points of that of the best rate; the regime goes from the smallest to the largest such "
    "rate. Smaller ones are too small, larger ones too large. Where even the interval of the best rate "
    f"reaches down to {100 * SMALL:g} % or less, too few are solved to tell."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Regimes:
    """Where a grid of rates works; `low` and `high` are places in it, −1 if none or too few are solved.

    `best` are the rates with the most solved, several if they tie, none if no rate solved anything.
    `exceptions` lie within the regime though
    their share is clearly lower. `diverging` is the rate from which on half of the runs or more
    diverged at every one, None if there is none.
    """

    best: tuple[float, ...]
    low: int
    high: int
    exceptions: tuple[float, ...]
    diverging: float | None

    def of(self, place: int) -> Regime:
        """Return the regime of the rate at a place of the grid."""
        if self.low < 0:
            return "too few solved" if self.best else "nothing solved"
        if place < self.low:
            return "too small"
        return "too large" if place > self.high else "works"


def regimes_of(points: Sequence[RatePoint]) -> Regimes:
    """Return the regimes of populations in rising order of their rates; see `RULE`."""
    most = max(point.solved.k for point in points)
    best = [point for point in points if point.solved.k == most]
    calm = [place for place, point in enumerate(points) if 2 * point.diverged.k < point.diverged.n]
    first = calm[-1] + 1 if calm else 0
    diverging = points[first].rate if first < len(points) else None
    rates = tuple(point.rate for point in best) if most else ()
    floor = best[0].solved.low - SMALL
    # Of no learning the share is 0; a best rate not shown to be more than 2 points above it tells nothing.
    if floor <= 0:
        return Regimes(best=rates, low=-1, high=-1, exceptions=(), diverging=diverging)
    works = [point.solved.k > 0 and point.solved.high >= floor for point in points]
    working = [place for place, fine in enumerate(works) if fine]
    inside = range(working[0], working[-1] + 1)
    return Regimes(
        best=rates,
        low=working[0],
        high=working[-1],
        exceptions=tuple(points[place].rate for place in inside if not works[place]),
        diverging=diverging,
    )


def rates_sentence(points: Sequence[RatePoint], found: Regimes) -> str:
    """Return which rates work, and what bounds them."""
    if found.best and found.low < 0:
        most = next(point for point in points if point.rate == found.best[0])
        return (
            f"Too few learn to tell which rates work: from {format_number(points[0].rate)} to "
            f"{format_number(points[-1].rate)}, at most {share_words(most.solved)} are solved."
        )
    if found.low < 0:
        return (
            f"No rate from {format_number(points[0].rate)} to {format_number(points[-1].rate)} solved any of "
            f"{points[0].solved.n:,} seeds."
        )
    best = next(point for point in points if point.rate == found.best[0])
    low, high = points[found.low].rate, points[found.high].rate
    where = (
        f"Rates from {format_number(low)} to {format_number(high)} work best"
        if low < high
        else f"Of the grid {format_number(low)} works best"
    )
    tie = f", one of {len(found.best)} that tie" if len(found.best) > 1 else ""
    bounds = sides(points, found)
    ends = f"; steps are {' and '.join(bounds)}" if bounds else ""
    burst = (
        f"; from {format_number(found.diverging)} on, half of the runs or more diverge"
        if found.diverging is not None
        else ""
    )
    return f"{where}: at {format_number(best.rate)}{tie}, {share_words(best.solved)} are solved{ends}{burst}."


def sides(points: Sequence[RatePoint], found: Regimes) -> list[str]:
    """Return what is too small and too large, with the share that the next rate on each side still solves."""
    told: list[str] = []
    for words, place in (("too small below", found.low - 1), ("too large above", found.high + 1)):
        if 0 <= place < len(points):
            point = points[place]
            told.append(f"{words} ({percent_words(point.solved)} at {format_number(point.rate)})")
    return told


# The section on the grid of rates: what each did, and where it works.


def effects_section(
    points: Sequence[RatePoint], found: Regimes, experiment: Experiment, notes: Sequence[str]
) -> Section:
    """Return the section on the grid of rates."""
    rows: list[list[Cell]] = [
        [
            format_number(point.rate),
            found.of(place),
            share_cell(point.solved),
            f"{100 * point.diverged.estimate:.1f}",
            "–" if math.isnan(point.epochs) else f"{point.epochs:g}",
            format_number(point.loss),
        ]
        for place, point in enumerate(points)
    ]
    return Section(
        name="effects",
        heading="What the rate does: the same networks at every rate",
        text=paragraphs(
            f"{points[0].solved.n:,} seeds at each of {len(points)} rates; solved "
            f"{solved_words(experiment.solved)}.",
            RULE,
            rates_sentence(points, found),
            notes,
        ),
        pictures=(_shares(points, found),),
        tables=(
            Table(
                title="The same seeds at every rate; epochs until solved and loss are medians",
                headers=(
                    "Rate",
                    "Regime",
                    "Solved (%, 95 %)",
                    "Diverged (%)",
                    "Epochs",
                    "Final loss",
                ),
                rows=rows,
                shown=60,
            ),
        ),
    )


def _shares(points: Sequence[RatePoint], found: Regimes) -> Picture:
    rates = [point.rate for point in points]
    works = (
        ""
        if found.low < 0
        else f"; it works from {format_number(rates[found.low])} to {format_number(rates[found.high])}"
    )

    def share(label: str, name: str) -> Curve:
        counts = [getattr(point, name) for point in points]
        band = Band(
            label="95 % interval",
            low=[100 * each.low for each in counts],
            high=[100 * each.high for each in counts],
        )
        return Curve(label=label, x=rates, median=[100 * each.estimate for each in counts], bands=(band,))

    return curves(
        [share("solved", "solved"), share("diverged", "diverged")],
        x_label="Learning rate",
        y_label="Runs (%)",
        title=f"Runs solved and diverged by learning rate{works}",
        log_x=True,
        middle="share",
    )


def share_cell(share: Rate) -> str:
    """Return a share with its interval in per cent: ``99.5 (97.2–99.9)``."""
    return f"{100 * share.estimate:.1f} ({100 * share.low:.1f}–{100 * share.high:.1f})"
