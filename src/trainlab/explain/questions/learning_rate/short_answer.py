"""The answer in a sentence and a table: what share of the seeds learns at which rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from trainlab.draw import Cell, format_number
from trainlab.explain.explanation import ShortAnswer, Table
from trainlab.explain.questions.learning_rate.grid import RatePoint
from trainlab.explain.questions.learning_rate.regimes import Regimes
from trainlab.spec import Experiment, name_of
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
            headers=("Rate", "Solved", "", "Diverged", "Epochs", "So it is"),
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
            return f"of {name}, no rate from {first} to {last} solved any of {n:,} seeds"
        most = max(points, key=lambda point: point.solved.k)
        return (
            f"of {name}, too few learn to tell which one works; from {first} to {last} at most "
            f"{share_words(most.solved)} are solved"
        )
    best = next(point for point in points if point.rate == found.best[0])
    low, high = (format_number(points[place].rate) for place in (found.low, found.high))
    works = f"at rates from {low} to {high}" if found.low < found.high else f"at {low} alone of the grid"
    most = f"{percent_words(best.solved)} of {best.solved.n:,} seeds at {format_number(best.rate)}"
    words = [f"{name} learns {works} ({most})"]
    sides = ["below, steps are too small"] if found.low > 0 else []
    sides += ["above, too large"] if found.high < len(points) - 1 else []
    words += [" and ".join(sides)] if sides else []
    if found.diverging is not None:
        words.append(f"from {format_number(found.diverging)} on, half of the runs or more diverge")
    return "; ".join(words)
