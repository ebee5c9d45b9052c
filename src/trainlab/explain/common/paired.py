"""Populations on the same seeds: shares, and differences in the share solved, paired and read together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from trainlab.draw import Emphasis, Interval
from trainlab.engine import Runs
from trainlab.stats import Rate, ReadEstimate, Reading, paired_difference, rate, read_family

Key = TypeVar("Key")

EMPHASIS: Final[dict[Reading, Emphasis]] = {"helps": "helps", "hurts": "hurts", "shown to be small": "small"}
"""How a picture marks a difference, by its reading; any other isn't marked."""


def solved_share(runs: Runs) -> Rate:
    """Return in how many runs the task is solved."""
    return rate(int(runs.solved.sum()), len(runs.solved))


def diverged_share(runs: Runs) -> Rate:
    """Return how many runs diverged."""
    return rate(int(runs.diverged.sum()), len(runs.solved))


def differences(pairs: Mapping[Key, tuple[Runs, Runs]]) -> dict[Key, ReadEstimate]:
    """Return by how much the second of each pair solves more than the first; p by Holm over all of them."""
    return read_family(
        {key: paired_difference(first.solved, other.solved) for key, (first, other) in pairs.items()}
    )


def differences_from_first(runs: Sequence[Runs]) -> dict[int, ReadEstimate]:
    """Return how each population but the first differs from that, by its place."""
    return differences({place: (runs[0], each) for place, each in enumerate(runs) if place})


def difference_interval(label: str, difference: ReadEstimate, *, group: str = "") -> Interval:
    """Return a difference as a row of an interval chart, in percentage points."""
    found = difference.value
    return Interval(
        label=label,
        estimate=100 * found.estimate,
        low=100 * found.low,
        high=100 * found.high,
        group=group,
        emphasis=EMPHASIS.get(difference.reading, "none"),
    )
