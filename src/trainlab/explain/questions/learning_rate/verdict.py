"""The answer in a few sentences, no further than the intervals go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.draw import format_number
from trainlab.explain.questions.learning_rate.compare import Compared, span
from trainlab.explain.questions.learning_rate.grid import RatePoint
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness, descent_of
from trainlab.explain.questions.learning_rate.range_test import RangeTest
from trainlab.explain.questions.learning_rate.regimes import Regimes
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
        limit_words(experiment, places),
        _suggestion(test, fared),
        _schedules(schedules),
    ]
    tested = f"Tested on {name_of(experiment.task)} only, with this network and optimizer."
    return " ".join(part for part in [*said, tested] if part)


def _rates(points: Sequence[RatePoint], found: Regimes) -> str:
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


def limit_words(experiment: Experiment, places: Sequence[PlaceSharpness]) -> str:
    """Return up to which rates descent is stable where training begins; empty if nothing curves upwards."""
    descent = descent_of(experiment)
    if descent.unstable:
        return f"Full-batch descent converges at no rate: {descent.unstable}."
    known = [place for place in places if place.moment == "start" and math.isfinite(place.limit)]
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
