"""The verdicts of a map: where training works, the best point, how it fails elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trainlab.draw import counted, format_number, format_percent, join
from trainlab.stats import Verdict, rate, share_words
from trainlab.studies.maps.axis import short_name
from trainlab.studies.maps.counts import OUTCOMES

if TYPE_CHECKING:
    from trainlab.studies.maps.result import MapResult


def map_verdicts(result: MapResult) -> tuple[Verdict, ...]:
    """Return the answer first, then what supports it. A map asks where, so no statement is judged."""
    told = {
        "learns": _learns(result),
        "extent": _extent(result),
        "phases": _phases(result),
        "best": _best(result),
        "own": _own(result),
        "elsewhere": _elsewhere(result),
    }
    return tuple(Verdict(topic=topic, sentence=text) for topic, text in told.items() if text)


def _phases(result: MapResult) -> str:
    """Say which training the settings belong to, if it continues another."""
    asked = result.question
    if asked.experiment.after is None:
        return ""
    x, y = short_name(asked.x.field), short_name(asked.y.field)
    return f"Its training goes on from another: {x} and {y} are those of the last one alone."


def _learns(result: MapResult) -> str:
    """Say at how many of the trained points training works: what was measured, and how sure that is."""
    from trainlab.studies.maps.result import LEVELS

    name, seeds, trained = result.question.name, result.counts.seeds, result.counts.trained
    often = f"at least {100 * LEVELS[-1]:.0f} % of {counted(seeds, 'seed')}"
    points = counted(int(trained.sum()), "trained point")
    works = int((result.learns & trained).sum())
    if not works:
        return f"{name} isn't seen to learn in this plane: at none of {points} are {often} solved."
    least = rate(math.ceil(LEVELS[-1] * seeds - 1e-9), seeds)
    return (
        f"{name} learns at {works:,} of {points}: {often} are solved there, and {least.k:,} of {seeds:,} "
        f"{'means' if least.k == 1 else 'mean'} a rate of {100 * least.low:.0f} to {100 * least.high:.0f} %."
    )


def _extent(result: MapResult) -> str:
    """Say over how much of the plane that spreads, and how much of it is interpolated."""
    asked, learns = result.question, result.learns
    if not learns.any():
        return ""
    between = int((learns & ~result.counts.trained).sum())
    more = f"With {between:,} more, interpolated between trained ones, that" if between else "That"
    ranges = [
        _range(short_name(axis.field), low, high)
        for axis, (low, high) in zip((asked.x, asked.y), result.learns_ranges, strict=True)
    ]
    box = int(learns.any(axis=0).sum() * learns.any(axis=1).sum())
    return (
        f"{more} is {format_percent(int(learns.sum()), learns.size)} % of the plane: {join(ranges)}"
        f"{', not every pair of them' if learns.sum() < box else ''}."
    )


def _best(result: MapResult) -> str:
    asked, best = result.question, result.best
    if best is None:
        return "No seed is solved at any trained point, so none is the best."
    x, y = asked.x.values[best.column], asked.y.values[best.row]
    place = f"{short_name(asked.x.field)} {_number(x)}, {short_name(asked.y.field)} {_number(y)}"
    trained = int(result.counts.trained.sum())
    flatters = ", a figure that flatters" if best.fresh.estimate < best.seen.estimate else ""
    chosen = f"{counted(trained, 'trained point')} for {best.seen.k:,} of {best.seen.n:,}{flatters}"
    fresh = f"{share_words(best.fresh, 'fresh seeds')} {_are(best.fresh.k)} solved there"
    return (
        f"The best point is {place}: {fresh}. It was chosen from {chosen}; the fresh seeds had no part in "
        "the choice."
    )


def _own(result: MapResult) -> str:
    asked, own = result.question, result.own
    if own is None:
        return ""
    place = f"{short_name(asked.x.field)} {_number(own.x)}, {short_name(asked.y.field)} {_number(own.y)}"
    return f"As its file has it ({place}), {share_words(own.solved)} {_are(own.solved.k)} solved."


def _elsewhere(result: MapResult) -> str:
    """Say in how much of the plane less than half of the seeds are solved, and what is commonest there."""
    seldom = result.shares.solved < 0.5 - 1e-9
    if not seldom.any():
        return "Nowhere in the plane are less than half of the seeds solved."
    outcome = result.shares.outcome[seldom]
    counts = [(int((outcome == place).sum()), name) for place, name in enumerate(OUTCOMES)]
    told = [
        f"{name} in {format_percent(count, seldom.size)} %"
        for count, name in sorted(counts, key=lambda pair: -pair[0])
        if count
    ]
    share = format_percent(int(seldom.sum()), seldom.size)
    between = "" if result.counts.trained.all() else ", interpolated points included"
    return (
        f"Less than half of the seeds are solved in {share} % of the plane{between}; the commonest outcome "
        f"there is {join(told)} of the plane."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _range(name: str, low: float, high: float) -> str:
    return f"{name} {_number(low)}" if low == high else f"{name} from {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return format_number(float(value))
