"""Too small, works, too large: three regimes of learning rates, bounded by what populations did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trainlab.draw import format_number
from trainlab.explain.questions.learning_rate.grid import RatePoint

Regime = Literal["too small", "works", "too large", "nothing solved", "too few solved"]

SMALL = 0.02
"""A difference in the share solved that is counted as none: 2 points, as everywhere."""

RULE = (
    "Rule: a rate works if it solved any run, and the 95 % interval of its share reaches to within 2 points "
    "of that of the best rate; the regime goes from the smallest to the largest such rate. Smaller ones are "
    "too small, larger ones too large. Where even the interval of the best rate reaches down to 2 % or "
    "less, too few are solved to tell."
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


def regime_words(points: Sequence[RatePoint], found: Regimes) -> tuple[str, ...]:
    """Return the regimes in words, one sentence each, with what bounds them."""
    if found.low < 0:
        said = (
            f"{_best_words(points, found)} That is too few to tell which rates work."
            if found.best
            else "No rate of the grid solved a single run; about rates outside it this says nothing."
        )
        return said, _divergence_words(points, found)
    low, high = points[found.low], points[found.high]
    rates = [point.rate for point in points]
    words = [_best_words(points, found)]
    words.append(
        f"Works: {format_number(low.rate)} to {format_number(high.rate)}, whose shares are not shown to be "
        "clearly lower than the "
        "best."
        if found.low < found.high
        else f"Works: {format_number(low.rate)} alone; its neighbours in the grid solve none, or clearly "
        "fewer."
    )
    if found.exceptions:
        words.append(f"Within it, {_listed(found.exceptions)} solved fewer than the best rate nevertheless.")
    if found.low > 0:
        below = points[found.low - 1]
        words.append(
            f"Too small: up to {format_number(below.rate)} ({_share(below)} solved, "
            f"{_share(points[0])} at {format_number(rates[0])}), where the median loss ends at "
            f"{format_number(below.loss)}, at the least working rate at {format_number(low.loss)}. The "
            f"border lies between {format_number(below.rate)} and {format_number(low.rate)}."
        )
    else:
        words.append("Too small: not reached; the least rate of the grid still works. Start it lower.")
    if found.high < len(points) - 1:
        above = points[found.high + 1]
        words.append(
            f"Too large: from {format_number(above.rate)} ({_share(above)} solved, "
            f"{_share(points[-1])} at {format_number(rates[-1])}). The border lies between "
            f"{format_number(high.rate)} and {format_number(above.rate)}."
        )
    else:
        words.append("Too large: not reached; the greatest rate of the grid still works. End it higher.")
    words.append(_divergence_words(points, found))
    return tuple(words)


def _best_words(points: Sequence[RatePoint], found: Regimes) -> str:
    best = next(point for point in points if point.rate == found.best[0])
    share = f"{best.solved.k:,} of {best.solved.n:,} runs"
    if len(found.best) == 1:
        return f"Most runs are solved at {format_number(best.rate)}: {share}."
    return (
        f"Most runs are solved at {_listed(found.best)}, a tie of {len(found.best)} rates: {share} at each."
    )


def _divergence_words(points: Sequence[RatePoint], found: Regimes) -> str:
    if found.diverging is not None:
        return (
            f"From {format_number(found.diverging)} on, half of the runs or more diverge: an output is no "
            "longer finite."
        )
    if any(point.diverged.k for point in points):
        worst = max(points, key=lambda point: point.diverged.k)
        return f"Some runs diverge, at most {_share(worst, diverged=True)}, at {format_number(worst.rate)}."
    return "No run diverged at any of these rates: outputs stayed finite, whether right or wrong."


def _share(point: RatePoint, *, diverged: bool = False) -> str:
    chosen = point.diverged if diverged else point.solved
    return f"{100 * chosen.estimate:.3g} %"


def _listed(rates: Sequence[float]) -> str:
    words = [f"{format_number(each)}" for each in rates]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
