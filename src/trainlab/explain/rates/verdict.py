"""The answer in a few sentences, no further than the intervals go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.draw import format_number
from trainlab.explain.rates.compare import Compared, span
from trainlab.explain.rates.grid import RatePoint
from trainlab.explain.rates.network_sharpness import PlaceSharpness
from trainlab.explain.rates.range_test import RangeTest
from trainlab.explain.rates.regimes import Regimes
from trainlab.spec import SGD, Experiment, name_of
from trainlab.stats import share_words

FEW = 3
"""The most schedules that an answer names; the section lists all."""


def verdict(
    experiment: Experiment,
    points: Sequence[RatePoint],
    found: Regimes,
    places: Sequence[PlaceSharpness],
    test: RangeTest,
    fared: Sequence[Compared],
    schedules: Sequence[Compared],
) -> str:
    """Return the answer: where rates work, the limit of stability, the suggestion, and schedules."""
    said = [
        _rates(points, found),
        _limit(experiment, places),
        _suggestion(test, fared),
        _schedules(schedules),
    ]
    tested = f"Tested on {name_of(experiment.task)} only, with this network and optimizer."
    return " ".join(part for part in [*said, tested] if part)


def _rates(points: Sequence[RatePoint], found: Regimes) -> str:
    if found.low < 0:
        return (
            f"No rate from {format_number(points[0].rate)} to {format_number(points[-1].rate)} solved any of "
            f"{points[0].solved.n:,} seeds."
        )
    best = next(point for point in points if point.rate == found.best[0])
    low, high = points[found.low].rate, points[found.high].rate
    where = (
        f"Rates from {format_number(low)} to {format_number(high)} work"
        if low < high
        else f"Of the grid only {format_number(low)} works"
    )
    tie = f", one of {len(found.best)} that tie" if len(found.best) > 1 else ""
    sides = [
        name
        for name, reached in (
            ("smaller ones are too small", found.low > 0),
            ("greater ones too large", found.high < len(points) - 1),
        )
        if reached
    ]
    ends = f"; {' and '.join(sides)}" if sides else ""
    burst = (
        f"; from {format_number(found.diverging)} on, half of the runs or more diverge"
        if found.diverging is not None
        else ""
    )
    return f"{where}: at {format_number(best.rate)}{tie}, {share_words(best.solved)} are solved{ends}{burst}."


def _limit(experiment: Experiment, places: Sequence[PlaceSharpness]) -> str:
    limits = [place.limit for place in places if place.moment == "start" and math.isfinite(place.limit)]
    if not limits:
        return ""
    span_words = (
        f"{format_number(min(limits))}"
        if len(limits) == 1
        else f"{format_number(min(limits))} to {format_number(max(limits))}"
    )
    count = f"seed {places[0].seed}" if len(limits) == 1 else f"{len(limits)} seeds"
    kind = "" if isinstance(experiment.optimizer, SGD) else " plain"
    return (
        f"Where training begins, the sharpness of the loss limits{kind} full-batch descent to rates up to "
        f"{span_words} ({count})."
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
