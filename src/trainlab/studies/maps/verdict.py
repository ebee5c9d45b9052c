"""What a map says, in sentences: where training works, the best point, how it fails elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import format_number, format_percent, join
from trainlab.stats import share_words
from trainlab.studies.maps.counts import OUTCOMES
from trainlab.studies.maps.fields import short_name

if TYPE_CHECKING:
    from trainlab.studies.maps.result import MapResult

_FAILURES = {
    "diverged": "diverge",
    "vanishing gradient": "end with a vanishing gradient",
    "stuck": "get stuck",
}


def sentences(result: MapResult) -> tuple[str, ...]:
    """Return the verdict first, then what supports it."""
    return tuple(text for text in (_learns(result), _best(result), _own(result), _elsewhere(result)) if text)


def _learns(result: MapResult) -> str:
    from trainlab.studies.maps.result import LEVELS

    asked, learns = result.question, result.learns
    often = f"at least {100 * LEVELS[-1]:.0f} % of {result.counts.seeds:,} seeds"
    points = f"{int(learns.sum()):,} of {learns.size:,} points"
    if not learns.any():
        return (
            f"{asked.name} learns nowhere in this plane: "
            f"at none of {learns.size:,} points are {often} solved."
        )
    ranges = [
        _range(short_name(axis.field), low, high)
        for axis, (low, high) in zip((asked.x, asked.y), result.learns_ranges, strict=True)
    ]
    box = int(learns.any(axis=0).sum() * learns.any(axis=1).sum())
    share = format_percent(int(learns.sum()), learns.size)
    return (
        f"{asked.name} learns ({often} solved) in {share} % of the plane ({points}): "
        f"for {join(ranges)}{', not every pair of them' if learns.sum() < box else ''}."
    )


def _best(result: MapResult) -> str:
    asked, best = result.question, result.best
    x, y = asked.x.values[best.column], asked.y.values[best.row]
    place = f"{short_name(asked.x.field)} {_number(x)}, {short_name(asked.y.field)} {_number(y)}"
    trained = int(result.counts.trained.sum())
    return (
        f"The best point is {place}: {share_words(best.fresh, 'fresh seeds')} are solved there. It was "
        f"chosen from {trained:,} trained points for {best.seen.k:,} of {best.seen.n:,}, a figure that "
        "flatters; the fresh seeds had no part in the choice."
    )


def _own(result: MapResult) -> str:
    asked, own = result.question, result.own
    if own is None:
        return ""
    place = f"{short_name(asked.x.field)} {_number(own.x)}, {short_name(asked.y.field)} {_number(own.y)}"
    return f"As its file has it ({place}), {share_words(own.solved)} are solved."


def _elsewhere(result: MapResult) -> str:
    """Say in how much of the plane most seeds fail, and how."""
    outcome = result.shares.outcome
    counted = [(name, int((outcome == place).sum())) for place, name in enumerate(OUTCOMES)]
    failed = sorted(((count, name) for name, count in counted[1:] if count), reverse=True)
    if not failed:
        return "Nowhere in the plane is a failure what most seeds come to."
    told = [f"{_FAILURES[name]} in {format_percent(count, outcome.size)} %" for count, name in failed]
    return f"Where it isn't mostly solved, most seeds {join(told)} of the plane."


def _range(name: str, low: float, high: float) -> str:
    return f"{name} {_number(low)}" if low == high else f"{name} from {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return format_number(float(value))
