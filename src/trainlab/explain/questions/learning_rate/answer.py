"""The answer: a sentence with its table, and a verdict that goes no further than the intervals do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from trainlab.draw import Cell, format_number
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.learning_rate.comparison_section import Compared, span
from trainlab.explain.questions.learning_rate.evidence import Evidence
from trainlab.explain.questions.learning_rate.grid import RatePoint
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness, descent_of
from trainlab.explain.questions.learning_rate.range_test import RangeTest
from trainlab.explain.questions.learning_rate.regimes import Regimes
from trainlab.page.section import Table
from trainlab.spec import SGD, Experiment, name_of
from trainlab.stats import percent_words, share_words

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
    words += [f"steps are {' and '.join(sides)}"] if (sides := _sides(points, found)) else []
    if found.diverging is not None:
        words.append(f"from {format_number(found.diverging)} on, half of the runs or more diverge")
    return "; ".join(words)


def _sides(points: Sequence[RatePoint], found: Regimes) -> list[str]:
    """Return what is too small and too large, with the share that the next rate on each side still solves."""
    sides: list[str] = []
    for words, place in (("too small below", found.low - 1), ("too large above", found.high + 1)):
        if 0 <= place < len(points):
            point = points[place]
            sides.append(f"{words} ({percent_words(point.solved)} at {format_number(point.rate)})")
    return sides


FEW = 3
"""The most schedules that an answer names; the section lists all."""


def verdict(evidence: Evidence) -> str:
    """Return the answer: where rates work, the limit of stability, the suggestion, and schedules."""
    experiment = evidence.experiment
    said = [
        _rates(evidence.points, evidence.regimes),
        limit_words(experiment, evidence.places),
        _suggestion(evidence.range_test, evidence.suggestion),
        _schedules(evidence.comparison),
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
        f"Rates from {format_number(low)} to {format_number(high)} work best"
        if low < high
        else f"Of the grid {format_number(low)} works best"
    )
    tie = f", one of {len(found.best)} that tie" if len(found.best) > 1 else ""
    sides = _sides(points, found)
    ends = f"; steps are {' and '.join(sides)}" if sides else ""
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
